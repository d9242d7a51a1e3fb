namespace Egregore.WebRtc.Sctp;

/// <summary>Serial number arithmetic (RFC 1982): TSNs, stream and request sequence numbers wrap around.</summary>
internal static class Serial
{
    public static bool Less(uint a, uint b) => (int)(a - b) < 0;

    public static bool LessOrEqual(uint a, uint b) => (int)(a - b) <= 0;

    public static bool Less(ushort a, ushort b) => (short)(a - b) < 0;

    public static bool LessOrEqual(ushort a, ushort b) => (short)(a - b) <= 0;

    public static uint Max(uint a, uint b) => Less(a, b) ? b : a;

    public static uint Min(uint a, uint b) => Less(a, b) ? a : b;
}
