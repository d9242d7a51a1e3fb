using Egregore.Wire;

namespace Egregore.World.Tests;

public sealed class KeyCodecTests
{
    [Fact]
    public void Integers_are_big_endian_with_the_sign_flipped()
    {
        Assert.Equal("000000000000002a", Hex(42ul));
        Assert.Equal("7fffffffffffffff", Hex(-1L));
        Assert.Equal("80000001", Hex(1));
        Assert.Equal("00000001", Hex(1u));
        Assert.Equal("6869", Hex("hi"));
        Assert.Equal("8000000180000000", Hex(new Cell(1, 0)));
        Assert.Equal("00000000000000010000000000000002", Hex(new PeerId(1, 2)));
        Assert.Equal("01", Hex(true));
    }

    [Fact]
    public void What_was_written_is_read_and_bytes_sort_as_keys()
    {
        var random = new DeterministicRandom(7);
        Check(i => (long)random.NextUInt64());
        Check(i => random.NextUInt64());
        Check(i => (int)random.NextUInt64());
        Check(i => (uint)random.NextUInt64());
        Check(i => new Cell((int)random.NextUInt64(), (int)random.NextUInt64()));
        Check(i => new PeerId(random.NextUInt64() % 4, random.NextUInt64()));
        Check(i => new string((char)('a' + random.Next(26)), random.Next(5)));
    }

    [Fact]
    public void Strange_bytes_are_no_keys()
    {
        Assert.False(KeyCodec.For<long>().TryRead(new byte[7], out _));
        Assert.False(KeyCodec.For<int>().TryRead(new byte[8], out _));
        Assert.False(KeyCodec.For<bool>().TryRead([2], out _));
        Assert.False(KeyCodec.For<string>().TryRead([0xff], out _));
        Assert.False(KeyCodec.For<PeerId>().TryRead(new byte[15], out _));
        Assert.Throws<NotSupportedException>(() => KeyCodec.For<DateTime>());
    }

    private static void Check<TKey>(Func<int, TKey> make)
        where TKey : IComparable<TKey>
    {
        KeyCodec<TKey> codec = KeyCodec.For<TKey>();
        TKey previous = make(0);
        for (int i = 0; i < 200; i++)
        {
            TKey key = make(i);
            byte[] bytes = Bytes(key);
            Assert.True(codec.TryRead(bytes, out TKey back));
            Assert.Equal(key, back);
            if (key is not string)
            {
                Assert.Equal(Math.Sign(key.CompareTo(previous)), Math.Sign(bytes.AsSpan().SequenceCompareTo(Bytes(previous))));
            }
            previous = key;
        }
    }

    private static byte[] Bytes<TKey>(TKey key)
    {
        KeyCodec<TKey> codec = KeyCodec.For<TKey>();
        byte[] bytes = new byte[codec.SizeBytes(key)];
        return bytes[..codec.Write(key, bytes)];
    }

    private static string Hex<TKey>(TKey key) => Convert.ToHexStringLower(Bytes(key));
}
