using System.Runtime.InteropServices;
using System.Text;
using Egregore.Crdt;
using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// The shared state: a last-writer-wins map. A write goes out by gossip as a delta; behind it each node compares its version vector with one link a second, first by digest alone, and
/// pulls what it lacks. After news by comparison it asks on at once, so that what one side of a healed partition learns reaches all within a few round trips.
/// </summary>
internal sealed class SharedState
{
    /// <summary>Comparisons a second that one link may start or answer.</summary>
    private const int SyncsPerSecond = 20;

    /// <summary>Links asked at once after news.</summary>
    private const int HotLinks = 3;

    private readonly MeshContext _context;
    private readonly LwwMap _map;
    private ulong? _digest;
    private long _dueMs;
    private int _hot;

    public SharedState(MeshContext context, long nowMs)
    {
        _context = context;
        _map = new LwwMap(context.Clock, new CrdtLimits
        {
            EntriesMax = context.Options.StateKeysMax, ValueBytesMax = context.Options.StateValueBytesMax, DeltaBytesMax = context.Options.EnvelopeBytesMax,
        })
        {
            Changed = key => context.Output.StateChanged(key),
        };
        _dueMs = nowMs + 1 + context.Random.Next(context.Options.SyncMs);
    }

    public long NextDueMs => _dueMs;

    public LwwMap Map => _map;

    /// <summary>The local writes since the last call, as the body of a gossip message in the caller's buffer; 0 when there are none.</summary>
    public int TakeWrites(Span<byte> body)
    {
        _digest = null;
        var items = new byte[_context.Options.GossipBodyBytesMax - 256];
        var length = _map.TakeDelta(items, out _);
        return length == 0 ? 0 : new StateSync { Items = items.AsMemory(0, length) }.Write(body);
    }

    /// <summary>A delta that came by gossip. With a gap, the link that brought it should be asked.</summary>
    public MergeResult MergeGossip(ReadOnlySpan<byte> body, long nowMs)
    {
        if (StateSyncView.TryRead(body, out var view) != VerifyError.None)
            return MergeResult.Truncated;
        var result = _map.Merge(view.Items, nowMs);
        _digest = null;
        if (result is MergeResult.Merged or MergeResult.MergedWithGap)
            _context.Stats.StateMerged++;
        return result;
    }

    public void LinkOpened(long nowMs) => Hurry(nowMs);

    public void Tick(long nowMs)
    {
        if (nowMs < _dueMs)
            return;
        var links = _context.Links.All;
        var count = _hot > 0 ? HotLinks : 1;
        _hot = Math.Max(0, _hot - 1);
        _dueMs = nowMs + (_hot > 0 ? _context.Options.SyncHotMs : _context.Options.SyncMs);
        for (var i = 0; i < count && links.Length > 0; i++)
            SendDigest(links[_context.Random.Next(links.Length)]);
    }

    /// <summary>Sends what we have as a vector to one link, so that it answers with the rest.</summary>
    public void Pull(Link link, long nowMs)
    {
        if (link.Synced.TryTake(nowMs, SyncsPerSecond, 1))
            SendVersions(link, default, reply: true);
    }

    public ReceiveResult Receive(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (StateSyncView.TryRead(payload, out var view) != VerifyError.None)
            return ReceiveResult.Malformed;
        if (view.Versions.Count > CrdtLimits.ReplicasMaxDefault)
            return ReceiveResult.TooLarge;
        if (!link.Synced.TryTake(nowMs, SyncsPerSecond, 1))
            return ReceiveResult.RateLimited;

        if (view.HasItems)
        {
            var before = Digest();
            var result = _map.Merge(view.Items, nowMs);
            _digest = null;
            var refused = Refusal(result);
            if (refused != ReceiveResult.Accepted)
                return refused;
            if (Digest() != before)
            {
                _context.Stats.StateMerged++;
                Hurry(nowMs);
            }
        }

        if (view.HasVersions)
            return AnswerVersions(link, view, nowMs);
        if (view.Reply && view.Digest != Digest())
            SendVersions(link, default, reply: true);
        return ReceiveResult.Accepted;
    }

    /// <summary>The peer told what it has: it gets what it lacks and, when we lack something too, our vector with it.</summary>
    private ReceiveResult AnswerVersions(Link link, in StateSyncView view, long nowMs)
    {
        var theirs = new VersionVector(view.Versions.Count);
        for (var i = 0; i < view.Versions.Count; i++)
        {
            var version = view.Versions[i];
            if (version.Counter > VersionVector.CounterMax || version.Replica.IsNone)
                return ReceiveResult.Malformed;
            theirs.Raise(new ReplicaId(version.Replica.High, version.Replica.Low), version.Counter);
        }

        var ours = _map.Version;
        var items = ReadOnlyMemory<byte>.Empty;
        if (!theirs.Covers(ours))
        {
            if (!link.Served.TryTake(nowMs, _context.Options.ServedBytesPerSecond, 256))
                return ReceiveResult.RateLimited;
            items = _map.DeltaSince(theirs, _context.Options.SyncBytesMax, out _);
            link.Served.TryTake(nowMs, _context.Options.ServedBytesPerSecond, items.Length);
        }

        var lacking = view.Reply && !ours.Covers(theirs);
        if (lacking)
            SendVersions(link, items, reply: true);
        else if (items.Length > 0)
            Send(link, new StateSync { Items = items, Digest = Digest() });
        return ReceiveResult.Accepted;
    }

    private void SendDigest(Link link) => Send(link, new StateSync { Digest = Digest(), Reply = true });

    private void SendVersions(Link link, ReadOnlyMemory<byte> items, bool reply)
    {
        var versions = Versions();
        var size = 256 + (versions.Length * ReplicaVersion.SizeBytes) + items.Length;
        if (size > _context.Options.EnvelopeBytesMax)
            items = default;
        Send(link, new StateSync { Versions = versions, Items = items, Reply = reply, Digest = Digest() });
    }

    private System.Collections.Immutable.ImmutableArray<ReplicaVersion> Versions()
    {
        var vector = _map.Version;
        var most = Math.Min(vector.Count, (_context.Options.EnvelopeBytesMax - 256) / ReplicaVersion.SizeBytes);

        // A vector without entries would be left out: an entry that covers nothing asks for everything.
        if (most == 0)
            return [new ReplicaVersion(new PeerId(_context.Clock.Replica.High, _context.Clock.Replica.Low), 0)];
        var versions = new ReplicaVersion[most];
        for (var i = 0; i < most; i++)
            versions[i] = new ReplicaVersion(new PeerId(vector.Replicas[i].High, vector.Replicas[i].Low), vector.Counters[i]);
        return ImmutableCollectionsMarshal.AsImmutableArray(versions);
    }

    private void Send(Link link, StateSync message) => _context.Send(link, _context.Encode(Kind.StateSync, message), Reliability.Reliable);

    private void Hurry(long nowMs)
    {
        _hot = 3;
        _dueMs = Math.Min(_dueMs, nowMs + _context.Options.SyncHotMs);
    }

    /// <summary>FNV-1a over the version vector: equal for replicas that cover the same writes, and so hold the same entries.</summary>
    private ulong Digest()
    {
        if (_digest is { } known)
            return known;
        var hash = 14695981039346656037UL;
        var vector = _map.Version;
        for (var i = 0; i < vector.Count; i++)
        {
            hash = (hash ^ vector.Replicas[i].High) * 1099511628211UL;
            hash = (hash ^ vector.Replicas[i].Low) * 1099511628211UL;
            hash = (hash ^ vector.Counters[i]) * 1099511628211UL;
        }

        _digest = hash;
        return hash;
    }

    /// <summary>Equal for replicas with the same keys and values. Sorts; for checks, not for every frame.</summary>
    public ulong ContentDigest()
    {
        var hash = 14695981039346656037UL;
        foreach (var key in _map.Keys())
        {
            foreach (var unit in Encoding.UTF8.GetBytes(key))
                hash = (hash ^ unit) * 1099511628211UL;
            _map.TryGet(key, out var value);
            hash = (hash ^ (ulong)value.Length) * 1099511628211UL;
            foreach (var unit in value)
                hash = (hash ^ unit) * 1099511628211UL;
        }

        return hash;
    }

    public static ReceiveResult Refusal(MergeResult result) => result switch
    {
        MergeResult.Merged or MergeResult.MergedWithGap => ReceiveResult.Accepted,
        MergeResult.TooLarge or MergeResult.ValueTooLarge => ReceiveResult.TooLarge,
        MergeResult.TimeTooFarAhead => ReceiveResult.BadTime,
        MergeResult.OwnWritesUnknown => ReceiveResult.Forged,

        // Not the sender's fault: we are full, or one of us was away too long.
        MergeResult.ReplicasFull or MergeResult.EntriesFull or MergeResult.BehindCompaction or MergeResult.SenderBehindCompaction => ReceiveResult.Ignored,
        _ => ReceiveResult.Malformed,
    };
}
