using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// One peer's part of the mesh: who is there, whom it links to, what it hears and passes on. Sans-I/O: the host brings links, bytes and time, and carries out what the node
/// decides (<see cref="IMeshOutput"/>). Times are the host's clock in milliseconds since the Unix epoch and never go back.
/// </summary>
/// <remarks>Not thread-safe: one host thread. Everything from a link is checked and bounded; nothing a peer sends throws. See docs/mesh.md.</remarks>
public sealed partial class MeshNode
{
    /// <param name="self">This peer.</param>
    /// <param name="name">What others may show, at most 64 UTF-8 bytes.</param>
    /// <param name="options">Parameters and bounds.</param>
    /// <param name="seed">Seeds every random choice of the node.</param>
    /// <param name="output">The host.</param>
    /// <param name="nowMs">The host's clock.</param>
    public MeshNode(PeerId self, string name, MeshOptions options, ulong seed, IMeshOutput output, long nowMs) => throw new NotImplementedException();

    /// <summary>This peer.</summary>
    public PeerId Self => throw new NotImplementedException();

    /// <summary>Counters.</summary>
    public MeshStats Stats => throw new NotImplementedException();

    /// <summary>When <see cref="Tick"/> has next something to do; a host that cannot sleep to the millisecond calls it once a frame.</summary>
    public long NextDueMs => throw new NotImplementedException();

    /// <summary>Where this peer stands; links are chosen by it and heartbeats carry it.</summary>
    public MeshPosition Position { get; set; }

    /// <summary>Timers: heartbeats, timeouts, dials, announcements, comparisons. Cheap when nothing is due.</summary>
    public void Tick(long nowMs) => throw new NotImplementedException();

    /// <summary>Takes one envelope, or a batch, from the authenticated peer at the other end of a link.</summary>
    public ReceiveResult Receive(PeerId from, ReadOnlySpan<byte> envelope, long nowMs) => throw new NotImplementedException();

    /// <summary>Truth, or whoever the host trusts, says that a peer is there. Repeat to refresh its position.</summary>
    public void AddKnownPeer(PeerId peer, string name, MeshPosition position, long nowMs) => throw new NotImplementedException();

    /// <summary>A link opened, dialled by either side. A direct one upgrades a relay. The host opens Relay on the first envelope that truth relays from a peer.</summary>
    /// <returns>False when there is no room: the host closes it.</returns>
    public bool LinkOpened(PeerId peer, LinkKind kind, long nowMs) => throw new NotImplementedException();

    /// <summary>A link closed at the host's side. Where the relay stays, the link falls back to it.</summary>
    public void LinkClosed(PeerId peer, LinkKind kind, long nowMs) => throw new NotImplementedException();

    /// <summary>A dial asked for by <see cref="IMeshOutput.Connect"/> failed.</summary>
    public void ConnectFailed(PeerId peer, long nowMs) => throw new NotImplementedException();

    /// <summary>Would a link dialled by that peer be kept? Asked by the host before it answers an offer.</summary>
    public bool AcceptsLink(PeerId from, long nowMs) => throw new NotImplementedException();

    /// <summary>When both dial at once, the offer of the lower id stands and the other side drops its own.</summary>
    public static bool OffersFirst(PeerId self, PeerId other) => throw new NotImplementedException();

    /// <summary>Spread a message to every member. Topics 20 to 39 are reserved.</summary>
    public SendResult Publish(byte topic, ReadOnlySpan<byte> body, long nowMs) => throw new NotImplementedException();

    /// <summary>Spread a piece of content by gossip (ContentShare); delivered with topic 22.</summary>
    public SendResult ShareContent(string id, ReadOnlySpan<byte> body, long nowMs) => throw new NotImplementedException();

    /// <summary>Set a key of the shared state: last writer wins, spread by gossip, kept equal by comparison.</summary>
    public SendResult SetState(string key, ReadOnlySpan<byte> value, long nowMs) => throw new NotImplementedException();

    /// <summary>Remove a key of the shared state.</summary>
    public SendResult RemoveState(string key, long nowMs) => throw new NotImplementedException();

    /// <summary>Read a key of the shared state.</summary>
    public bool TryGetState(string key, out ReadOnlyMemory<byte> value) => throw new NotImplementedException();

    /// <summary>Equal for replicas that hold the same entries.</summary>
    public ulong StateDigest => throw new NotImplementedException();

    /// <summary>A movement state to those who attend: the nearest <see cref="MeshOptions.ReflexFocus"/> at every call, the rest at 1 to 5 Hz. Encoded once; does not allocate.</summary>
    /// <returns>Links it went to.</returns>
    public int SendReflex(uint sequence, ReadOnlySpan<byte> state, long nowMs) => throw new NotImplementedException();

    /// <summary>A message for one linked peer's host: checkpoint, signal, action, action result, subscribe, delta.</summary>
    public SendResult Send(PeerId peer, Kind kind, uint sequence, ReadOnlySpan<byte> payload, Reliability reliability, long nowMs) => throw new NotImplementedException();

    /// <summary>The same to every link.</summary>
    public SendResult SendToAll(Kind kind, uint sequence, ReadOnlySpan<byte> payload, Reliability reliability, long nowMs) => throw new NotImplementedException();

    /// <summary>A message (a Signal, as a rule) to a peer without a link, through neighbours, up to <see cref="MeshOptions.RouteTtl"/> hops. Best effort.</summary>
    public SendResult SendRouted(PeerId target, ReadOnlySpan<byte> payload, long nowMs, ReadOnlySpan<byte> signature = default) => throw new NotImplementedException();

    /// <summary>Say goodbye to all links and close them.</summary>
    public void Leave(long nowMs) => throw new NotImplementedException();

    /// <summary>Our clock corrected by the median of the links' offsets, milliseconds.</summary>
    public long MeshTimeMs(long nowMs) => throw new NotImplementedException();

    /// <summary>Links open.</summary>
    public int LinkCount => throw new NotImplementedException();

    /// <summary>Is a link of that kind (any when null) open?</summary>
    public bool IsLinked(PeerId peer, LinkKind? kind = null) => throw new NotImplementedException();

    /// <summary>Copies the links' figures, in order of opening; returns how many.</summary>
    public int CopyLinks(Span<LinkStats> destination) => throw new NotImplementedException();

    /// <summary>Members known, without self.</summary>
    public int MemberCount => throw new NotImplementedException();

    /// <summary>Copies the members; returns how many.</summary>
    public int CopyMembers(Span<MeshMember> destination) => throw new NotImplementedException();
}
