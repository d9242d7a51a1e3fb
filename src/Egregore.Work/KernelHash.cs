using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Egregore.Work;

/// <summary>
/// Names a kernel, or a block of data: the SHA-256 of its bytes, kept as four big-endian words. A kernel's bytes are those of its metered module, which every host
/// runs. The default value is none.
/// </summary>
public readonly record struct KernelHash : IComparable<KernelHash>
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private readonly ulong _a, _b, _c, _d;

    private KernelHash(ulong a, ulong b, ulong c, ulong d) => (_a, _b, _c, _d) = (a, b, c, d);

    /// <summary>Whether it is the default value, which names nothing.</summary>
    public bool IsNone => (_a | _b | _c | _d) == 0;

    /// <summary>The hash of these bytes.</summary>
    public static KernelHash Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(content, hash);
        return Read(hash);
    }

    /// <summary>Reads 32 bytes.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static KernelHash Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"A SHA-256 has {Size} bytes, not {bytes.Length}", nameof(bytes));
        return new KernelHash(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
    }

    /// <summary>Writes its 32 bytes.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    public void Write(Span<byte> destination)
    {
        if (destination.Length < Size)
            throw new ArgumentException($"A SHA-256 needs {Size} bytes, not {destination.Length}", nameof(destination));
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>Its 32 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    /// <summary>Reads what <see cref="ToString"/> writes; upper case is accepted.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out KernelHash hash)
    {
        hash = default;
        Span<ulong> words = stackalloc ulong[4];
        if (text.Length != 2 * Size)
            return false;
        for (var i = 0; i < words.Length; i++)
        {
            if (!ulong.TryParse(text.Slice(16 * i, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out words[i]))
                return false;
        }
        hash = new KernelHash(words[0], words[1], words[2], words[3]);
        return true;
    }

    /// <summary>By their bytes, the first one most significant.</summary>
    public int CompareTo(KernelHash other)
    {
        var order = _a.CompareTo(other._a);
        order = order != 0 ? order : _b.CompareTo(other._b);
        order = order != 0 ? order : _c.CompareTo(other._c);
        return order != 0 ? order : _d.CompareTo(other._d);
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_a:x16}{_b:x16}{_c:x16}{_d:x16}");

    public static bool operator <(KernelHash left, KernelHash right) => left.CompareTo(right) < 0;

    public static bool operator >(KernelHash left, KernelHash right) => left.CompareTo(right) > 0;

    public static bool operator <=(KernelHash left, KernelHash right) => left.CompareTo(right) <= 0;

    public static bool operator >=(KernelHash left, KernelHash right) => left.CompareTo(right) >= 0;
}
