using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Egregore.WebRtc.Sctp;

/// <summary>CRC32c (Castagnoli), as in RFC 9260 appendix A. Uses the processor's instruction where there is one.</summary>
internal static class Crc32c
{
    private const int ChecksumOffset = 8;

    /// <summary>The checksum of some bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Update(uint.MaxValue, bytes);

    /// <summary>The checksum of a packet whose checksum field counts as zero, whatever it holds.</summary>
    /// <param name="packet">At least the common header of 12 bytes.</param>
    public static uint ComputePacket(ReadOnlySpan<byte> packet)
    {
        uint crc = Update(uint.MaxValue, packet[..ChecksumOffset]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Update(crc, packet[(ChecksumOffset + sizeof(uint))..]);
    }

    private static uint Update(uint crc, ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int at = 0;
        for (; at <= bytes.Length - sizeof(ulong); at += sizeof(ulong))
            crc = BitOperations.Crc32C(crc, Little(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at))));
        for (; at < bytes.Length; at++) crc = BitOperations.Crc32C(crc, bytes[at]);
        return crc;
    }

    private static ulong Little(ulong value) =>
        BitConverter.IsLittleEndian ? value : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
}
