using System.Buffers.Binary;
using System.Text;
using Egregore.Wire;

namespace Egregore.World;

/// <summary>How a key is written as bytes: in deletes of a delta, in subscriptions by index, in the journal (docs/world.md, "Key bytes").</summary>
/// <typeparam name="TKey">A key: immutable, compared and hashed by value.</typeparam>
public abstract class KeyCodec<TKey>
{
    /// <summary>Most bytes <see cref="Write"/> writes for this key.</summary>
    public abstract int SizeBytes(TKey key);

    /// <summary>Writes the key; gives the bytes written.</summary>
    public abstract int Write(TKey key, Span<byte> destination);

    /// <summary>Reads a key that takes all of <paramref name="bytes"/>; false for anything else. The bytes may be a stranger's.</summary>
    public abstract bool TryRead(ReadOnlySpan<byte> bytes, out TKey key);
}

/// <summary>The codecs that come with the engine.</summary>
public static class KeyCodec
{
    /// <summary>The codec of a built-in key type: ulong, long, uint, int, byte, bool, string, <see cref="PeerId"/>, <see cref="Cell"/>.</summary>
    /// <exception cref="NotSupportedException">Another type: give the table a codec of its own.</exception>
    public static KeyCodec<TKey> For<TKey>()
    {
        object? codec = typeof(TKey) switch
        {
            Type t when t == typeof(ulong) => new UInt64Codec(),
            Type t when t == typeof(long) => new Int64Codec(),
            Type t when t == typeof(uint) => new UInt32Codec(),
            Type t when t == typeof(int) => new Int32Codec(),
            Type t when t == typeof(byte) => new ByteCodec(),
            Type t when t == typeof(bool) => new BoolCodec(),
            Type t when t == typeof(string) => new StringCodec(),
            Type t when t == typeof(PeerId) => new PeerIdCodec(),
            Type t when t == typeof(Cell) => new CellCodec(),
            _ => null,
        };
        return codec as KeyCodec<TKey> ?? throw new NotSupportedException($"No key codec for {typeof(TKey)}: pass one to Table or Index.");
    }

    private sealed class UInt64Codec : KeyCodec<ulong>
    {
        public override int SizeBytes(ulong key) => 8;

        public override int Write(ulong key, Span<byte> destination)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, key);
            return 8;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out ulong key)
        {
            key = bytes.Length == 8 ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
            return bytes.Length == 8;
        }
    }

    private sealed class Int64Codec : KeyCodec<long>
    {
        public override int SizeBytes(long key) => 8;

        public override int Write(long key, Span<byte> destination)
        {
            BinaryPrimitives.WriteInt64BigEndian(destination, key ^ long.MinValue);
            return 8;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out long key)
        {
            key = bytes.Length == 8 ? BinaryPrimitives.ReadInt64BigEndian(bytes) ^ long.MinValue : 0;
            return bytes.Length == 8;
        }
    }

    private sealed class UInt32Codec : KeyCodec<uint>
    {
        public override int SizeBytes(uint key) => 4;

        public override int Write(uint key, Span<byte> destination)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, key);
            return 4;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out uint key)
        {
            key = bytes.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;
            return bytes.Length == 4;
        }
    }

    private sealed class Int32Codec : KeyCodec<int>
    {
        public override int SizeBytes(int key) => 4;

        public override int Write(int key, Span<byte> destination)
        {
            BinaryPrimitives.WriteInt32BigEndian(destination, key ^ int.MinValue);
            return 4;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out int key)
        {
            key = bytes.Length == 4 ? BinaryPrimitives.ReadInt32BigEndian(bytes) ^ int.MinValue : 0;
            return bytes.Length == 4;
        }
    }

    private sealed class ByteCodec : KeyCodec<byte>
    {
        public override int SizeBytes(byte key) => 1;

        public override int Write(byte key, Span<byte> destination)
        {
            destination[0] = key;
            return 1;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out byte key)
        {
            key = bytes.Length == 1 ? bytes[0] : (byte)0;
            return bytes.Length == 1;
        }
    }

    private sealed class BoolCodec : KeyCodec<bool>
    {
        public override int SizeBytes(bool key) => 1;

        public override int Write(bool key, Span<byte> destination)
        {
            destination[0] = key ? (byte)1 : (byte)0;
            return 1;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out bool key)
        {
            key = bytes.Length == 1 && bytes[0] == 1;
            return bytes.Length == 1 && bytes[0] <= 1;
        }
    }

    private sealed class StringCodec : KeyCodec<string>
    {
        private static readonly UTF8Encoding Strict = new(false, true);

        public override int SizeBytes(string key) => Encoding.UTF8.GetByteCount(key);

        public override int Write(string key, Span<byte> destination) => Encoding.UTF8.GetBytes(key, destination);

        public override bool TryRead(ReadOnlySpan<byte> bytes, out string key)
        {
            if (System.Text.Unicode.Utf8.IsValid(bytes))
            {
                key = Strict.GetString(bytes);
                return true;
            }
            key = "";
            return false;
        }
    }

    private sealed class PeerIdCodec : KeyCodec<PeerId>
    {
        public override int SizeBytes(PeerId key) => 16;

        public override int Write(PeerId key, Span<byte> destination)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, key.High);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], key.Low);
            return 16;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out PeerId key)
        {
            key = bytes.Length == 16 ? new PeerId(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])) : default;
            return bytes.Length == 16;
        }
    }

    private sealed class CellCodec : KeyCodec<Cell>
    {
        public override int SizeBytes(Cell key) => 8;

        public override int Write(Cell key, Span<byte> destination)
        {
            BinaryPrimitives.WriteInt32BigEndian(destination, key.X ^ int.MinValue);
            BinaryPrimitives.WriteInt32BigEndian(destination[4..], key.Z ^ int.MinValue);
            return 8;
        }

        public override bool TryRead(ReadOnlySpan<byte> bytes, out Cell key)
        {
            bool good = bytes.Length == 8;
            key = good
                ? new Cell(BinaryPrimitives.ReadInt32BigEndian(bytes) ^ int.MinValue, BinaryPrimitives.ReadInt32BigEndian(bytes[4..]) ^ int.MinValue)
                : default;
            return good;
        }
    }
}
