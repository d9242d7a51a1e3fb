using Egregore.Server.Photos;
using Egregore.Server.Work;
using Egregore.Wire;
using Egregore.World.Area;
using static Egregore.Server.OptionBounds;

namespace Egregore.Server;

/// <summary>
/// Everything about a server that can be set, with unit, bounds and default. Validated at start: the first value out of its bounds ends the start with one clear line.
/// </summary>
public sealed record ServerOptions
{
    /// <summary>Address to listen on, <c>http://HOST:PORT</c>; port 0 takes a free one. Default <c>http://127.0.0.1:5170</c>.</summary>
    public string Url { get; init; } = "http://127.0.0.1:5170";

    /// <summary>Name of the world, as the welcome gives it; 1 to 64 characters. Default <c>main</c>.</summary>
    public string World { get; init; } = "main";

    /// <summary>Who decides reflex states: truth (server), their owners with truth watching (hybrid), or their owners alone (mesh). Default hybrid.</summary>
    public Authority Authority { get; init; } = Authority.Hybrid;

    /// <summary>Seed of the world's terrain. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Folder of the journal; made where it is missing. Default <c>data</c>.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>The journal's file.</summary>
    public string JournalPath => Path.Combine(DataFolder, "world.db");

    /// <summary>Bytes of journal after which a snapshot is made and what lies before the one before is dropped. 65,536 to 17,179,869,184. Default 67,108,864.</summary>
    public long SnapshotEveryBytes { get; init; } = 67_108_864;

    /// <summary>Largest journal file, bytes; above it actions are refused as on a full disk. 0, the default: no bound but the disk's; else at least 1,048,576.</summary>
    public long JournalBytesMax { get; init; }

    /// <summary>Ticks of the world a second, 1 to 60. Default 20.</summary>
    public int TickRateHz { get; init; } = 20;

    /// <summary>Frames of the room a second under hybrid, where movement goes from peer to peer; 1 to <see cref="TickRateHz"/>. Default 2.</summary>
    public int HybridRoomRateHz { get; init; } = 2;

    /// <summary>Attention and bytes of room frames. <see cref="RoomOptions.TickRateHz"/>, <see cref="RoomOptions.LookBytes"/> are set by the server.</summary>
    public RoomOptions Room { get; init; } = new();

    /// <summary>Ice servers that clients are told, such as <c>stun:host:port</c>; at most 8. Default none.</summary>
    public IReadOnlyList<string> IceServers { get; init; } = [];

    /// <summary>Origins besides the server's own that may open sessions and post, such as <c>https://play.example</c>. Default none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Folder of the built pages (<c>index.html</c>, <c>dashboard.html</c>). Default <c>web/dist</c>.</summary>
    public string PagesFolder { get; init; } = "web/dist";

    /// <summary>Folder of the .NET runtime for tabs, served under <c>/_egregore/</c>. Default <c>artifacts/browser</c>.</summary>
    public string BrowserFolder { get; init; } = "artifacts/browser";

    /// <summary>Key that signs tickets, at least 32 bytes; share it among servers of one world. Default: a new random one for each process.</summary>
    public ReadOnlyMemory<byte> TicketKey { get; init; }

    /// <summary>How long a challenge and a ticket are good, seconds, 1 to 300. Default 30.</summary>
    public int TicketSeconds { get; init; } = 30;

    /// <summary>Used challenges and used tickets remembered until they expire, each; when it is full, new ones are refused. 64 to 1,000,000. Default 65,536.</summary>
    public int ReplayCacheMax { get; init; } = 65_536;

    /// <summary>Time for a connection to say hello, milliseconds, 100 to 60,000. Default 5,000.</summary>
    public int HelloTimeoutMs { get; init; } = 5_000;

    /// <summary>How long a session without a connection is kept for its peer, seconds, 0 to 3,600. Default 30.</summary>
    public int ResumeSeconds { get; init; } = 30;

    /// <summary>A connection that is silent for so long is closed, seconds, 5 to 3,600. Default 60; clients ping.</summary>
    public int IdleSeconds { get; init; } = 60;

    /// <summary>Sessions at once, with those that wait to be resumed, 1 to 65,535. Default 1,024.</summary>
    public int SessionsMax { get; init; } = 1024;

    /// <summary>WebSockets at once from one address, 1 to 65,535. Default 256.</summary>
    public int ConnectionsPerAddressMax { get; init; } = 256;

    /// <summary>Requests for challenges and tickets a second from one address (a session takes two), 1 to 100,000; bursts of ten seconds' worth pass. Default 50.</summary>
    public int IdentityRequestsPerSecond { get; init; } = 50;

    /// <summary>Other API requests a second from one address, 1 to 100,000; bursts of ten seconds' worth pass. Default 50.</summary>
    public int ApiRequestsPerSecond { get; init; } = 50;

    /// <summary>Largest message from a client, bytes, 1,024 to 1,048,576. Default 65,536.</summary>
    public int MessageBytesMax { get; init; } = 65_536;

    /// <summary>Messages a second from one session, 1 to 100,000; bursts of two seconds' worth pass. Default 200.</summary>
    public int MessagesPerSecond { get; init; } = 200;

    /// <summary>Bytes a second from one session, 1,024 to 100,000,000; bursts of four seconds' worth pass. Default 65,536.</summary>
    public int BytesPerSecond { get; init; } = 65_536;

    /// <summary>Actions a second from one session, 1 to 100,000; bursts of two seconds' worth pass. Default 30.</summary>
    public int ActionsPerSecond { get; init; } = 30;

    /// <summary>Refused messages (malformed, over a rate) after which a session is closed; they are forgiven at one a second. 1 to 1,000,000. Default 400.</summary>
    public int OffencesMax { get; init; } = 400;

    /// <summary>Bytes that may wait to be sent to one session; a slower consumer is closed. 65,536 to 1,073,741,824. Default 4,194,304.</summary>
    public int SendQueueBytesMax { get; init; } = 4_194_304;

    /// <summary>Commands (actions, subscriptions, arrivals) that may wait for the world's loop; more are refused as overload. 64 to 1,000,000. Default 8,192.</summary>
    public int CommandsMax { get; init; } = 8_192;

    /// <summary>How far ahead of truth's clock an envelope's time may be, milliseconds, 100 to 3,600,000. Default 5,000.</summary>
    public int ClockSkewMaxMs { get; init; } = 5_000;

    /// <summary>Helpers, and what truth computes where there are none.</summary>
    public HelpersOptions Helpers { get; init; } = new();

    /// <summary>Pictures that helpers trace for players.</summary>
    public PhotoOptions Photos { get; init; } = new();

    /// <summary>Whether log lines go to the console. Default true.</summary>
    public bool Log { get; init; } = true;

    /// <summary>The first option out of its bounds, in words, or null.</summary>
    public string? Problem()
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.PathAndQuery != "/")
            return $"Url is '{Url}'; it must be http://HOST:PORT";
        if (World.Length is 0 or > 64)
            return $"World has {World.Length} characters; it must have 1 to 64";
        if (!Enum.IsDefined(Authority))
            return $"Authority is {Authority}; it must be Server, Hybrid or Mesh";
        if (DataFolder.Length == 0)
            return "DataFolder is empty";
        if (TicketKey.Length is > 0 and < 32)
            return $"TicketKey has {TicketKey.Length} bytes; it must have 32 or more";
        if (IceServers.Count > 8)
            return $"IceServers has {IceServers.Count} entries; it may have 8";
        foreach (var origin in AllowedOrigins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                return $"AllowedOrigins holds '{origin}'; an origin is http(s)://HOST[:PORT]";
        }

        if (SnapshotEveryBytes is < 65_536 or > 17_179_869_184)
            return $"SnapshotEveryBytes is {SnapshotEveryBytes}; it must be 65536 to 17179869184";
        if (JournalBytesMax is not 0 and < 1_048_576)
            return $"JournalBytesMax is {JournalBytesMax}; it must be 0 or at least 1048576";

        return Range(TickRateHz, 1, 60, nameof(TickRateHz))
            ?? Range(HybridRoomRateHz, 1, TickRateHz, nameof(HybridRoomRateHz))
            ?? Range(TicketSeconds, 1, 300, nameof(TicketSeconds))
            ?? Range(ReplayCacheMax, 64, 1_000_000, nameof(ReplayCacheMax))
            ?? Range(HelloTimeoutMs, 100, 60_000, nameof(HelloTimeoutMs))
            ?? Range(ResumeSeconds, 0, 3_600, nameof(ResumeSeconds))
            ?? Range(IdleSeconds, 5, 3_600, nameof(IdleSeconds))
            ?? Range(SessionsMax, 1, ushort.MaxValue, nameof(SessionsMax))
            ?? Range(ConnectionsPerAddressMax, 1, ushort.MaxValue, nameof(ConnectionsPerAddressMax))
            ?? Range(IdentityRequestsPerSecond, 1, 100_000, nameof(IdentityRequestsPerSecond))
            ?? Range(ApiRequestsPerSecond, 1, 100_000, nameof(ApiRequestsPerSecond))
            ?? Range(MessageBytesMax, 1_024, 1_048_576, nameof(MessageBytesMax))
            ?? Range(MessagesPerSecond, 1, 100_000, nameof(MessagesPerSecond))
            ?? Range(BytesPerSecond, 1_024, 100_000_000, nameof(BytesPerSecond))
            ?? Range(ActionsPerSecond, 1, 100_000, nameof(ActionsPerSecond))
            ?? Range(OffencesMax, 1, 1_000_000, nameof(OffencesMax))
            ?? Range(SendQueueBytesMax, 65_536, 1_073_741_824, nameof(SendQueueBytesMax))
            ?? Range(CommandsMax, 64, 1_000_000, nameof(CommandsMax))
            ?? Range(ClockSkewMaxMs, 100, 3_600_000, nameof(ClockSkewMaxMs))
            ?? (Room.Problem() is { } room ? "Room: " + room : null)
            ?? (Helpers.Problem() is { } helpers ? "Helpers: " + helpers : null)
            ?? (Photos.Problem() is { } photos ? "Photos: " + photos : null);
    }
}
