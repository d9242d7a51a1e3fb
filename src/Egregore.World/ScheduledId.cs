using System.Buffers.Binary;

namespace Egregore.World;

/// <summary>A scheduled call: when, and a number unique in its world. Ordered by time, then by number: the order in which they run.</summary>
public readonly record struct ScheduledId(long AtMs, ulong Number) : IComparable<ScheduledId>
{
    public int CompareTo(ScheduledId other) => AtMs != other.AtMs ? AtMs.CompareTo(other.AtMs) : Number.CompareTo(other.Number);

    public static bool operator <(ScheduledId left, ScheduledId right) => left.CompareTo(right) < 0;

    public static bool operator >(ScheduledId left, ScheduledId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ScheduledId left, ScheduledId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ScheduledId left, ScheduledId right) => left.CompareTo(right) >= 0;
}

internal sealed class ScheduledIdCodec : KeyCodec<ScheduledId>
{
    public override int SizeBytes(ScheduledId key) => 16;

    public override int Write(ScheduledId key, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, key.AtMs ^ long.MinValue);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], key.Number);
        return 16;
    }

    public override bool TryRead(ReadOnlySpan<byte> bytes, out ScheduledId key)
    {
        key = bytes.Length == 16
            ? new ScheduledId(BinaryPrimitives.ReadInt64BigEndian(bytes) ^ long.MinValue, BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]))
            : default;
        return bytes.Length == 16;
    }
}
