using System.Numerics;
using Egregore.World;

namespace Egregore.Physics;

/// <summary>
/// Who may meet whom in one frame: bodies that cannot meet before it ends are computed apart. Sleepers are computed where a blow would move them or what they lay on has gone; others within reach lie still.
/// </summary>
internal sealed class Islands(IBodies bodies, CascadeOptions options)
{
    // A sleeping body is at most this much farther than where another one reaches: its own half.
    private const int SleeperReachBlocks = 2;

    // Blows go through so many sleepers, which are a block large.
    private const int BlowReachBlocks = 3;

    // Beyond what a body goes by itself: a push by another one in the same frame.
    private const float HeldMarginBlocks = 0.15f;

    // Who lies so much lower than a body does not lie on it.
    private const int BelowUnits = BodyState.BlockUnits / 4;

    private readonly float _seconds = options.FrameMs / 1000f;
    private readonly List<BodyState> _members = [];
    private readonly List<float> _speeds = [];
    private readonly List<BodySphere> _spheres = [];
    private readonly Sleepers _sleepers = new();
    private readonly List<int> _order = [];
    private readonly List<int> _held = [];
    private int[] _parents = [];
    private bool[] _isMember = [];

    /// <summary>What a body may reach in one frame.</summary>
    public BlockBounds Reach(in BodyState body) => BodySphere.Of(body, Way(body.Awake ? body.Velocity.Length() : options.StirSpeed)).Bounds(0);

    /// <summary>Parts the awake bodies, and the sleeping ones that they may move, into islands.</summary>
    /// <param name="world">Where the other sleeping ones are.</param>
    /// <param name="head">What the cascade has computed last, by rising id: awake bodies, and those that it has put to sleep since the tables were written.</param>
    /// <param name="left">Bodies as they lay where they have gone from.</param>
    /// <param name="roused">Takes the sleepers that lay on these.</param>
    /// <returns>The islands by the least id of each.</returns>
    public List<Island> Find(Database world, IReadOnlyCollection<BodyState> head, IReadOnlyCollection<BodyState> left, HashSet<ulong> roused)
    {
        _members.Clear();
        _speeds.Clear();
        _spheres.Clear();
        _sleepers.Clear();
        foreach (var state in head)
        {
            _sleepers.Take(state);
            if (state.Awake)
                Take(state, state.Velocity.Length());
        }

        ReadSleepers(world, left);
        Rouse(left, roused);
        Stir();
        return Part();
    }

    private float Way(float speed) => (speed * _seconds) + (options.Gravity * _seconds * _seconds / 2);

    private void Take(in BodyState state, float speed)
    {
        _members.Add(state);
        _speeds.Add(speed);
        _spheres.Add(BodySphere.Of(state, Way(speed)));
    }

    private void ReadSleepers(Database world, IReadOnlyCollection<BodyState> left)
    {
        Join();
        var groups = new SortedDictionary<int, BlockBounds>();
        for (var i = 0; i < _members.Count; i++)
        {
            var bounds = _spheres[i].Bounds(SleeperReachBlocks + BlowReachBlocks);
            groups[Root(i)] = groups.TryGetValue(Root(i), out var group) ? group.With(bounds) : bounds;
        }

        foreach (var bounds in groups.Values)
            _sleepers.Read(bodies, world, bounds);
        foreach (var state in left)
            _sleepers.Read(bodies, world, BodySphere.Of(state, options.TouchBlocks).Bounds(SleeperReachBlocks));
        _sleepers.Order();
        if (_isMember.Length < _sleepers.Count)
            _isMember = new bool[_sleepers.Count * 2];
        Array.Clear(_isMember);
    }

    // What lay on a body that has gone, or leaned on it, may fall.
    private void Rouse(IReadOnlyCollection<BodyState> left, HashSet<ulong> roused)
    {
        foreach (var state in left)
        {
            foreach (var i in _sleepers.Near(BodySphere.Of(state, options.TouchBlocks)))
            {
                var sleeper = _sleepers[i];
                if (_isMember[i] || sleeper.Id == state.Id || sleeper.Y < state.Y - BelowUnits || !BodyGap.IsWithin(state, sleeper, options.TouchBlocks))
                    continue;
                _isMember[i] = true;
                roused.Add(sleeper.Id);
                Take(sleeper, 0);
            }
        }
    }

    // A blow is passed on within the frame, from each body to the next, as much as masses let it. The hardest first.
    private void Stir()
    {
        _order.Clear();
        for (var i = 0; i < _members.Count; i++)
        {
            if (_speeds[i] > options.StirSpeed)
                _order.Add(i);
        }

        _order.Sort((a, b) => (-_speeds[a], _members[a].Id).CompareTo((-_speeds[b], _members[b].Id)));
        for (var i = 0; i < _order.Count; i++)
        {
            var (body, speed) = (_members[_order[i]], _speeds[_order[i]]);
            foreach (var near in _sleepers.Near(_spheres[_order[i]]))
            {
                if (_isMember[near])
                    continue;
                var sleeper = _sleepers[near];
                var given = Towards(body, sleeper, speed) * body.Mass / (body.Mass + sleeper.Mass);
                if (given <= options.StirSpeed || !BodyGap.IsWithin(body, sleeper, Way(speed) + HeldMarginBlocks))
                    continue;
                _isMember[near] = true;
                Take(sleeper, given);
                _order.Add(_members.Count - 1);
            }
        }
    }

    private static float Towards(in BodyState body, in BodyState sleeper, float speed)
    {
        // One that has got a blow passes it on to all sides.
        if (!body.Awake)
            return speed;
        var way = new Vector3(sleeper.X - body.X, sleeper.Y - body.Y, sleeper.Z - body.Z);
        var length = way.Length();
        return length > 0 ? Vector3.Dot(body.Velocity, way) / length : speed;
    }

    // Parents of all members: those whose balls meet have one.
    private void Join()
    {
        if (_parents.Length < _members.Count)
            _parents = new int[_members.Count * 2];
        _order.Clear();
        for (var i = 0; i < _members.Count; i++)
        {
            _parents[i] = i;
            _order.Add(i);
        }

        // Sweep along x: only those whose intervals overlap are compared.
        _order.Sort((a, b) => (Left(a), _members[a].Id).CompareTo((Left(b), _members[b].Id)));
        for (var i = 0; i < _order.Count; i++)
        {
            var a = _order[i];
            for (var j = i + 1; j < _order.Count && Left(_order[j]) <= (long)_spheres[a].X + _spheres[a].Radius; j++)
            {
                if (_spheres[a].Meets(_spheres[_order[j]]))
                    _parents[Root(a)] = Root(_order[j]);
            }
        }
    }

    private List<Island> Part()
    {
        Join();
        var open = new Dictionary<int, List<int>>();
        var parts = new List<List<int>>();
        foreach (var i in _order.OrderBy(i => _members[i].Id))
        {
            var root = Root(i);
            if (!open.TryGetValue(root, out var part) || part.Count >= options.IslandBodiesMax)
            {
                part = [];
                open[root] = part;
                parts.Add(part);
            }

            part.Add(i);
        }

        return [.. parts.Select(WithHeld)];
    }

    // What lies still within reach of who moves holds it.
    private Island WithHeld(List<int> part)
    {
        var island = new List<BodyState>(part.Count);
        _held.Clear();
        foreach (var i in part)
        {
            island.Add(_members[i]);
            foreach (var near in _sleepers.Near(_spheres[i]))
            {
                if (!_isMember[near] && BodyGap.IsWithin(_members[i], _sleepers[near], Way(_speeds[i]) + HeldMarginBlocks))
                    _held.Add(near);
            }
        }

        island.AddRange(_held.Distinct().Select(i => _sleepers[i]).OrderBy(state => state.Id).Take(options.IslandHeldMax));
        return new Island(island, part.Count);
    }

    private long Left(int index) => (long)_spheres[index].X - _spheres[index].Radius;

    private int Root(int index)
    {
        while (_parents[index] != index)
            index = _parents[index] = _parents[_parents[index]];
        return index;
    }
}
