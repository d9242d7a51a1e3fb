using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Egregore.Crdt;
using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// Gossip: a message is pushed at once over the few links whose peers asked for it (the publisher pushes to all), its id is announced to the others, who lacks it asks an announcer.
/// After Plumtree (Leitao, Pereira, Rodrigues 2007), with the receiver choosing who pushes to it, as in gossipsub's GRAFT.
/// </summary>
internal sealed partial class GossipEngine
{
    private readonly MeshContext _context;
    private readonly GossipCache _cache;
    private readonly byte[] _hashed;
    private readonly GossipId[] _ids;
    private readonly int[] _pending;
    private int _pendingCount;
    private long _announceDueMs = long.MaxValue;
    private long _reannounceDueMs;

    public GossipEngine(MeshContext context, long nowMs)
    {
        _context = context;
        var options = context.Options;
        _cache = new GossipCache(options.SeenMax, options.StoreBytesMax, context.Random.Next());
        _wants = new WantTable(options.WantsMax, context.Random.Next());
        _ids = new GossipId[options.IdsPerMessageMax];
        _pending = new int[options.IdsPerMessageMax];
        _hashed = new byte[SigningDomain.Length + HashedHeadBytes + options.GossipBodyBytesMax];
        SigningDomain.CopyTo(_hashed);
        _reannounceDueMs = nowMs + 1 + context.Random.Next(options.ReannounceMs);
    }

    private const int HashedHeadBytes = 16 + 8 + 1;

    public int SeenCount => _cache.Count;

    public int WantCount => _wants.Count;

    public long StoreBytes => _cache.Bytes;

    public long NextDueMs => Math.Min(Math.Min(_announceDueMs, _reannounceDueMs), _wantsDueMs);

    /// <summary>What is done with an accepted message beyond forwarding it; set by the node.</summary>
    public required GossipHandler Handler { get; init; }

    /// <summary>Publishes; the id is the hash of the content.</summary>
    public SendResult Publish(byte topic, ReadOnlySpan<byte> body, long nowMs)
    {
        if (body.Length > _context.Options.GossipBodyBytesMax)
            return SendResult.TooLarge;
        var time = _context.Clock.Now(nowMs).Value;
        var id = new GossipId(_context.Self, HashOf(_context.Self, topic, time, body));
        if (_cache.Find(id) >= 0)
            return SendResult.Refused;

        if (!Signs)
            return Spread(id, topic, body, time, default, nowMs);
        if (!TrySign(id, topic, body, time, nowMs))
            return SendResult.Refused;
        return _context.Links.Count > 0 ? SendResult.Sent : SendResult.NoLink;
    }

    private SendResult Spread(GossipId id, byte topic, ReadOnlySpan<byte> body, ulong time, ReadOnlySpan<byte> signature, long nowMs)
    {
        var payload = new FlatWriter(_context.Payload);
        WriteGossip(ref payload, id, topic, body, signature.IsEmpty ? default : _context.Output.GossipKey);
        var ttl = (byte)_context.Options.GossipTtl;
        var envelope = _context.Encode(Kind.Gossip, _context.Payload.AsSpan(0, payload.Length), ttl, time, signature);
        var index = _cache.Add(id, envelope, nowMs);
        ref var entry = ref _cache[index];
        _context.Stats.GossipPublished++;
        var sent = 0;
        foreach (var link in _context.Links.All)
        {
            sent++;

            // A link whose other end has not answered yet may not be open there: who does not count on the publisher's push hears of it by announcement.
            if (!link.Clock.HasSample)
                continue;
            _context.Send(link, envelope, Reliability.Reliable);
            entry.HeldBy |= link.Bit;
        }

        // What is served later to who lacks it has crossed no link yet, but is not to be pushed as far again.
        EnvelopeCodec.TryDecrementTtl(entry.Envelope.AsSpan(0, entry.Length));
        AnnounceLater(index, nowMs);
        return sent > 0 ? SendResult.Sent : SendResult.NoLink;
    }

    /// <summary>Takes a Gossip envelope from a link.</summary>
    public ReceiveResult Receive(Link link, in EnvelopeView envelope, ReadOnlySpan<byte> raw, long nowMs)
    {
        var options = _context.Options;
        if (GossipView.TryRead(envelope.Payload, out var view) != VerifyError.None || envelope.Header.Ttl > options.GossipTtl)
            return ReceiveResult.Malformed;
        var body = view.Body;
        if (body.Length > options.GossipBodyBytesMax)
            return ReceiveResult.TooLarge;
        _context.Stats.GossipCopies++;
        var id = new GossipId(view.Origin, view.Id);
        var index = _cache.Find(id);
        if (index >= 0)
        {
            _cache[index].HeldBy |= link.Bit;
            return ReceiveResult.Ignored;
        }

        if (view.Origin == _context.Self || IsBeingVerified(id, link.Bit))
            return ReceiveResult.Ignored;
        var ageMs = nowMs - new HlcTimestamp(envelope.Time).Milliseconds;
        if (ageMs < -options.ClockSkewMaxMs)
            return ReceiveResult.BadTime;
        if (ageMs > (long)options.GossipAgeMaxMs + options.ClockSkewMaxMs)
            return ReceiveResult.Ignored;
        if (HashOf(view.Origin, view.Topic, envelope.Time, body) != view.Id)
            return ReceiveResult.Forged;

        if (Signs)
            return Verify(id, link, envelope, view, raw, nowMs);
        return Take(id, link.Bit, link, link.Peer, envelope, view, raw, nowMs);
    }

    /// <summary>A message that is what it says: judged, passed on, delivered.</summary>
    private ReceiveResult Take(GossipId id, uint known, Link? link, PeerId from, in EnvelopeView envelope, in GossipView view, ReadOnlySpan<byte> raw, long nowMs)
    {
        var want = _wants.Find(id);
        if (want >= 0)
        {
            known |= _wants[want].Announcers;
            _wants.Remove(want);
        }

        var message = new GossipMessage
        {
            Origin = view.Origin, Id = view.Id, Topic = view.Topic, Time = envelope.Time, From = from, Body = view.Body, Envelope = raw,
        };
        var verdict = Handler.Judge(message);
        if (verdict != Verdict.Accept)
        {
            _cache[_cache.Add(id, default, nowMs)].HeldBy = known;
            return verdict == Verdict.Reject ? ReceiveResult.Rejected : ReceiveResult.Ignored;
        }

        Forward(id, envelope, known, nowMs);
        _context.Stats.GossipDelivered++;
        Handler.Deliver(message, link, nowMs);
        return ReceiveResult.Accepted;
    }

    private void Forward(GossipId id, in EnvelopeView envelope, uint known, long nowMs)
    {
        // Encoded anew: what truth stamped on a relayed copy is not for the next link.
        var ttl = (byte)Math.Max(0, envelope.Header.Ttl - 1);
        var length = EnvelopeCodec.Write(_context.Envelope, Kind.Gossip, envelope.Header.Sequence, envelope.Payload, ttl, time: envelope.Time, signature: envelope.Signature);
        var forward = _context.Envelope.AsSpan(0, length);
        var index = _cache.Add(id, forward, nowMs);
        ref var entry = ref _cache[index];
        entry.HeldBy = known;
        if (ttl > 0)
        {
            foreach (var link in _context.Links.All)
            {
                if (!link.PushTo || (entry.HeldBy & link.Bit) != 0 || link.Peer == id.Origin)
                    continue;
                _context.Send(link, forward, Reliability.Reliable);
                entry.HeldBy |= link.Bit;
            }
        }

        AnnounceLater(index, nowMs);
    }

    private void AnnounceLater(int index, long nowMs)
    {
        _cache[index].Pending = true;
        if (_pendingCount == _pending.Length)
            Announce();
        _pending[_pendingCount++] = index;
        _announceDueMs = Math.Min(_announceDueMs, nowMs + _context.Options.AnnounceDelayMs);
    }

    public void Tick(long nowMs)
    {
        if (nowMs >= _announceDueMs)
            Announce();
        if (nowMs >= _wantsDueMs)
            Ask(nowMs);
        if (nowMs >= _reannounceDueMs)
        {
            _reannounceDueMs = nowMs + _context.Options.ReannounceMs;
            Reannounce(nowMs);
        }
    }

    /// <summary>Announces what arrived since the last time to each link that is not known to have it.</summary>
    private void Announce()
    {
        foreach (var link in _context.Links.All)
        {
            var count = 0;
            for (var i = 0; i < _pendingCount; i++)
            {
                ref var entry = ref _cache[_pending[i]];
                if (entry.Pending && (entry.HeldBy & link.Bit) == 0 && entry.Id.Origin != link.Peer)
                    _ids[count++] = entry.Id;
            }

            SendIds(link, Kind.GossipHave, _ids.AsSpan(0, count));
        }

        for (var i = 0; i < _pendingCount; i++)
            _cache[_pending[i]].Pending = false;
        _pendingCount = 0;
        _announceDueMs = long.MaxValue;
    }

    /// <summary>Recent ids once more to one link: whoever lost push and announcements hears of them here.</summary>
    private void Reannounce(long nowMs)
    {
        var links = _context.Links.All;
        if (links.Length == 0)
            return;
        var link = links[_context.Random.Next(links.Length)];
        var count = 0;
        for (var back = 0; count < _ids.Length; back++)
        {
            var index = _cache.Newest(back);
            if (index < 0)
                break;
            ref var entry = ref _cache[index];
            if (nowMs - entry.ArrivedMs > _context.Options.ReannounceWindowMs)
                break;
            if (!entry.Pending && entry.Envelope is not null && (entry.HeldBy & link.Bit) == 0 && entry.Id.Origin != link.Peer)
                _ids[count++] = entry.Id;
        }

        SendIds(link, Kind.GossipHave, _ids.AsSpan(0, count));
    }

    public void LinkOpened(Link link)
    {
        _cache.ClearSlot(link.Bit);
        _wants.ClearSlot(link.Bit);
        ForgetVerifying(link.Bit);
    }

    public void LinkClosed(Link link)
    {
        _wants.ClearSlot(link.Bit);
        ForgetVerifying(link.Bit);
    }

    private void SendIds(Link link, Kind kind, ReadOnlySpan<GossipId> ids)
    {
        if (ids.IsEmpty)
            return;
        var writer = new FlatWriter(_context.Payload);
        var table = writer.BeginTable(1, false);
        var at = writer.AddOffset(table, 1, 0);
        writer.EndTable(table, 1);
        MemoryMarshal.AsBytes(ids).CopyTo(writer.Vector(at, ids.Length, GossipId.SizeBytes, 8));
        writer.Patch(0, table);
        _context.Send(link, _context.Encode(kind, _context.Payload.AsSpan(0, writer.Length)), Reliability.Reliable);
    }

    private static void WriteGossip(ref FlatWriter writer, GossipId id, byte topic, ReadOnlySpan<byte> body, ReadOnlySpan<byte> key)
    {
        var slots = !key.IsEmpty ? 5 : body.IsEmpty ? 3 : 4;
        var table = writer.BeginTable(slots, true);
        writer.Add(table, slots, 0, id.Id);
        id.Origin.Write(writer.Slot(table, slots, 1, PeerId.SizeBytes));
        var bodyAt = body.IsEmpty ? 0 : writer.AddOffset(table, slots, 3);
        var keyAt = key.IsEmpty ? 0 : writer.AddOffset(table, slots, 4);
        writer.Add(table, slots, 2, topic);
        writer.EndTable(table, slots);
        if (bodyAt != 0)
            writer.Bytes(bodyAt, body);
        if (keyAt != 0)
            writer.Bytes(keyAt, key);
        writer.Patch(0, table);
    }

    /// <summary>First 8 bytes, big-endian, of SHA-256 over origin, time, topic, body.</summary>
    private ulong HashOf(PeerId origin, byte topic, ulong time, ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Named(origin, topic, time, body), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    /// <summary>What the id is the hash of: origin, time, topic, body. Valid until the next call.</summary>
    private ReadOnlySpan<byte> Named(PeerId origin, byte topic, ulong time, ReadOnlySpan<byte> body)
    {
        var named = _hashed.AsSpan(SigningDomain.Length);
        origin.Write(named);
        BinaryPrimitives.WriteUInt64LittleEndian(named[16..], time);
        named[24] = topic;
        body.CopyTo(named[HashedHeadBytes..]);
        return named[..(HashedHeadBytes + body.Length)];
    }
}

/// <summary>The node's side of gossip.</summary>
internal abstract class GossipHandler
{
    public abstract Verdict Judge(in GossipMessage message);

    /// <param name="message">The message.</param>
    /// <param name="link">Who brought it; null when that link closed while the signature was verified.</param>
    /// <param name="nowMs">Now.</param>
    public abstract void Deliver(in GossipMessage message, Link? link, long nowMs);
}
