using Egregore.World;

namespace Egregore.Physics;

/// <summary>Sleeping bodies around those that move, to be found by place.</summary>
internal sealed class Sleepers
{
    private readonly List<BodyState> _bodies = [];
    private readonly List<BodySphere> _spheres = [];
    private readonly HashSet<ulong> _known = [];
    private readonly List<BodyState> _read = [];
    private readonly List<int> _found = [];
    private int _radiusMax;

    /// <summary>How many.</summary>
    public int Count => _bodies.Count;

    /// <summary>One of them.</summary>
    public BodyState this[int index] => _bodies[index];

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        _bodies.Clear();
        _known.Clear();
    }

    /// <summary>Takes a body as it is here, whatever tables say; who is awake is none, and known.</summary>
    public void Take(in BodyState body)
    {
        if (_known.Add(body.Id) && !body.Awake)
            _bodies.Add(body);
    }

    /// <summary>Takes what tables have there.</summary>
    public void Read(IBodies bodies, Database world, in BlockBounds bounds)
    {
        _read.Clear();
        bodies.ReadAsleep(world, bounds, _read);
        foreach (var body in _read)
            Take(body);
    }

    /// <summary>After the last one was taken, before any is asked for.</summary>
    public void Order()
    {
        _bodies.Sort((a, b) => (Left(a), a.Id).CompareTo((Left(b), b.Id)));
        _spheres.Clear();
        _radiusMax = 0;
        foreach (var body in _bodies)
        {
            var sphere = BodySphere.Of(body, 0);
            _spheres.Add(sphere);
            _radiusMax = Math.Max(_radiusMax, sphere.Radius);
        }
    }

    /// <summary>Those whose balls meet this one; valid until the next call.</summary>
    public List<int> Near(in BodySphere sphere)
    {
        _found.Clear();
        var least = (long)sphere.X - sphere.Radius - (2L * _radiusMax);
        var most = (long)sphere.X + sphere.Radius;
        for (var i = First(least); i < _spheres.Count && (long)_spheres[i].X - _spheres[i].Radius <= most; i++)
        {
            if (_spheres[i].Meets(sphere))
                _found.Add(i);
        }

        return _found;
    }

    private static long Left(in BodyState body) => (long)body.X - BodySphere.Of(body, 0).Radius;

    private int First(long left)
    {
        var (from, to) = (0, _spheres.Count);
        while (from < to)
        {
            var middle = (from + to) / 2;
            if ((long)_spheres[middle].X - _spheres[middle].Radius < left)
                from = middle + 1;
            else
                to = middle;
        }

        return from;
    }
}
