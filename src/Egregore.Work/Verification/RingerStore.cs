namespace Egregore.Work.Verification;

/// <summary>A task whose right answer truth computed itself.</summary>
internal sealed class Ringer
{
    public required byte[] Input { get; init; }

    public required KernelHash Shared { get; init; }

    public required KernelHash Output { get; init; }

    public required ulong Fuel { get; init; }

    /// <summary>Who has answered it already, and would know it again.</summary>
    public required OwnerEntry?[] Seen { get; init; }
}

/// <summary>Past tasks of one kernel, kept to be asked again: real work, so that nobody can tell.</summary>
internal sealed class RingerStore(int max)
{
    /// <summary>Each is used so often, then gives way to a newer one.</summary>
    private const int UsesMax = 16;

    private readonly List<(Ringer Ringer, int Uses)> _ringers = [];
    private int _next;

    public int Count => _ringers.Count;

    public bool Wanted => _ringers.Count < max || (max > 0 && _ringers[_next % _ringers.Count].Uses >= UsesMax);

    public void Add(Ringer ringer)
    {
        if (_ringers.Count < max)
            _ringers.Add((ringer, 0));
        else if (max > 0)
            _ringers[_next % _ringers.Count] = (ringer, 0);
        if (max > 0)
            _next = (_next + 1) % Math.Max(1, _ringers.Count);
    }

    /// <summary>One that this owner has not seen.</summary>
    public Ringer? Take(OwnerEntry owner, ref WorkRandom random)
    {
        if (_ringers.Count == 0)
            return null;
        var at = random.Below(_ringers.Count);
        var (ringer, uses) = _ringers[at];
        if (uses >= UsesMax || Array.IndexOf(ringer.Seen, owner) >= 0)
            return null;
        _ringers[at] = (ringer, uses + 1);
        var free = Array.IndexOf(ringer.Seen, null);
        ringer.Seen[free < 0 ? uses % ringer.Seen.Length : free] = owner;
        return ringer;
    }
}
