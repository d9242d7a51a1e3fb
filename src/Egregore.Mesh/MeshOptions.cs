namespace Egregore.Mesh;

/// <summary>Every parameter of a node, with unit and default. Bounds hold against hostile peers. See docs/mesh.md for where the defaults come from.</summary>
public sealed record MeshOptions
{
    /// <summary>Links in all, direct and relayed. Up to this many members form a full mesh. At most 32.</summary>
    public int LinksMax { get; init; } = 12;

    /// <summary>Of these, links kept for nearness. Default 10.</summary>
    public int NearLinksMax { get; init; } = 10;

    /// <summary>Near links that a node dials for by itself; the rest up to <see cref="NearLinksMax"/> is room for those who dial it. Default 8.</summary>
    public int NearLinksWanted { get; init; } = 8;

    /// <summary>Random long links, which keep the graph one and its diameter small. Default 2.</summary>
    public int LongLinksWanted { get; init; } = 2;

    /// <summary>A candidate takes a near link's place only when its squared distance, in percent of the link's, is below this. Default 50 (distance 0.7).</summary>
    public int ReplaceBelowPercent { get; init; } = 50;

    /// <summary>A link younger than this is not replaced. Milliseconds, default 10,000.</summary>
    public int LinkAgeMinMs { get; init; } = 10_000;

    /// <summary>How often links are chosen anew. Milliseconds, default 1,000.</summary>
    public int MaintenanceMs { get; init; } = 1_000;

    /// <summary>Heartbeat period of a link. Milliseconds, default 5,000.</summary>
    public int HeartbeatMs { get; init; } = 5_000;

    /// <summary>A link on which nothing was heard for this long is closed. Milliseconds, default 30,000.</summary>
    public int LinkTimeoutMs { get; init; } = 30_000;

    /// <summary>A dial that did not open by then failed. Milliseconds, default 10,000 (ICE retransmits its checks meanwhile).</summary>
    public int ConnectTimeoutMs { get; init; } = 10_000;

    /// <summary>How long the peer with the higher id waits for the other to dial before it dials itself. Milliseconds, default 1,500.</summary>
    public int DialGraceMs { get; init; } = 1_500;

    /// <summary>First pause after a failed dial, doubled up to <see cref="RetryMaxMs"/>. Milliseconds, default 1,000.</summary>
    public int RetryMs { get; init; } = 1_000;

    /// <summary>Longest pause between dials. Milliseconds, default 15,000.</summary>
    public int RetryMaxMs { get; init; } = 15_000;

    /// <summary>Dials at a time. Default 4.</summary>
    public int DialsMax { get; init; } = 4;

    /// <summary>Members remembered, linked or not. The one heard of longest ago is forgotten first. Default 1,024.</summary>
    public int MembersMax { get; init; } = 1_024;

    /// <summary>A member of whom nothing was heard for this long is forgotten. Milliseconds, default 300,000.</summary>
    public int MemberForgetMs { get; init; } = 300_000;

    /// <summary>Members introduced to a neighbour with each heartbeat. Default 3.</summary>
    public int IntroductionsPerHeartbeat { get; init; } = 3;

    /// <summary>Links a gossip message crosses by push. Default 3. Announcements and pulls go on behind it.</summary>
    public int GossipTtl { get; init; } = 3;

    /// <summary>Links from which a node lets itself be pushed to; all others announce. Bounds its pushed copies to this and the publisher's own. Default 3.</summary>
    public int EagerLinks { get; init; } = 3;

    /// <summary>Copies of one message's body that a node lets come to it: pushes that may come count, the rest it may ask for. Default 4.</summary>
    public int CopiesMax { get; init; } = 4;

    /// <summary>Message ids remembered. Default 1,000.</summary>
    public int SeenMax { get; init; } = 1_000;

    /// <summary>Bodies kept to answer requests, bytes in all. Default 512 KiB.</summary>
    public int StoreBytesMax { get; init; } = 512 * 1024;

    /// <summary>Largest gossip body. Bytes, default 16 KiB.</summary>
    public int GossipBodyBytesMax { get; init; } = 16 * 1024;

    /// <summary>Own messages that wait for a signature; more are refused. Default 64.</summary>
    public int SignPendingMax { get; init; } = 64;

    /// <summary>Messages whose signature is being verified; what comes beyond is asked for again later. Default 64: at most 2 MiB.</summary>
    public int VerifyPendingMax { get; init; } = 64;

    /// <summary>After how long the host's silence on a signature counts as a no. Milliseconds, default 10,000.</summary>
    public int CryptoTimeoutMs { get; init; } = 10_000;

    /// <summary>How long announcements gather before they go out. Milliseconds, default 5.</summary>
    public int AnnounceDelayMs { get; init; } = 5;

    /// <summary>How long a node waits after the first announcement before it asks: the push may be on its way. Milliseconds, default 5.</summary>
    public int WantDelayMs { get; init; } = 5;

    /// <summary>After how long, at most, it asks the next announcer; sooner where the link's round trip is known. Milliseconds, default 100.</summary>
    public int WantRetryMs { get; init; } = 100;

    /// <summary>A push or an answer that did not come within this time counts as lost. Milliseconds, default 1,000.</summary>
    public int WantLostMs { get; init; } = 1_000;

    /// <summary>How long a push of a peer that knows it is not to push any more, or whose link closed, may still be on its way. Milliseconds, default 250.</summary>
    public int PushLostMs { get; init; } = 250;

    /// <summary>Announced ids that are waited for at a time. Default 512.</summary>
    public int WantsMax { get; init; } = 512;

    /// <summary>Ids in one announcement or request. Default 64.</summary>
    public int IdsPerMessageMax { get; init; } = 64;

    /// <summary>A gossip message older than this, or further ahead, is not taken. Milliseconds, default 30,000.</summary>
    public int GossipAgeMaxMs { get; init; } = 30_000;

    /// <summary>How often recent ids are announced again to one link. Milliseconds, default 1,000.</summary>
    public int ReannounceMs { get; init; } = 1_000;

    /// <summary>How far back these go. Milliseconds, default 4,000.</summary>
    public int ReannounceWindowMs { get; init; } = 4_000;

    /// <summary>How often the shared state is compared with one link. Milliseconds, default 1,000.</summary>
    public int SyncMs { get; init; } = 1_000;

    /// <summary>After news by comparison: how soon the next links are asked. Milliseconds, default 100.</summary>
    public int SyncHotMs { get; init; } = 100;

    /// <summary>Largest delta in one message. Bytes, default 24 KiB; more follows in the next round.</summary>
    public int SyncBytesMax { get; init; } = 24 * 1024;

    /// <summary>Keys of the shared state. Default 4,096.</summary>
    public int StateKeysMax { get; init; } = 4_096;

    /// <summary>Largest value of the shared state. Bytes, default 4 KiB.</summary>
    public int StateValueBytesMax { get; init; } = 4 * 1024;

    /// <summary>How far ahead of ours a peer's clock may be. Milliseconds, default 60,000.</summary>
    public int ClockSkewMaxMs { get; init; } = 60_000;

    /// <summary>Largest envelope. Bytes, default 32 KiB.</summary>
    public int EnvelopeBytesMax { get; init; } = 32 * 1024;

    /// <summary>Envelopes a second from one link, averaged; a burst of twice as many passes. Default 1,000.</summary>
    public int LinkMessagesPerSecond { get; init; } = 1_000;

    /// <summary>Bytes a second from one link, averaged; a burst of twice as many passes. Default 512 KiB.</summary>
    public int LinkBytesPerSecond { get; init; } = 512 * 1024;

    /// <summary>Bytes a second served to one link's requests. Default 128 KiB.</summary>
    public int ServedBytesPerSecond { get; init; } = 128 * 1024;

    /// <summary>Invalid envelopes from one link, decaying by one a second, at which it is closed. Default 20.</summary>
    public int InvalidMax { get; init; } = 20;

    /// <summary>How long a peer that misbehaved is neither dialled nor accepted. Milliseconds, default 60,000.</summary>
    public int BanMs { get; init; } = 60_000;

    /// <summary>Hops of a routed message. Default 3.</summary>
    public int RouteTtl { get; init; } = 3;

    /// <summary>Neighbours a routed message is handed to where no link to its target is known. Default 3.</summary>
    public int RouteFanout { get; init; } = 2;

    /// <summary>Routed messages a second from one link. Default 20.</summary>
    public int RoutedPerSecond { get; init; } = 20;

    /// <summary>Largest reflex state. Bytes, default 256.</summary>
    public int ReflexBytesMax { get; init; } = 256;

    /// <summary>Nearest peers that get every reflex state. Default 5.</summary>
    public int ReflexFocus { get; init; } = 5;

    /// <summary>Rate of the first peer behind the focus. Hertz, default 5; it falls evenly to <see cref="ReflexFarHz"/> at the last link.</summary>
    public int ReflexNearHz { get; init; } = 5;

    /// <summary>Rate of the farthest linked peer. Hertz, default 1.</summary>
    public int ReflexFarHz { get; init; } = 1;

    /// <summary>Throws when options contradict each other. Called by the node's constructor.</summary>
    /// <exception cref="ArgumentException">Names the option.</exception>
    public void Validate()
    {
        Require(LinksMax is >= 1 and <= 32, nameof(LinksMax));
        Require(NearLinksMax >= 1 && NearLinksMax <= LinksMax, nameof(NearLinksMax));
        Require(NearLinksWanted >= 1 && NearLinksWanted <= NearLinksMax, nameof(NearLinksWanted));
        Require(LongLinksWanted >= 0 && LongLinksWanted + NearLinksWanted <= LinksMax, nameof(LongLinksWanted));
        Require(LinkTimeoutMs > HeartbeatMs && HeartbeatMs > 0, nameof(LinkTimeoutMs));
        Require(GossipTtl is >= 1 and <= 16, nameof(GossipTtl));
        Require(SeenMax >= 16, nameof(SeenMax));
        Require(CopiesMax >= 1, nameof(CopiesMax));
        Require(EagerLinks >= 1 && EagerLinks <= CopiesMax, nameof(EagerLinks));
        Require(WantLostMs > WantRetryMs, nameof(WantLostMs));
        Require(WantsMax >= 1, nameof(WantsMax));
        Require(SignPendingMax >= 1 && VerifyPendingMax >= 1 && CryptoTimeoutMs > 0, nameof(CryptoTimeoutMs));
        Require(IdsPerMessageMax is >= 1 and <= 256, nameof(IdsPerMessageMax));
        Require(GossipBodyBytesMax > 0 && GossipBodyBytesMax + 512 <= EnvelopeBytesMax, nameof(GossipBodyBytesMax));
        Require(SyncBytesMax > 0 && SyncBytesMax + 4096 <= EnvelopeBytesMax, nameof(SyncBytesMax));
        Require(StateValueBytesMax > 0 && StateValueBytesMax + 1024 <= SyncBytesMax, nameof(StateValueBytesMax));
        Require(ReflexFarHz >= 1 && ReflexNearHz >= ReflexFarHz, nameof(ReflexNearHz));
        Require(RouteTtl is >= 1 and <= 8, nameof(RouteTtl));
        Require(MaintenanceMs > 0 && SyncMs > 0 && SyncHotMs > 0 && ReannounceMs > 0, nameof(MaintenanceMs));
        Require(MembersMax >= LinksMax, nameof(MembersMax));
    }

    private static void Require(bool holds, string option)
    {
        if (!holds)
            throw new ArgumentException($"mesh option {option} is out of range", option);
    }
}
