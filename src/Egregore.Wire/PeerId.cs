using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Egregore.Wire;

/// <summary>
/// Names a peer in the whole network: the first 16 bytes of the SHA-256 of its raw public key (65 bytes, 0x04 || X || Y), read big-endian.
/// The default value is nobody.
/// </summary>
public readonly partial record struct PeerId : IComparable<PeerId>
{
    /// <summary>The length of <see cref="ToString"/>.</summary>
    public const int TextLength = 32;

    /// <summary>Whether it is the default value, which names nobody.</summary>
    public bool IsNone => (High | Low) == 0;

    /// <summary>The id of whoever holds this key.</summary>
    /// <param name="rawPoint">The uncompressed P-256 point, 65 bytes.</param>
    /// <exception cref="ArgumentException">Not 65 bytes.</exception>
    public static PeerId FromPublicKey(ReadOnlySpan<byte> rawPoint)
    {
        if (rawPoint.Length != 65)
        {
            throw new ArgumentException("A raw P-256 point has 65 bytes", nameof(rawPoint));
        }
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(rawPoint, hash);
        return new PeerId(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }

    /// <summary>Reads what <see cref="ToString"/> writes; upper case is accepted.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PeerId id)
    {
        id = default;
        if (text.Length != TextLength
            || !ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high)
            || !ulong.TryParse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low))
        {
            return false;
        }
        id = new PeerId(high, low);
        return true;
    }

    /// <summary>By their 16 bytes, the first one most significant.</summary>
    public int CompareTo(PeerId other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");

    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;
}
