using System.Buffers.Binary;
using System.Globalization;

namespace Egregore.Crdt;

/// <summary>
/// Names one replica: one writer of a replicated store during one life of its state. Ordered; the order breaks ties between writes of
/// the same time.
/// </summary>
/// <remarks>
/// Scope: one store. A replica that lost its state, or comes from an older copy of it, takes a new id: the numbers of its writes would
/// otherwise be given twice. All zero is no replica.
/// </remarks>
/// <param name="High">The first eight bytes, big-endian.</param>
/// <param name="Low">The last eight bytes, big-endian.</param>
public readonly record struct ReplicaId(ulong High, ulong Low) : IComparable<ReplicaId>
{
    /// <summary>Bytes of an id in every encoding.</summary>
    public const int SizeBytes = 16;

    /// <summary>Reads 16 bytes, big-endian.</summary>
    public static ReplicaId Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Writes 16 bytes, big-endian, so that bytes sort as ids do.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <inheritdoc/>
    public int CompareTo(ReplicaId other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>32 lower-case hex digits.</summary>
    public override string ToString() => High.ToString("x16", CultureInfo.InvariantCulture) + Low.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Order of ids.</summary>
    public static bool operator <(ReplicaId left, ReplicaId right) => left.CompareTo(right) < 0;

    /// <summary>Order of ids.</summary>
    public static bool operator >(ReplicaId left, ReplicaId right) => left.CompareTo(right) > 0;

    /// <summary>Order of ids.</summary>
    public static bool operator <=(ReplicaId left, ReplicaId right) => left.CompareTo(right) <= 0;

    /// <summary>Order of ids.</summary>
    public static bool operator >=(ReplicaId left, ReplicaId right) => left.CompareTo(right) >= 0;
}
