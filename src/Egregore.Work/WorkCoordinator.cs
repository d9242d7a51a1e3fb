using Egregore.Wire;
using Egregore.Work.Credits;
using Egregore.Work.Scheduling;

namespace Egregore.Work;

/// <summary>
/// Hands tasks to helpers that nobody trusts and decides what of their answers counts: leases, deadlines, hedging, failover, verification, trust, pay. See docs/work.md.
/// </summary>
/// <remarks>
/// A core: it has no clock and no threads; times are microseconds of the host's clock and must not fall. One thread at a time. Everything it wants done goes to its
/// <see cref="IWorkSink"/>. Call <see cref="Tick"/> at least every few milliseconds. The same calls in the same order give the same decisions.
/// </remarks>
public sealed partial class WorkCoordinator
{
    private readonly WorkOptions _options;
    private readonly IWorkSink _sink;
    private readonly TimerWheel _timers = new();
    private readonly HelperPool _pool = new();
    private readonly BlockStore _blocks;
    private readonly List<KernelEntry> _kernels = [];
    private readonly Dictionary<KernelHash, KernelEntry> _kernelsByHash = [];
    private readonly List<WorldEntry> _worlds = [];
    private readonly Dictionary<WorldId, WorldEntry> _worldsById = [];
    private readonly Queue<TaskEntry> _fresh = new();
    private readonly ulong _leaseSecret;
    private WorkRandom _random;
    private int _depth;

    /// <summary>A coordinator without kernels, worlds or helpers.</summary>
    /// <param name="options">Bounds and times.</param>
    /// <param name="sink">Carries decisions out.</param>
    /// <param name="seed">Seeds every choice, the tokens of leases among them: secret and random in a server, fixed in a simulation.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public WorkCoordinator(WorkOptions options, IWorkSink sink, ulong seed)
    {
        options.Check();
        _options = options;
        _sink = sink;
        _random = new WorkRandom(WorkRandom.Mix(seed));
        _leaseSecret = _random.Next();
        _blocks = new BlockStore(options.BlocksMax, options.BlockBytesMax);
        Ledger = new Ledger(options.LedgerLinesMax, options.AccountsMax);
        _localFuelPerUs = options.LocalFuelPerUs;
    }

    /// <summary>Who has how many credits, and why.</summary>
    public Ledger Ledger { get; }

    /// <summary>What was done so far.</summary>
    public WorkCounters Counters { get; } = new();

    /// <summary>Tasks known: waiting, running, provisional.</summary>
    public int TaskCount { get; private set; }

    /// <summary>Tasks that wait for a helper.</summary>
    public int WaitingCount { get; private set; }

    /// <summary>Helpers connected.</summary>
    public int HelperCount { get; private set; }

    /// <summary>Helpers that could be sent a task now.</summary>
    public int ParkedCount => _pool.Count;

    /// <summary>Makes a kernel known.</summary>
    /// <returns>False where it is known already, or there is no room.</returns>
    /// <exception cref="ArgumentException">A bound or price of the manifest is out of range.</exception>
    public bool AddKernel(KernelManifest manifest)
    {
        Guard();
        if (manifest.Hash.IsNone || manifest.FuelMax is 0 or > 1UL << 50 || manifest.InputBytesMax < 0 || manifest.OutputBytesMax < 0 || manifest.PricePerMegafuel is < 0 or > 1_000_000_000_000)
            throw new ArgumentException("A bound or the price of the kernel is out of range", nameof(manifest));
        if (_kernels.Count == _options.KernelsMax || _kernelsByHash.ContainsKey(manifest.Hash))
            return false;
        var kernel = new KernelEntry(manifest, _kernels.Count, _options.RingersMax);
        _kernels.Add(kernel);
        _kernelsByHash.Add(manifest.Hash, kernel);
        Adopt(kernel);
        return true;
    }

    /// <summary>Takes a kernel back: no task of it is taken from now on; what is under way ends as it would.</summary>
    /// <returns>False where it is not known.</returns>
    public bool RemoveKernel(in KernelHash kernel)
    {
        Guard();
        return _kernelsByHash.Remove(kernel);
    }

    /// <summary>Makes a world known, or changes its terms.</summary>
    /// <returns>False where there is no room.</returns>
    /// <exception cref="ArgumentException">The terms are out of range.</exception>
    public bool AddWorld(WorldId id, WorldTerms terms)
    {
        Guard();
        if (terms.Weight is < 1 or > 1_000 || terms.PricePermille is < 0 or > 1_000_000 || terms.OverdraftMax < 0)
            throw new ArgumentException("The terms are out of range", nameof(terms));
        if (_worldsById.TryGetValue(id, out var known))
        {
            known.Terms = terms;
            return true;
        }

        if (_worlds.Count == _options.WorldsMax || !Ledger.TryOpen(AccountId.Of(id), out var account))
            return false;
        var world = new WorldEntry(id, terms, account);
        _worlds.Add(world);
        _worldsById.Add(id, world);
        return true;
    }

    /// <summary>Keeps a shared block, by its hash, at least while a task uses it.</summary>
    /// <returns>False where there is no room: all blocks are in use.</returns>
    public bool AddBlock(ReadOnlySpan<byte> content, out KernelHash hash) => _blocks.TryAdd(content, out hash);

    /// <summary>Gives a world credits.</summary>
    /// <returns>False where the balance would not fit.</returns>
    public bool Fund(WorldId world, long credits, long nowUs)
    {
        Guard();
        if (!Ledger.TryTransfer(AccountId.Mint, AccountId.Of(world), credits, nowUs, out var line))
            return false;
        StandingVersion++;
        Enter();
        _sink.Posted(line);
        Exit(nowUs);
        return true;
    }

    /// <summary>Says how many players a world has from now on.</summary>
    public void SetPlayers(WorldId world, int players, long nowUs)
    {
        if (!_worldsById.TryGetValue(world, out var entry))
            return;
        entry.CountPlayers(nowUs);
        entry.Players = Math.Max(0, players);
    }

    /// <summary>What the world paid for an hour of one player, in millionths of a credit; 0 where nobody played.</summary>
    public double CostPerPlayerHour(WorldId world, long nowUs)
    {
        if (!_worldsById.TryGetValue(world, out var entry))
            return 0;
        entry.CountPlayers(nowUs);
        return entry.PlayerUs <= 0 ? 0 : entry.Paid * 3_600e6 / entry.PlayerUs;
    }

    /// <summary>The sink called back into what may not be called from it: the host's bug.</summary>
    private void Guard()
    {
        if (_depth > 0)
            throw new InvalidOperationException("Not from within a decision: only Submit, AddBlock and what reads");
    }

    private void Enter() => _depth++;

    /// <summary>Ends a call: tasks that were submitted from within decisions are started.</summary>
    private void Exit(long nowUs)
    {
        while (_depth == 1 && _fresh.TryDequeue(out var task))
        {
            if (task.Live)
                Advance(task, nowUs);
        }

        _depth--;
    }
}
