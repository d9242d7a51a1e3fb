using Egregore.Server.Work;

namespace Egregore.Server.Telemetry;

/// <summary>What the dashboard and <c>/api</c> show, taken once a second. Holds no address, ticket or session number.</summary>
/// <param name="World">About the world.</param>
/// <param name="Stats">Figures since the last report, a second ago.</param>
/// <param name="Sessions">At most 1,000.</param>
/// <param name="Mesh">The graph that peers report.</param>
/// <param name="Work">Helpers and their work.</param>
public sealed record WorldReport(WorldInfo World, WorldStats Stats, IReadOnlyList<SessionInfo> Sessions, MeshInfo Mesh, WorkReport Work);

/// <summary>About a world.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Game">The game's name and version, <c>NAME/VERSION</c>.</param>
/// <param name="Authority"><c>server</c>, <c>hybrid</c> or <c>mesh</c>.</param>
/// <param name="Seed">The terrain's seed, as decimal text: it does not fit a JSON number.</param>
/// <param name="TickRateHz">Ticks a second.</param>
/// <param name="Tables">Tables of the game.</param>
/// <param name="Reducers">Reducers that clients may call.</param>
public sealed record WorldInfo(string Name, string Game, string Authority, string Seed, int TickRateHz, IReadOnlyList<string> Tables, IReadOnlyList<string> Reducers);

/// <summary>Figures of a world; rates are over the last second.</summary>
/// <param name="TimeMs">Truth's clock.</param>
/// <param name="UptimeSeconds">Since the world was opened.</param>
/// <param name="Tick">The last tick.</param>
/// <param name="TicksPerSecond">Ticks run.</param>
/// <param name="TicksSkipped">Ticks left out since start because the loop was late.</param>
/// <param name="TickMsMean">Mean work of a tick, milliseconds.</param>
/// <param name="TickMsMax">Longest work of a tick, milliseconds.</param>
/// <param name="Sessions">Sessions, with those that wait to be resumed.</param>
/// <param name="Connections">WebSockets.</param>
/// <param name="Bodies">Sessions with a place in the room.</param>
/// <param name="MessagesInPerSecond">Messages from clients.</param>
/// <param name="MessagesOutPerSecond">Messages to clients.</param>
/// <param name="BytesInPerSecond">Bytes from clients, framing included.</param>
/// <param name="BytesOutPerSecond">Bytes to clients, framing included.</param>
/// <param name="ActionsPerSecond">Actions for truth.</param>
/// <param name="StatesAccepted">Reflex states accepted since start.</param>
/// <param name="StatesRejected">Reflex states refused since start.</param>
/// <param name="CommandsWaiting">Commands that wait for the loop.</param>
/// <param name="Transaction">The last transaction executed.</param>
/// <param name="DurableTransaction">The last transaction in the journal.</param>
/// <param name="JournalGroups">Groups written since start.</param>
/// <param name="JournalTransactions">Transactions written since start.</param>
/// <param name="JournalBytes">Bytes written since start.</param>
/// <param name="JournalFailures">Groups that could not be written.</param>
/// <param name="JournalCommitMs">Time the last group took to be durable, milliseconds.</param>
/// <param name="MemoryMb">Managed heap, MB.</param>
/// <param name="Refusals">Refused messages, requests and connections since the process began, by code; codes that did not occur are left out.</param>
public sealed record WorldStats(
    long TimeMs,
    double UptimeSeconds,
    long Tick,
    double TicksPerSecond,
    long TicksSkipped,
    double TickMsMean,
    double TickMsMax,
    int Sessions,
    int Connections,
    int Bodies,
    double MessagesInPerSecond,
    double MessagesOutPerSecond,
    double BytesInPerSecond,
    double BytesOutPerSecond,
    double ActionsPerSecond,
    long StatesAccepted,
    long StatesRejected,
    int CommandsWaiting,
    ulong Transaction,
    ulong DurableTransaction,
    long JournalGroups,
    long JournalTransactions,
    long JournalBytes,
    long JournalFailures,
    double JournalCommitMs,
    double MemoryMb,
    IReadOnlyList<RefusalCount> Refusals);

/// <summary>How often something was refused.</summary>
/// <param name="Code">The name of the wire's refusal code, such as <c>RateLimited</c>.</param>
/// <param name="Count">How often.</param>
public sealed record RefusalCount(string Code, long Count);

/// <summary>A session.</summary>
/// <param name="Peer">The peer's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Connected">False: it waits to be resumed.</param>
/// <param name="SinceMs">When it was opened, truth's clock.</param>
/// <param name="X">Position in blocks; null: not placed.</param>
/// <param name="Y">Height in blocks.</param>
/// <param name="Z">Position in blocks.</param>
/// <param name="MessagesIn">Messages of this connection from the client.</param>
/// <param name="MessagesOut">Messages of this connection to the client.</param>
/// <param name="BytesIn">Bytes of this connection from the client.</param>
/// <param name="BytesOut">Bytes of this connection to the client.</param>
/// <param name="RejectedStates">Its states that broke the rules.</param>
public sealed record SessionInfo(
    string Peer, string Name, bool Connected, long SinceMs, double? X, double? Y, double? Z, long MessagesIn, long MessagesOut, long BytesIn, long BytesOut, long RejectedStates);

/// <summary>The mesh as its peers report it.</summary>
/// <param name="Nodes">Peers with a session, and peers that those report links to.</param>
/// <param name="Links">Each pair once.</param>
public sealed record MeshInfo(IReadOnlyList<MeshNodeInfo> Nodes, IReadOnlyList<MeshLinkInfo> Links);

/// <summary>A node of the mesh.</summary>
/// <param name="Peer">The peer's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="X">Position in blocks; null: not placed.</param>
/// <param name="Z">Position in blocks.</param>
public sealed record MeshNodeInfo(string Peer, string Name, double? X, double? Z);

/// <summary>A link of the mesh, as one end or the mean of both reports it.</summary>
/// <param name="A">The end with the lower id.</param>
/// <param name="B">The other end.</param>
/// <param name="Kind"><c>direct</c> or <c>relay</c>.</param>
/// <param name="RttMs">Round trip, milliseconds; 0: below one, or not measured yet.</param>
/// <param name="BytesPerSecond">Both ways.</param>
public sealed record MeshLinkInfo(string A, string B, string Kind, double RttMs, double BytesPerSecond);
