using System.Runtime.InteropServices.JavaScript;

namespace Egregore.Browser.Interop;

/// <summary>web/src/edge/rtc.ts: direct links, each named by an index while it lives.</summary>
internal static partial class Rtc
{
    internal const byte Reliable = 0;
    internal const byte Reflex = 1;
    internal const byte Signalled = 16;
    internal const byte StateChanged = 17;

    internal const byte StateOpen = 1;
    internal const byte StateFailed = 3;
    internal const byte StateClosed = 4;

    /// <summary>ICE servers for links made from now on, separated by line feeds.</summary>
    [JSImport("rtcConfigure", Edge.Module)]
    internal static partial void Configure(string urls);

    /// <summary>Dials; gives the link's index, -1 when there are too many links or no WebRTC.</summary>
    [JSImport("rtcOffer", Edge.Module)]
    internal static partial int Offer(string peer, double connection);

    /// <summary>A remote description or candidate; gives the link's index, -1 when it was ignored.</summary>
    [JSImport("rtcSignal", Edge.Module)]
    internal static partial int Signal(string peer, double connection, int type, string data, string mid);

    /// <summary>0: sent; else why not (rtc.ts, SendResult).</summary>
    [JSImport("rtcSend", Edge.Module)]
    internal static partial int Send(int index, int channel, [JSMarshalAs<JSType.MemoryView>] Span<byte> message);

    [JSImport("rtcClose", Edge.Module)]
    internal static partial void Close(int index);

    /// <summary>See <see cref="RecordReader"/>.</summary>
    [JSImport("rtcDrain", Edge.Module)]
    internal static partial int Drain([JSMarshalAs<JSType.MemoryView>] Span<byte> destination);
}
