namespace Egregore.WebRtc.Stun;

/// <summary>CRC-32 of ITU V.42 and the FINGERPRINT made of it (RFC 8489 section 14.7).</summary>
internal static class StunCrc
{
    private const uint FingerprintXor = 0x5354554E;
    private static readonly uint[] Table = BuildTable();

    public static uint Fingerprint(ReadOnlySpan<byte> message) => Compute(message) ^ FingerprintXor;

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = (crc >> 8) ^ Table[(byte)(crc ^ b)];
        return ~crc;
    }

    private static uint[] BuildTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
