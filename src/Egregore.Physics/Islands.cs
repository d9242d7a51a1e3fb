using Egregore.World;

namespace Egregore.Physics;

/// <summary>Who may meet whom in one frame: bodies that cannot meet before it ends are computed apart.</summary>
internal sealed class Islands(IBodies bodies, CascadeOptions options)
{
    // A sleeping body that an awake one may touch is at most this much farther than where the awake one reaches: its own half.
    private const int SleeperReachBlocks = 2;

    private readonly float _seconds = options.FrameMs / 1000f;
    private readonly List<BodyState> _members = [];
    private readonly List<BodySphere> _spheres = [];
    private readonly List<BodyState> _found = [];
    private readonly HashSet<ulong> _taken = [];
    private readonly List<int> _order = [];
    private int[] _parents = [];

    /// <summary>What a body may reach in one frame.</summary>
    public BlockBounds Reach(in BodyState body) => BodySphere.Of(body, _seconds, options.Gravity).Bounds(0);

    /// <summary>Parts the awake bodies, and the sleeping ones that they may touch, into islands.</summary>
    /// <param name="world">Where the other sleeping ones are.</param>
    /// <param name="head">What the cascade has computed last, by rising id: awake bodies, and those that it has put to sleep since the tables were written.</param>
    /// <returns>The islands by the least id of each, their bodies by rising id.</returns>
    public List<List<BodyState>> Find(Database world, IReadOnlyCollection<BodyState> head)
    {
        _members.Clear();
        _spheres.Clear();
        _taken.Clear();
        foreach (var state in head)
        {
            _taken.Add(state.Id);
            if (state.Awake)
                Take(state);
        }

        // Whoever lies within reach comes along, and whoever lies within reach of that one: a blow is passed on within the frame.
        for (var i = 0; i < _members.Count; i++)
        {
            foreach (var state in head)
            {
                if (!state.Awake && !IsMember(state.Id))
                    TakeIfMet(state, i);
            }

            _found.Clear();
            bodies.ReadAsleep(world, _spheres[i].Bounds(SleeperReachBlocks), _found);
            foreach (var state in _found)
            {
                if (!_taken.Contains(state.Id) && TakeIfMet(state, i))
                    _taken.Add(state.Id);
            }
        }

        return Part();
    }

    private void Take(in BodyState state)
    {
        _members.Add(state);
        _spheres.Add(BodySphere.Of(state, _seconds, options.Gravity));
    }

    private bool TakeIfMet(in BodyState state, int awake)
    {
        if (!BodySphere.Of(state, _seconds, options.Gravity).Meets(_spheres[awake]))
            return false;
        Take(state);
        return true;
    }

    private bool IsMember(ulong id)
    {
        foreach (var member in _members)
        {
            if (member.Id == id)
                return true;
        }

        return false;
    }

    private List<List<BodyState>> Part()
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

        var islands = new Dictionary<int, List<BodyState>>();
        var found = new List<List<BodyState>>();
        foreach (var i in _order.OrderBy(i => _members[i].Id))
        {
            var root = Root(i);
            if (!islands.TryGetValue(root, out var island) || island.Count >= options.IslandBodiesMax)
            {
                island = [];
                islands[root] = island;
                found.Add(island);
            }

            island.Add(_members[i]);
        }

        return found;
    }

    private long Left(int index) => (long)_spheres[index].X - _spheres[index].Radius;

    private int Root(int index)
    {
        while (_parents[index] != index)
            index = _parents[index] = _parents[_parents[index]];
        return index;
    }
}
