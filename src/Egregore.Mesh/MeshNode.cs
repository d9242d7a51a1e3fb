using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// One peer's part of the mesh: who is there, whom it links to, what it hears and passes on. Sans-I/O: the host brings links, bytes and time, and carries out what the node
/// decides (<see cref="IMeshOutput"/>). Times are the host's clock in milliseconds since the Unix epoch and never go back.
/// </summary>
/// <remarks>Not thread-safe: one host thread. Everything from a link is checked and bounded; nothing a peer sends throws. See docs/mesh.md.</remarks>
public sealed partial class MeshNode
{
    private const int NameLengthMax = 64;

    private readonly MeshContext _context;
    private readonly LinkChooser _chooser;
    private readonly GossipEngine _gossip;
    private readonly SharedState _state;
    private readonly Router _router;
    private long _maintenanceDueMs;
    private long _heartbeatDueMs = long.MaxValue;
    private long _pushersDueMs = long.MaxValue;
    private bool _joinAnnounced;

    /// <param name="self">This peer.</param>
    /// <param name="name">What others may show, at most 64 characters.</param>
    /// <param name="options">Parameters and bounds.</param>
    /// <param name="seed">Seeds every random choice of the node, its replica's id too: a new one for each life of the peer.</param>
    /// <param name="output">The host.</param>
    /// <param name="nowMs">The host's clock.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the name is too long.</exception>
    public MeshNode(PeerId self, string name, MeshOptions options, ulong seed, IMeshOutput output, long nowMs)
    {
        options.Validate();
        if (self.IsNone)
            throw new ArgumentException("a node has an id", nameof(self));
        if (name.Length > NameLengthMax)
            throw new ArgumentException($"a name has at most {NameLengthMax} characters", nameof(name));
        Name = name;
        _context = new MeshContext(self, options, seed, output);
        _chooser = new LinkChooser(_context);
        _state = new SharedState(_context, nowMs);
        _gossip = new GossipEngine(_context, nowMs) { Handler = new Handler(this) };
        _router = new Router(_context);
        _maintenanceDueMs = nowMs + 1 + _context.Random.Next(Math.Min(200, options.MaintenanceMs));
        _reflex = new byte[EnvelopeCodec.SizeMax(options.ReflexBytesMax)];
    }

    /// <summary>This peer.</summary>
    public PeerId Self => _context.Self;

    /// <summary>What others may show.</summary>
    public string Name { get; }

    /// <summary>Parameters and bounds.</summary>
    public MeshOptions Options => _context.Options;

    /// <summary>Counters.</summary>
    public MeshStats Stats => _context.Stats;

    /// <summary>When <see cref="Tick"/> has next something to do; a host that cannot sleep to the millisecond calls it once a frame.</summary>
    public long NextDueMs => Math.Min(Math.Min(Math.Min(_maintenanceDueMs, _heartbeatDueMs), _pushersDueMs), Math.Min(_gossip.NextDueMs, _state.NextDueMs));

    /// <summary>Where this peer stands; links are chosen by it and heartbeats carry it.</summary>
    public MeshPosition Position
    {
        get => _context.Position;
        set => _context.Position = value;
    }

    /// <summary>Timers: heartbeats, timeouts, dials, announcements, comparisons. Cheap when nothing is due.</summary>
    public void Tick(long nowMs)
    {
        _gossip.Tick(nowMs);
        _state.Tick(nowMs);
        if (nowMs >= _heartbeatDueMs)
            SendHeartbeats(nowMs);
        if (nowMs >= _pushersDueMs)
            ReplacePushers(nowMs);
        if (nowMs >= _maintenanceDueMs)
        {
            _maintenanceDueMs = nowMs + Options.MaintenanceMs;
            Maintain(nowMs);
        }
    }

    private void Maintain(long nowMs)
    {
        CloseSilent(nowMs);
        _context.Members.ForgetSilent(nowMs);
        if (_chooser.Surplus(nowMs) is { } surplus)
        {
            _context.Stats.LinksReplaced++;
            Close(surplus, DisconnectReason.Replaced, nowMs);
        }

        _chooser.Choose(nowMs);
        RankLinks();
        if (!_joinAnnounced && _context.Links.Count > 0)
        {
            _joinAnnounced = true;
            var body = new byte[512];
            var length = Announcement().Write(body);
            _gossip.Publish((byte)Kind.PeerJoin, body.AsSpan(0, length), nowMs);
        }
    }

    /// <summary>Truth, or whoever the host trusts, says that a peer is there. Repeat to refresh its position.</summary>
    public void AddKnownPeer(PeerId peer, string name, MeshPosition position, long nowMs)
    {
        if (peer == Self || peer.IsNone)
            return;
        var member = _context.Members.Meet(peer, Trim(name), nowMs);
        member.Position = position;
        member.HasPosition = true;
    }

    /// <summary>Spread a message to every member. Topics 20 to 39 are reserved.</summary>
    public SendResult Publish(byte topic, ReadOnlySpan<byte> body, long nowMs) => IsReserved(topic) ? SendResult.Reserved : _gossip.Publish(topic, body, nowMs);

    /// <summary>The host signed what <see cref="IMeshOutput.SignGossip"/> asked for; an empty signature: it could not, and the message is dropped and counted.</summary>
    public void GossipSigned(uint request, ReadOnlySpan<byte> signature, long nowMs) => _gossip.Signed(request, signature, nowMs);

    /// <summary>The host verified what <see cref="IMeshOutput.VerifyGossip"/> asked for. A forged message counts against the link that brought it: who passes on has verified.</summary>
    public void GossipVerified(uint request, bool valid, long nowMs)
    {
        if (_gossip.Verified(request, valid, nowMs) is { } link)
            Refuse(link, ReceiveResult.Forged, nowMs);
    }

    /// <summary>Spread a piece of content by gossip; delivered with topic <see cref="Kind.ContentShare"/> and that table as body.</summary>
    public SendResult ShareContent(string id, ReadOnlySpan<byte> body, long nowMs)
    {
        if (body.Length + (4 * id.Length) + 128 > Options.GossipBodyBytesMax)
            return SendResult.TooLarge;
        var share = new ContentShare { Id = id, Body = body.ToArray() };
        return _gossip.Publish((byte)Kind.ContentShare, share.ToArray(), nowMs);
    }

    /// <summary>Set a key of the shared state: last writer wins, spread by gossip, kept equal by comparison.</summary>
    /// <param name="key">1 to 256 bytes in UTF-8.</param>
    /// <param name="value">At most <see cref="MeshOptions.StateValueBytesMax"/>.</param>
    /// <param name="nowMs">The host's clock.</param>
    public SendResult SetState(string key, ReadOnlySpan<byte> value, long nowMs) => Spread(_state.Map.Set(key, value, nowMs), nowMs);

    /// <summary>Remove a key of the shared state.</summary>
    public SendResult RemoveState(string key, long nowMs) => Spread(_state.Map.Remove(key, nowMs), nowMs);

    /// <summary>Read a key of the shared state; the span is valid until the state changes.</summary>
    public bool TryGetState(string key, out ReadOnlySpan<byte> value) => _state.Map.TryGet(key, out value);

    /// <summary>Keys of the shared state, in ordinal order. Sorts.</summary>
    public string[] StateKeys() => _state.Map.Keys();

    /// <summary>Equal for replicas that hold the same keys and values. Reads everything: for checks.</summary>
    public ulong StateDigest() => _state.ContentDigest();

    /// <summary>A message (a Signal, as a rule) to a peer without a link, through neighbours, up to <see cref="MeshOptions.RouteTtl"/> hops. Best effort.</summary>
    /// <param name="target">Whom it is for.</param>
    /// <param name="payload">A Signal table.</param>
    /// <param name="signature">Over the envelope's signing bytes, when the host signs; relays pass it on.</param>
    public SendResult SendRouted(PeerId target, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> signature = default) => _router.Send(target, payload, signature);

    /// <summary>Say goodbye to all links and close them. The node can be used again when links open.</summary>
    public void Leave(long nowMs)
    {
        var goodbye = new PeerLeave { Peer = Self, Reason = "" };
        if (_gossip.SpreadsAtOnce)
            _gossip.Publish((byte)Kind.PeerLeave, goodbye.ToArray(), nowMs);
        var envelope = _context.Encode(Kind.PeerLeave, goodbye);
        foreach (var link in _context.Links.All)
            _context.Send(link, envelope, Reliability.Reliable);
        while (_context.Links.Count > 0)
            Close(_context.Links.All[^1], DisconnectReason.Leaving, nowMs);
        _joinAnnounced = false;
    }

    /// <summary>Our clock corrected by the median of the links' offsets, ours (0) among them, milliseconds. A minority of liars cannot move it beyond honest clocks.</summary>
    public long MeshTimeMs(long nowMs)
    {
        Span<long> offsets = stackalloc long[33];
        offsets[0] = 0;
        var count = 1;
        foreach (var link in _context.Links.All)
        {
            if (link.Clock.HasSample)
                offsets[count++] = link.Clock.OffsetMs;
        }

        offsets = offsets[..count];
        offsets.Sort();
        return nowMs + (count % 2 == 1 ? offsets[count / 2] : (offsets[(count / 2) - 1] + offsets[count / 2]) / 2);
    }

    /// <summary>Message ids remembered, at most <see cref="MeshOptions.SeenMax"/>.</summary>
    public int SeenCount => _gossip.SeenCount;

    /// <summary>Announced messages that are waited for, at most <see cref="MeshOptions.WantsMax"/>.</summary>
    public int WantCount => _gossip.WantCount;

    /// <summary>Bytes of kept messages, at most <see cref="MeshOptions.StoreBytesMax"/> and one message.</summary>
    public long StoreBytes => _gossip.StoreBytes;

    /// <summary>Members known, without self.</summary>
    public int MemberCount => _context.Members.Count;

    /// <summary>Copies the members, in the order they were met; returns how many.</summary>
    public int CopyMembers(Span<MeshMember> destination)
    {
        var count = Math.Min(destination.Length, _context.Members.Count);
        for (var i = 0; i < count; i++)
        {
            var member = _context.Members[i];
            destination[i] = new MeshMember(member.Id, member.Name, member.Position, member.HeardMs, member.Link is not null);
        }

        return count;
    }

    internal static bool IsReserved(byte topic) => topic is >= (byte)Kind.PeerJoin and < (byte)Kind.Batch;

    private SendResult Spread(Crdt.WriteResult result, long nowMs)
    {
        if (result == Crdt.WriteResult.ValueTooLarge)
            return SendResult.TooLarge;
        if (result != Crdt.WriteResult.Written)
            return SendResult.Refused;
        var body = new byte[Options.GossipBodyBytesMax];
        var length = _state.TakeWrites(body);
        return _gossip.Publish((byte)Kind.StateSync, body.AsSpan(0, length), nowMs);
    }

    private PeerJoin Announcement() => new() { Peer = Self, Name = Name, X = Position.X, Y = Position.Y, Z = Position.Z };

    private static string Trim(string name) => name.Length <= NameLengthMax ? name : name[..NameLengthMax];
}
