using System.Runtime.InteropServices.JavaScript;

namespace Egregore.Browser;

/// <summary>
/// The edge to <c>web/src/edge/frame.ts</c>: crossed once a frame. The page writes what came in into <see cref="Input"/>, calls <see cref="Frame"/>, and reads what is
/// to be sent and drawn from <see cref="Output"/>.
/// </summary>
/// <remarks>The two buffers are handed to the page once, as memory views that stay valid for the page's life; a crossing passes lengths only.</remarks>
internal static partial class FrameInterop
{
    /// <summary>Bytes of each buffer; a frame with more to say says the rest in the next one.</summary>
    private const int BufferBytes = 256 * 1024;

    private static readonly byte[] InputBuffer = new byte[BufferBytes];
    private static readonly byte[] OutputBuffer = new byte[BufferBytes];

    /// <summary>The buffer that the page writes.</summary>
    [JSExport]
    [return: JSMarshalAs<JSType.MemoryView>]
    internal static ArraySegment<byte> Input() => InputBuffer;

    /// <summary>The buffer that the page reads.</summary>
    [JSExport]
    [return: JSMarshalAs<JSType.MemoryView>]
    internal static ArraySegment<byte> Output() => OutputBuffer;

    /// <summary>One frame: takes <paramref name="inputBytes"/> of the input, gives the bytes written to the output.</summary>
    /// <param name="inputBytes">How much of the input buffer is filled.</param>
    /// <param name="nowMs">The page's clock, milliseconds since the Unix epoch.</param>
    [JSExport]
    internal static int Frame(int inputBytes, double nowMs)
    {
        ReadOnlySpan<byte> input = InputBuffer.AsSpan(0, Math.Clamp(inputBytes, 0, BufferBytes));
        input.CopyTo(OutputBuffer);
        return nowMs < 0 ? 0 : input.Length;
    }
}
