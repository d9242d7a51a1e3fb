using Egregore.Mesh;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Area;
using Egregore.World.Client;

namespace Egregore.Peer;

/// <summary>
/// One participant of a world: its session with truth, its cache with predicted actions, its part of the mesh and its judgement of neighbours, behind one façade.
/// Sans-I/O: the host (a tab, a bot, the simulator) brings sockets, peer connections, keys and time, and carries out what <see cref="IParticipantHost"/> asks.
/// </summary>
/// <remarks>Not thread-safe: one host thread. Times are the host's clock in milliseconds since the Unix epoch and never go back. See docs/peer.md.</remarks>
public sealed partial class Participant
{
    private const int MessageBytesMax = 64 * 1024;
    private const int RoomYieldsMs = 1_000;
    private const int HousekeepingMs = 1_000;

    private readonly IParticipantHost _host;
    private readonly IReflexRules _rules;
    private readonly IRoomStates _room;
    private readonly RoomReader _roomReader;
    private readonly byte[] _roomState;
    private readonly ParticipantOptions _options;
    private readonly MeshOutput _output;
    private readonly MeshNode _mesh;
    private readonly byte[] _scratch = new byte[MessageBytesMax + 512];
    private uint _request;
    private long _housekeepingAtMs;

    /// <param name="publicKey">The raw P-256 point, 65 bytes; its hash is the participant's id.</param>
    /// <param name="name">What others may show, at most 64 UTF-8 bytes.</param>
    /// <param name="world">The game's definition.</param>
    /// <param name="options">Parameters and bounds.</param>
    /// <param name="seed">Seeds every random choice; take it from a cryptographic source.</param>
    /// <param name="host">Carries out what the participant decides.</param>
    /// <param name="nowMs">The host's clock.</param>
    /// <exception cref="ArgumentException">The game has no reflex rules, or the key is no key.</exception>
    public Participant(ReadOnlyMemory<byte> publicKey, string name, WorldDefinition world, ParticipantOptions options, ulong seed, IParticipantHost host, long nowMs)
    {
        _rules = world.Reflex ?? throw new ArgumentException($"the game {world.Name} has no reflex rules", nameof(world));
        _host = host;
        _options = options;
        PublicKey = publicKey.ToArray();
        Self = PeerId.FromPublicKey(publicKey.Span);
        Name = name;
        World = world;
        Cache = new ClientCache(world, Self);
        _room = WholeRoomStates.Of(_rules);
        _roomReader = new RoomReader(_room.LookBytes);
        _roomState = new byte[_rules.StateSizeBytes];
        _output = new MeshOutput(this) { NowMs = nowMs };
        _mesh = new MeshNode(Self, name, options.Mesh, seed, _output, nowMs);
        _chain = new StateChain(Self, (ulong)nowMs);
        _connection = (uint)(seed >> 32) | 1;
    }

    /// <summary>This participant's id.</summary>
    public PeerId Self { get; }

    /// <summary>The raw public key that <see cref="Self"/> is the hash of.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>The name others see.</summary>
    public string Name { get; }

    /// <summary>The game.</summary>
    public WorldDefinition World { get; }

    /// <summary>The rows this participant subscribes to, with its own actions applied ahead of truth.</summary>
    public ClientCache Cache { get; }

    /// <summary>The mesh, for its figures, its shared state and its gossip.</summary>
    public MeshNode Mesh => _mesh;

    /// <summary>Counters.</summary>
    public ParticipantStats Stats { get; } = new();

    /// <summary>Timers: heartbeats, pings, timeouts. Call it at least once a movement tick.</summary>
    public void Tick(long nowMs)
    {
        _output.NowMs = nowMs;
        _mesh.Tick(nowMs);
        OpenRelays(nowMs);
        PingTruth(nowMs);
        if (Authority != Authority.Server && nowMs - _probeAtMs >= _options.PingMs)
        {
            _probeAtMs = nowMs;
            Probe(nowMs);
        }

        if (nowMs - _housekeepingAtMs < HousekeepingMs)
            return;
        _housekeepingAtMs = nowMs;
        ForgetNeighbours(nowMs);
        ForgetSignals(nowMs);
    }

    /// <summary>One message from a direct link.</summary>
    public void ReceiveLink(PeerId from, ReadOnlySpan<byte> message, long nowMs)
    {
        _output.NowMs = nowMs;
        if (IsDirect(from) && !TryReceivePing(from, message, nowMs))
            _mesh.Receive(from, message, nowMs);
    }

    /// <summary>The host signed what <see cref="IParticipantHost.Sign"/> asked for; an empty signature: it could not.</summary>
    public void Signed(uint request, ReadOnlySpan<byte> signature, long nowMs)
    {
        _output.NowMs = nowMs;
        var usable = signature.Length == EnvelopeCodec.SignatureBytes;
        if (_signalsToSign.Remove(request, out var signal) && usable)
            SignalSigned(signal, signature);
        else if (_checkpointsToSign.Remove(request, out var checkpoint) && usable)
            CheckpointSigned(checkpoint, signature);
    }

    /// <summary>The host verified what <see cref="IParticipantHost.Verify"/> asked for.</summary>
    public void Verified(uint request, bool valid, long nowMs)
    {
        _output.NowMs = nowMs;
        if (_signalsToVerify.Remove(request, out var signal))
            SignalVerified(signal, valid, nowMs);
        else if (_checkpointsToVerify.Remove(request, out var checkpoint))
            CheckpointVerified(checkpoint.Neighbour, checkpoint.Checkpoint, valid);
    }

    private static byte[] Encode<T>(T table)
        where T : class, IFlatTable<T> => table.ToArray();

    private uint NextRequest() => ++_request;
}
