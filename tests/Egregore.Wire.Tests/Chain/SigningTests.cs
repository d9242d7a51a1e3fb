using System.Security.Cryptography;

namespace Egregore.Wire.Tests.Chain;

public sealed class SigningTests
{
    [Fact]
    public void A_checkpoint_travels_signed_and_is_verified()
    {
        using var key = EcdsaP256.Create();
        var chain = new StateChain(key.Peer, 7);
        Assert.True(chain.TryAppend(1, [1, 2, 3]));
        Assert.True(chain.TryCheckpoint(out ChainCheckpoint sent));

        byte[] signing = new byte[ChainCheckpoint.SigningBytes];
        Assert.Equal(signing.Length, sent.WriteSigningBytes(signing));
        byte[] table = new byte[ChainCheckpoint.TableBytesMax];
        int length = sent.WriteTable(table, key.Sign(signing), key.PublicKey.Span);

        Assert.Equal(VerifyError.None, CheckpointView.TryRead(table.AsSpan(0, length), out CheckpointView view));
        Assert.Equal(key.Peer, PeerId.FromPublicKey(view.PublicKey));
        Assert.True(ChainCheckpoint.TryFrom(view, key.Peer, out ChainCheckpoint received));
        Assert.Equal(sent, received);
        byte[] again = new byte[ChainCheckpoint.SigningBytes];
        received.WriteSigningBytes(again);
        Assert.True(EcdsaP256.Verify(view.PublicKey, again, view.Signature));

        // The hand-written writer and the generated one give the same bytes.
        Assert.Equal(view.ToRecord().ToArray(), table.AsSpan(0, length).ToArray());
        byte[] bare = new byte[ChainCheckpoint.TableBytesMax];
        length = sent.WriteTable(bare, new byte[64]);
        Assert.Equal((view.ToRecord() with { PublicKey = default, Signature = new byte[64] }).ToArray(), bare.AsSpan(0, length).ToArray());
    }

    [Fact]
    public void A_state_with_its_part_of_a_checkpoint_takes_at_most_64_bytes()
    {
        byte[] table = new byte[ChainCheckpoint.TableBytesMax];
        int checkpoint = new ChainCheckpoint(new PeerId(1, 2), 1_700_000_000_000, 1000, 40, default).WriteTable(table, new byte[64]);
        byte[] buffer = new byte[EnvelopeCodec.SizeMax(checkpoint)];
        int state = EnvelopeCodec.Write(buffer, Kind.Reflex, 1000, new byte[24]);
        int signed = EnvelopeCodec.Write(buffer, Kind.Checkpoint, 1000, table.AsSpan(0, checkpoint));
        Assert.Equal(60.6, state + (signed / 40.0));
    }

    [Fact]
    public void A_checkpoint_table_of_wrong_lengths_is_refused()
    {
        var good = new Checkpoint { First = 1, Count = 40, Head = new byte[32], Signature = new byte[64], Chain = 1 };
        Assert.True(From(good));
        Assert.False(From(good with { Count = 0 }));
        Assert.False(From(good with { Count = 257 }));
        Assert.False(From(good with { Head = new byte[31] }));
        Assert.False(From(good with { Signature = new byte[63] }));
        Assert.False(From(good with { PublicKey = new byte[33] }));
        Assert.False(From(good with { First = uint.MaxValue }));

        static bool From(Checkpoint table)
        {
            Assert.Equal(VerifyError.None, CheckpointView.TryRead(table.ToArray(), out CheckpointView view));
            return ChainCheckpoint.TryFrom(view, new PeerId(1, 1), out _);
        }
    }

    [Fact]
    public void Anything_changed_breaks_an_envelopes_signature_but_the_ttl_does_not()
    {
        using var key = EcdsaP256.Create();
        byte[] signing = new byte[1000];
        int signed = EnvelopeCodec.WriteSigningBytes(signing, Kind.Gossip, 5, [1, 2, 3], key.Peer, new PeerId(9, 9), 77);
        byte[] signature = key.Sign(signing.AsSpan(0, signed));
        byte[] buffer = new byte[EnvelopeCodec.SizeMax(3)];
        int length = EnvelopeCodec.Write(buffer, Kind.Gossip, 5, [1, 2, 3], 3, key.Peer, new PeerId(9, 9), 77, signature);
        Assert.True(IsSigned(Envelope(buffer.AsSpan(0, length)), key));

        Assert.True(EnvelopeCodec.TryDecrementTtl(buffer.AsSpan(0, length)));
        Envelope envelope = Envelope(buffer.AsSpan(0, length));
        Assert.Equal(2, envelope.Header.Ttl);
        Assert.True(IsSigned(envelope, key));
        Assert.False(IsSigned(envelope with { Header = envelope.Header with { Sequence = 6 } }, key));
        Assert.False(IsSigned(envelope with { Header = envelope.Header with { Kind = Kind.PeerJoin } }, key));
        Assert.False(IsSigned(envelope with { Payload = new byte[] { 1, 2, 4 } }, key));
        Assert.False(IsSigned(envelope with { Sender = new PeerId(9, 9) }, key));
        Assert.False(IsSigned(envelope with { Target = null }, key));
        Assert.False(IsSigned(envelope with { Time = 78 }, key));
        // A sender left out is the peer at the other end of the link.
        Assert.True(IsSigned(envelope with { Sender = null }, key));
    }

    [Fact]
    public void Keys_are_kept_and_bad_ones_are_only_false()
    {
        using var key = EcdsaP256.Create();
        using var same = EcdsaP256.FromPrivateKey(key.ExportPrivateKey());
        Assert.Equal(key.PublicKey.ToArray(), same.PublicKey.ToArray());
        byte[] signature = same.Sign([1]);
        Assert.Equal(64, signature.Length);
        Assert.True(EcdsaP256.Verify(key.PublicKey.Span, [1], signature));
        Assert.False(EcdsaP256.Verify(key.PublicKey.Span, [2], signature));
        Assert.False(EcdsaP256.Verify(key.PublicKey.Span, [1], signature.AsSpan(1)));
        Assert.False(EcdsaP256.Verify(key.PublicKey.Span[1..], [1], signature));
        byte[] offCurve = key.PublicKey.ToArray();
        offCurve[40] ^= 1;
        Assert.False(EcdsaP256.Verify(offCurve, [1], signature));
        Assert.False(EcdsaP256.Verify(new byte[65], [1], signature));
        Assert.Throws<CryptographicException>(() => EcdsaP256.FromPrivateKey([1, 2, 3]));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<CryptographicException>(() => EcdsaP256.FromPrivateKey(other.ExportPkcs8PrivateKey()));
    }

    private static Envelope Envelope(ReadOnlySpan<byte> bytes)
    {
        Assert.Equal(VerifyError.None, Egregore.Wire.Envelope.TryRead(bytes, out Envelope? envelope));
        return envelope!;
    }

    private static bool IsSigned(Envelope envelope, EcdsaP256 key)
    {
        byte[] bytes = envelope.ToArray();
        Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(bytes, out EnvelopeView view));
        byte[] signing = new byte[EnvelopeCodec.SigningOverheadBytes + view.Payload.Length];
        EnvelopeCodec.WriteSigningBytes(signing, view, key.Peer);
        return EcdsaP256.Verify(key.PublicKey.Span, signing, view.Signature);
    }
}
