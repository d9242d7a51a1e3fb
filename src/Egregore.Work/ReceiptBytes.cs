using System.Buffers.Binary;
using Egregore.Wire;

namespace Egregore.Work;

/// <summary>
/// The bytes that truth signs for a receipt. Integers little-endian, but for the owner's id, whose 16 bytes are as they are everywhere:
/// <code>
///   0  18  "egregore-receipt-1" (ASCII)
///  18  16  owner, big-endian
///  34   8  lease
///  42  32  kernel
///  74   1  verdict
///  75   8  fuel
///  83   8  credits, signed, millionths
///  91   8  time, milliseconds since the Unix epoch
/// </code>
/// </summary>
public static class ReceiptBytes
{
    /// <summary>Bytes of a receipt.</summary>
    public const int Size = 99;

    /// <summary>Writes them.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="Size"/>.</exception>
    public static void Write(Span<byte> destination, PeerId owner, in Receipt receipt, ulong timeMs)
    {
        if (destination.Length < Size)
            throw new ArgumentException($"A receipt has {Size} bytes", nameof(destination));
        "egregore-receipt-1"u8.CopyTo(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[18..], owner.High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[26..], owner.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[34..], receipt.Lease);
        receipt.Kernel.Write(destination[42..]);
        destination[74] = (byte)receipt.Verdict;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[75..], receipt.Fuel);
        BinaryPrimitives.WriteInt64LittleEndian(destination[83..], receipt.Credits);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[91..], timeMs);
    }
}
