using Egregore.Server.Security;
using Egregore.Server.Sockets;
using Egregore.Wire;

namespace Egregore.Server.Sessions;

/// <summary>
/// One peer's session: outlives its connection for <see cref="ServerOptions.ResumeSeconds"/>, with its subscriptions and its place in the world.
/// </summary>
/// <remarks>Fields below the line belong to the world's loop; the others are set by connections.</remarks>
internal sealed class Session(ulong id, PeerId peer, string name, int stateBytes, long openedMs)
{
    private volatile SessionConnection? _connection;
    private volatile MeshLink[] _links = [];
    private uint _sequence;

    /// <summary>Random, never 0; known to its peer and to truth only.</summary>
    public ulong Id { get; } = id;

    public PeerId Peer { get; } = peer;

    public string Name { get; } = name;

    public long OpenedMs { get; } = openedMs;

    /// <summary>The connection that speaks for the session now, or null while it waits to be resumed.</summary>
    public SessionConnection? Connection
    {
        get => _connection;
        set => _connection = value;
    }

    public ReflexQueue Reflexes { get; } = new(stateBytes);

    /// <summary>Links as the peer reported them last; shown on the dashboard.</summary>
    public MeshLink[] Links
    {
        get => _links;
        set
        {
            _links = value;
            LinksChanged = true;
        }
    }

    /// <summary>Whether the links were reported anew since the loop looked.</summary>
    public bool LinksChanged { get; set; }

    // ---- the world's loop ----

    /// <summary>When the connection was lost; 0: connected.</summary>
    public long DetachedMs { get; set; }

    /// <summary>Whether the world knows the session (it was welcomed).</summary>
    public bool IsOpen { get; set; }

    /// <summary>Short id in the room; 0: none.</summary>
    public ushort Handle { get; set; }

    /// <summary>The last accepted reflex state; empty: none yet.</summary>
    public byte[] LastState { get; set; } = [];

    public uint LastTick { get; set; }

    /// <summary>How many movement ticks the session may take now.</summary>
    public TokenBucket Pace;

    /// <summary>How many states that cannot be judged are believed now.</summary>
    public TokenBucket Unjudged;

    /// <summary>When the last state was accepted.</summary>
    public long AcceptedMs { get; set; }

    public bool MovedSinceKept { get; set; }

    /// <summary>When the last soft correction was sent.</summary>
    public long CorrectedMs { get; set; }

    /// <summary>Bytes of the outbox that the room's budget has been charged with.</summary>
    public long ChargedBytes { get; set; }

    public long RejectedStates { get; set; }

    /// <summary>Queues a message of truth's; false: no connection, or a consumer too slow, which is then closed.</summary>
    public bool Send(Kind kind, ReadOnlySpan<byte> payload) => _connection is { } connection && connection.Send(kind, Interlocked.Increment(ref _sequence), payload);

    /// <summary>Forwards another peer's message with the sender that truth authenticated.</summary>
    public bool Relay(Kind kind, uint sequence, ReadOnlySpan<byte> payload, byte ttl, PeerId sender, ulong time, ReadOnlySpan<byte> signature) =>
        _connection is { } connection && connection.Relay(kind, sequence, payload, ttl, sender, Peer, time, signature);

    public void Flush() => _connection?.Flush();
}
