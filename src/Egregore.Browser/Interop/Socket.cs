using System.Runtime.InteropServices.JavaScript;

namespace Egregore.Browser.Interop;

/// <summary>web/src/edge/socket.ts: the one WebSocket of a session.</summary>
internal static partial class Socket
{
    internal const byte Message = 0;
    internal const byte Opened = 1;
    internal const byte Closed = 2;

    /// <summary>Opens a connection, closing an earlier one; gives its number, which its records carry.</summary>
    [JSImport("socketOpen", Edge.Module)]
    internal static partial int Open(string url);

    /// <summary>False when the socket is not open or too much waits.</summary>
    [JSImport("socketSend", Edge.Module)]
    internal static partial bool Send([JSMarshalAs<JSType.MemoryView>] Span<byte> message);

    [JSImport("socketClose", Edge.Module)]
    internal static partial void Close();

    /// <summary>See <see cref="RecordReader"/>.</summary>
    [JSImport("socketDrain", Edge.Module)]
    internal static partial int Drain([JSMarshalAs<JSType.MemoryView>] Span<byte> destination);
}
