using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// Origins sign, receivers verify before they pass on: what is forged dies at the first honest node, at the price of one verification for each link crossed. The host's cryptography
/// may be asynchronous, so both wait in tables of bounded size.
/// </summary>
internal sealed partial class GossipEngine
{
    private readonly Dictionary<uint, Unsigned> _toSign = [];
    private readonly Dictionary<uint, Unverified> _toVerify = [];
    private readonly Dictionary<GossipId, uint> _verifying = [];
    private uint _cryptoRequest;

    /// <summary>In front of what the id is the hash of, these are the bytes that an origin signs.</summary>
    private static ReadOnlySpan<byte> SigningDomain => "egregore/gossip/1"u8;

    private bool Signs => !_context.Output.GossipKey.IsEmpty;

    /// <summary>Whether goodbyes can be said by gossip: not where they would first have to be signed, with the links about to close.</summary>
    public bool SpreadsAtOnce => !Signs;

    private bool TrySign(GossipId id, byte topic, ReadOnlySpan<byte> body, ulong time, long nowMs)
    {
        if (_toSign.Count >= _context.Options.SignPendingMax)
        {
            foreach (var (old, unsigned) in _toSign)
            {
                if (nowMs - unsigned.AtMs >= _context.Options.CryptoTimeoutMs && _toSign.Remove(old))
                    _context.Stats.GossipUnsigned++;
            }

            if (_toSign.Count >= _context.Options.SignPendingMax)
                return false;
        }

        var request = ++_cryptoRequest;
        _toSign.Add(request, new Unsigned(id, topic, body.ToArray(), time, nowMs));
        _context.Output.SignGossip(request, SigningBytes(id.Origin, topic, time, body));
        return true;
    }

    public void Signed(uint request, ReadOnlySpan<byte> signature, long nowMs)
    {
        if (!_toSign.Remove(request, out var unsigned))
            return;
        if (signature.Length == EnvelopeCodec.SignatureBytes)
            Spread(unsigned.Id, unsigned.Topic, unsigned.Body, unsigned.Time, signature, nowMs);
        else
            _context.Stats.GossipUnsigned++;
    }

    private ReceiveResult Verify(GossipId id, Link link, in EnvelopeView envelope, in GossipView view, ReadOnlySpan<byte> raw, long nowMs)
    {
        if (envelope.Signature.Length != EnvelopeCodec.SignatureBytes || view.PublicKey.Length != EcdsaP256.PublicKeyBytes || PeerId.FromPublicKey(view.PublicKey) != id.Origin)
            return ReceiveResult.Forged;
        if (_toVerify.Count >= _context.Options.VerifyPendingMax)
            ForgetUnanswered(nowMs);
        if (_toVerify.Count >= _context.Options.VerifyPendingMax)
        {
            // Held against nobody: asked for again when there is room, as far as there are announcers.
            _context.Stats.GossipUnverified++;
            WantAgain(id, link.Bit, nowMs + _context.Options.WantRetryMs, nowMs);
            return ReceiveResult.Ignored;
        }

        var request = ++_cryptoRequest;
        _verifying.Add(id, request);
        _toVerify.Add(request, new Unverified(id, raw.ToArray(), link.Peer, nowMs) { Known = link.Bit });
        _context.Output.VerifyGossip(request, view.PublicKey, envelope.Signature, SigningBytes(id.Origin, view.Topic, envelope.Time, view.Body));
        return ReceiveResult.Accepted;
    }

    /// <returns>Whose link brought a forged message, to be counted against it; else none.</returns>
    public Link? Verified(uint request, bool valid, long nowMs)
    {
        if (!_toVerify.Remove(request, out var unverified))
            return null;
        _verifying.Remove(unverified.Id);
        var link = _context.Links.Find(unverified.From);
        if (!valid)
        {
            // The true one may have come from others meanwhile, or been announced: a forger must not keep it out.
            var others = link is null ? unverified.Known : unverified.Known & ~link.Bit;
            if (others != 0)
                WantAgain(unverified.Id, others, nowMs, nowMs);
            return link;
        }

        if (_cache.Find(unverified.Id) < 0 && EnvelopeCodec.TryRead(unverified.Raw, out var envelope) == VerifyError.None
            && GossipView.TryRead(envelope.Payload, out var view) == VerifyError.None)
            Take(unverified.Id, unverified.Known, link, unverified.From, envelope, view, unverified.Raw, nowMs);
        return null;
    }

    /// <summary>One that is being verified is neither taken nor asked for again.</summary>
    private bool IsBeingVerified(GossipId id, uint bit)
    {
        if (!_verifying.TryGetValue(id, out var request))
            return false;
        _toVerify[request].Known |= bit;
        return true;
    }

    private void WantAgain(GossipId id, uint announcers, long dueMs, long nowMs)
    {
        var want = _wants.Find(id);
        if (want < 0)
        {
            if (_wants.Full)
            {
                _context.Stats.GossipMissed++;
                return;
            }

            want = _wants.Add(id, dueMs, nowMs);
        }

        _wants[want].Announcers |= announcers;
        _wants[want].DueMs = dueMs;
        _wantsDueMs = Math.Min(_wantsDueMs, dueMs);
    }

    private void ForgetUnanswered(long nowMs)
    {
        foreach (var (request, unverified) in _toVerify)
        {
            if (nowMs - unverified.AtMs < _context.Options.CryptoTimeoutMs)
                continue;
            _toVerify.Remove(request);
            _verifying.Remove(unverified.Id);
            _context.Stats.GossipUnverified++;
        }
    }

    private void ForgetVerifying(uint bit)
    {
        foreach (var unverified in _toVerify.Values)
            unverified.Known &= ~bit;
    }

    private ReadOnlySpan<byte> SigningBytes(PeerId origin, byte topic, ulong time, ReadOnlySpan<byte> body) =>
        _hashed.AsSpan(0, SigningDomain.Length + Named(origin, topic, time, body).Length);

    private sealed record Unsigned(GossipId Id, byte Topic, byte[] Body, ulong Time, long AtMs);

    private sealed record Unverified(GossipId Id, byte[] Raw, PeerId From, long AtMs)
    {
        /// <summary>Slots of links whose peers have it.</summary>
        public uint Known { get; set; }
    }
}
