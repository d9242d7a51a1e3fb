using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Ice;

/// <summary>Fills a span with random bytes that nobody can guess.</summary>
internal delegate void RandomSource(Span<byte> bytes);

/// <summary>
/// A full ICE agent for one stream with one component (RFC 8445, trickled by RFC 8838, consent by RFC 7675). Datagrams and the time go in;
/// datagrams, candidates and the selected pair come out through <see cref="IIceOutput"/>. Times are microseconds of any clock that does not go back.
/// </summary>
/// <remarks>
/// Not thread-safe: its driver holds a lock. Split by step: this file holds state and what the driver sets; Checks sends, Receive takes what arrives,
/// Consent keeps the chosen pair, Gathering asks STUN servers.
/// </remarks>
internal sealed partial class IceAgent
{
    private const int EarlierMax = 2;

    private readonly IIceOutput _output;
    private readonly IceSettings _settings;
    private readonly RandomSource _random;
    private readonly ulong _tieBreaker;
    private readonly List<IceBase> _bases = [];
    private readonly List<IceCandidate> _local = [];
    private readonly List<IceCandidate> _remotes = [];
    private readonly List<IceCandidatePair> _pairs = [];
    private readonly List<IceCredentials> _earlier = [];
    private IceCredentials _current;
    private bool _remoteDone;
    private bool _localDone;
    private long _startedUs = long.MaxValue;
    private long _nextCheckUs;
    private long _retireAtUs = long.MaxValue;
    private int _pairIds;
    private int _generations;

    public IceAgent(IIceOutput output, IceSettings settings, RandomSource random)
    {
        _output = output;
        _settings = settings;
        _random = random;
        Span<byte> bytes = stackalloc byte[8];
        random(bytes);
        _tieBreaker = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _current = NewCredentials();
    }

    public bool Controlling { get; private set; }

    public IceState State { get; private set; }

    public IceCredentials Credentials => _current;

    /// <summary>Generations before the latest restarts, whose checks are still answered; at most two.</summary>
    public IReadOnlyList<IceCredentials> EarlierCredentials => _earlier;

    /// <summary>Where data goes; null while nothing has been checked, and again when consent has ended.</summary>
    public IceCandidatePair? Selected { get; private set; }

    public IReadOnlyList<IceCandidatePair> Pairs => _pairs;

    public IReadOnlyList<IceCandidate> LocalCandidates => _local;

    public IReadOnlyList<IceCandidate> RemoteCandidates => _remotes;

    public IceCounters Counters { get; } = new();

    /// <summary>Set by the role in signaling: the offerer controls. A conflict is settled by the tie-breaker later (RFC 8445 section 7.3.1.1).</summary>
    public void SetRole(bool controlling)
    {
        if (Controlling == controlling)
            return;
        Controlling = controlling;
        foreach (var pair in _pairs)
            pair.Priority = PairPriority(pair);
    }

    public void AddBase(IceBase @base, long nowUs)
    {
        _bases.Add(@base);
        if (@base.IsSpare)
            return;
        if (!_settings.RelayOnly || @base.IsRelay)
            AddLocalCandidate(@base.Candidate);
        foreach (var remote in _remotes)
            AddPair(@base, remote);
        Schedule(nowUs);
    }

    /// <summary>A relay that ended takes its pairs along.</summary>
    public void CloseBase(IceBase @base, long nowUs)
    {
        @base.Closed = true;
        _bases.Remove(@base);
        _local.Remove(@base.Candidate);
        for (var i = _pairs.Count - 1; i >= 0; i--)
            if (_pairs[i].Base == @base)
                RemovePair(i);
        if (Selected?.Base == @base)
            Select(null);
        ChooseSelected(nowUs);
        UpdateState(nowUs);
    }

    public void SetRemoteCredentials(string ufrag, string password, long nowUs)
    {
        _current.SetRemote(ufrag, password);
        if (_startedUs == long.MaxValue)
            _startedUs = nowUs;
        // Whoever checked us before its answer arrived is checked at once.
        for (var i = 0; i < _pairs.Count; i++)
            if (_pairs[i] is { Authenticated: true, State: IcePairState.Waiting } pair && pair.Credentials == _current)
                StartCheck(pair, nowUs);
        Schedule(nowUs);
        UpdateState(nowUs);
    }

    /// <returns>False when the candidate is of another generation, or the bound on candidates is reached.</returns>
    public bool AddRemoteCandidate(IceCandidate candidate, long nowUs)
    {
        if (candidate.Ufrag is not null && _current.RemoteUfrag is not null && candidate.Ufrag != _current.RemoteUfrag)
            return false;
        for (var i = 0; i < _remotes.Count; i++)
        {
            if (_remotes[i].Address != candidate.Address)
                continue;
            if (_remotes[i].Type == IceCandidateType.PeerReflexive)
                Replace(i, candidate);
            return true;
        }

        if (_remotes.Count >= _settings.RemoteCandidatesMax)
        {
            Counters.CandidatesRefused++;
            return false;
        }

        _remotes.Add(candidate);
        foreach (var @base in _bases)
            if (!@base.IsSpare)
                AddPair(@base, candidate);
        Schedule(nowUs);
        UpdateState(nowUs);
        return true;
    }

    public void RemoteEndOfCandidates(long nowUs)
    {
        _remoteDone = true;
        UpdateState(nowUs);
    }

    /// <summary>
    /// New credentials and a new check list (RFC 8445 section 9). The selected pair carries data on until the new list has one, and checks with the old
    /// names are answered.
    /// </summary>
    /// <remarks>
    /// A restart may come before the one before it has brought a pair, and the peer sends over whatever pair it has found by then: pairs on which the peer was
    /// heard are listened on until the new list has its nominated pair and some time has passed (<see cref="IceSettings.RetireAfterUs"/>).
    /// </remarks>
    public void Restart(long nowUs)
    {
        _earlier.Add(_current);
        if (_earlier.Count > EarlierMax)
            Forget(_earlier[0] == Selected?.Credentials ? _earlier[1] : _earlier[0]);
        _current = NewCredentials();
        _remotes.Clear();
        _remoteDone = false;
        _startedUs = nowUs;
        _nominateAtUs = _retireAtUs = long.MaxValue;
        for (var i = _pairs.Count - 1; i >= 0; i--)
            if (!_pairs[i].Authenticated && _pairs[i] != Selected)
                RemovePair(i);
        _failed = false;
        UpdateState(nowUs);
    }

    public void Close()
    {
        for (var i = _pairs.Count - 1; i >= 0; i--)
            RemovePair(i);
        CancelServers();
        Selected = null;
        SetState(IceState.Closed);
    }

    private IceCredentials NewCredentials()
    {
        Span<byte> random = stackalloc byte[IceCredentials.RandomBytes];
        _random(random);
        return new IceCredentials(_generations++, random);
    }

    private void Forget(IceCredentials credentials)
    {
        _earlier.Remove(credentials);
        for (var i = _pairs.Count - 1; i >= 0; i--)
            if (_pairs[i].Credentials == credentials)
                RemovePair(i);
        _output.OnForgotten(credentials);
    }

    /// <summary>The pairs of earlier generations have served.</summary>
    private void RetireEarlier()
    {
        _retireAtUs = long.MaxValue;
        for (var i = _pairs.Count - 1; i >= 0; i--)
            if (_pairs[i].Credentials != _current && _pairs[i] != Selected)
                RemovePair(i);
    }

    private void AddLocalCandidate(IceCandidate candidate)
    {
        _local.Add(candidate);
        _output.OnLocalCandidate(candidate);
    }

    private void Replace(int index, IceCandidate candidate)
    {
        var old = _remotes[index];
        _remotes[index] = candidate;
        foreach (var pair in _pairs)
        {
            if (pair.Remote != old)
                continue;
            pair.Remote = candidate;
            pair.Priority = PairPriority(pair);
        }
    }

    private IceCandidatePair? AddPair(IceBase @base, IceCandidate remote)
    {
        if (@base.Closed || (_settings.RelayOnly && !@base.IsRelay) || !CanReach(@base, remote.Address))
            return null;
        return InsertPair(@base, remote, _current);
    }

    private IceCandidatePair? InsertPair(IceBase @base, IceCandidate remote, IceCredentials credentials)
    {
        if (_pairs.Count >= _settings.PairsMax && !DropWorst())
            return null;
        var pair = new IceCandidatePair(++_pairIds, @base, remote, credentials);
        pair.Priority = PairPriority(pair);
        _pairs.Add(pair);
        return pair;
    }

    /// <summary>Same family; link-local with link-local, loopback with loopback (RFC 8445 section 6.1.2.2).</summary>
    private static bool CanReach(IceBase @base, in TransportAddress remote)
    {
        var local = @base.Candidate.Address;
        if (local.IsIPv6 != remote.IsIPv6)
            return false;
        if (@base.IsRelay)
            return true;
        return local.IsLoopback == remote.IsLoopback && (!local.IsIPv6 || local.IsLinkLocal == remote.IsLinkLocal);
    }

    private bool DropWorst()
    {
        var worst = -1;
        for (var i = 0; i < _pairs.Count; i++)
            if (!_pairs[i].IsValid && _pairs[i] != Selected && (worst < 0 || Worth(_pairs[i]) < Worth(_pairs[worst])))
                worst = i;
        if (worst < 0)
            return false;
        Counters.PairsDropped++;
        RemovePair(worst);
        return true;

        static ulong Worth(IceCandidatePair pair) => pair.State == IcePairState.Failed ? 0 : pair.Priority;
    }

    private void RemovePair(int index)
    {
        var pair = _pairs[index];
        _pairs.RemoveAt(index);
        if (!pair.Claimed)
            return;
        foreach (var other in _pairs)
            if (other.Claimed && other.Base == pair.Base && other.Remote.Address == pair.Remote.Address)
                return;
        _output.Release(pair.Base, pair.Remote.Address);
    }

    /// <summary>RFC 8445 section 6.1.2.3.</summary>
    private ulong PairPriority(IceCandidatePair pair)
    {
        ulong local = pair.Base.Candidate.Priority;
        ulong remote = pair.Remote.Priority;
        var (g, d) = Controlling ? (local, remote) : (remote, local);
        return (Math.Min(g, d) << 32) + (2 * Math.Max(g, d)) + (g > d ? 1UL : 0);
    }

    private void SetState(IceState state)
    {
        if (State == state || State == IceState.Closed)
            return;
        State = state;
        _output.OnStateChanged(state);
    }
}

/// <summary>What an agent counted. Whatever it drops is here.</summary>
internal sealed class IceCounters
{
    public long CandidatesRefused { get; set; }

    public long PairsDropped { get; set; }

    public long Malformed { get; set; }

    public long BadIntegrity { get; set; }

    public long Unknown { get; set; }

    public long RoleConflicts { get; set; }

    public long TupleConflicts { get; set; }

    public long DataFromStrangers { get; set; }
}
