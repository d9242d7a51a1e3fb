namespace Egregore.Wire.Tests;

public sealed class EnvelopeTests
{
    private static readonly PeerId Alice = new(0x0123456789abcdef, 0xfedcba9876543210);
    private static readonly PeerId Bob = new(1, 2);

    [Fact]
    public void A_reflex_with_24_bytes_takes_56()
    {
        byte[] buffer = new byte[200];
        int length = EnvelopeCodec.Write(buffer, Kind.Reflex, 9, new byte[24]);
        Assert.Equal(56, length);
        Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(buffer.AsSpan(0, length), out EnvelopeView view));
        Assert.Equal(new Header(9, Kind.Reflex, 0, 0), view.Header);
        Assert.Equal(24, view.Payload.Length);
        Assert.False(view.HasSender || view.HasTarget || view.HasSignature);
    }

    [Theory]
    [InlineData(false, false, 0ul, false)]
    [InlineData(true, false, 0ul, false)]
    [InlineData(false, true, 0ul, false)]
    [InlineData(false, false, 5ul, false)]
    [InlineData(false, false, 0ul, true)]
    [InlineData(true, true, ulong.MaxValue, true)]
    public void What_is_written_is_read_and_equals_the_generated_writer(bool sender, bool target, ulong time, bool signature)
    {
        for (int size = 0; size < 40; size++)
        {
            byte[] payload = Enumerable.Range(1, size).Select(i => (byte)i).ToArray();
            byte[] signed = signature ? Enumerable.Range(100, 64).Select(i => (byte)i).ToArray() : [];
            byte[] buffer = new byte[EnvelopeCodec.SizeMax(size)];
            int length = EnvelopeCodec.Write(buffer, Kind.Gossip, 77, payload, 3, sender ? Alice : default, target ? Bob : default, time, signed);
            Assert.Equal(VerifyError.None, Envelope.TryRead(buffer.AsSpan(0, length), out Envelope? read));
            var expected = new Envelope
            {
                Header = new Header(77, Kind.Gossip, 3, 0),
                Payload = payload,
                Sender = sender ? Alice : null,
                Target = target ? Bob : null,
                Time = time,
                Signature = signed,
            };
            Assert.Equal(expected, read);
            Assert.Equal(expected.ToArray(), buffer.AsSpan(0, length).ToArray());
            Assert.Equal(length, EnvelopeCodec.Write(new byte[length], Kind.Gossip, 77, payload, 3, sender ? Alice : default, target ? Bob : default, time, signed));
            Assert.Throws<ArgumentException>(() => EnvelopeCodec.Write(
                new byte[length - 1], Kind.Gossip, 77, payload, 3, sender ? Alice : default, target ? Bob : default, time, signed));
        }
    }

    [Fact]
    public void A_relay_lowers_the_ttl_in_place_until_it_is_spent()
    {
        byte[] buffer = new byte[200];
        int length = EnvelopeCodec.Write(buffer, Kind.Gossip, 1, [1, 2, 3], ttl: 2, sender: Alice);
        Span<byte> envelope = buffer.AsSpan(0, length);
        Assert.True(EnvelopeCodec.TryDecrementTtl(envelope));
        Assert.True(EnvelopeCodec.TryDecrementTtl(envelope));
        Assert.False(EnvelopeCodec.TryDecrementTtl(envelope));
        Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(envelope, out EnvelopeView view));
        Assert.Equal(0, view.Header.Ttl);
        Assert.Equal(Alice, view.Sender);
    }

    /// <summary>Found by the fuzzer: lowering the TTL of such an envelope changed its payload's length, after it had been verified.</summary>
    [Fact]
    public void A_ttl_laid_over_other_parts_is_not_lowered()
    {
        byte[] buffer = new byte[400];
        Span<byte> envelope = buffer.AsSpan(0, EnvelopeCodec.Write(buffer, Kind.Gossip, 1, new byte[300], ttl: 2));
        // The vtable says that the table is longer and the header 12 bytes in: its TTL is then the second byte of the payload's length.
        envelope[6] = 20;
        envelope[8] = 12;
        byte[] before = envelope.ToArray();
        Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(envelope, out EnvelopeView view));
        Assert.Equal(300 >> 8, view.Header.Ttl);
        Assert.False(EnvelopeCodec.TryDecrementTtl(envelope));
        Assert.Equal(before, envelope.ToArray());
    }
}
