using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Egregore.Wire;

namespace Egregore.Work;

/// <summary>Writes what is kept of owners and balances. Layout: docs/work.md. Little-endian but for peer ids and hashes, as everywhere.</summary>
internal ref struct StandingWriter(int capacity)
{
    public const int HeadBytes = 32;
    public const int HashBytes = 32;

    private byte[] _bytes = new byte[Math.Max(256, capacity)];
    private int _length;

    /// <summary>What the bytes begin with: the format's name and version.</summary>
    public static ReadOnlySpan<byte> Name => "egregore-standing-1\0\0\0\0\0"u8;

    public void Begin(long wallUs)
    {
        Name.CopyTo(Next(Name.Length));
        Int64(wallUs);
    }

    /// <summary>The bytes with the SHA-256 of all before it at the end.</summary>
    public byte[] End()
    {
        var whole = new byte[_length + HashBytes];
        _bytes.AsSpan(0, _length).CopyTo(whole);
        SHA256.HashData(whole.AsSpan(0, _length), whole.AsSpan(_length));
        return whole;
    }

    public void Byte(byte value) => Next(1)[0] = value;

    public void UInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Next(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Next(8), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Next(8), value);

    public void Double(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Next(8), value);

    public void Hash(in KernelHash hash) => hash.Write(Next(KernelHash.Size));

    public void Peer(PeerId id)
    {
        var to = Next(16);
        BinaryPrimitives.WriteUInt64BigEndian(to, id.High);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], id.Low);
    }

    /// <summary>A byte of length and so many of UTF-8; what is longer is cut between characters.</summary>
    public void Text(string text, int bytesMax)
    {
        Span<byte> utf8 = stackalloc byte[256];
        _ = Utf8.FromUtf16(text, utf8[..Math.Min(bytesMax, 255)], out _, out var length);
        Byte((byte)length);
        utf8[..length].CopyTo(Next(length));
    }

    private Span<byte> Next(int bytes)
    {
        if (_bytes.Length - _length < bytes)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + bytes));
        _length += bytes;
        return _bytes.AsSpan(_length - bytes, bytes);
    }
}

/// <summary>Reads what <see cref="StandingWriter"/> wrote; after the end everything is zero and <see cref="Failed"/> is set.</summary>
internal ref struct StandingReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes[StandingWriter.HeadBytes..^StandingWriter.HashBytes];

    /// <summary>More was asked for than there is.</summary>
    public bool Failed { get; private set; }

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Why these are no such bytes, or damaged; null: they are whole.</summary>
    public static string? Problem(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < StandingWriter.HeadBytes + StandingWriter.HashBytes)
            return "it is too short";
        if (!bytes.StartsWith(StandingWriter.Name))
            return bytes.StartsWith("egregore-standing-"u8) ? "it is of another version" : "it is something else";
        Span<byte> hash = stackalloc byte[StandingWriter.HashBytes];
        SHA256.HashData(bytes[..^StandingWriter.HashBytes], hash);
        return hash.SequenceEqual(bytes[^StandingWriter.HashBytes..]) ? null : "its checksum is wrong";
    }

    public byte Byte() => Next(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Next(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Next(8));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Next(8));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Next(8));

    public KernelHash Hash() => KernelHash.Read(Next(KernelHash.Size));

    public PeerId Peer()
    {
        var from = Next(16);
        return new PeerId(BinaryPrimitives.ReadUInt64BigEndian(from), BinaryPrimitives.ReadUInt64BigEndian(from[8..]));
    }

    public string Text() => Encoding.UTF8.GetString(Next(Byte()));

    private ReadOnlySpan<byte> Next(int bytes)
    {
        if (_rest.Length < bytes)
        {
            Failed = true;
            _rest = default;
            return new byte[bytes];
        }

        var next = _rest[..bytes];
        _rest = _rest[bytes..];
        return next;
    }
}
