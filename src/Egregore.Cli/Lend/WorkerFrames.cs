using System.Buffers.Binary;

namespace Egregore.Cli.Lend;

/// <summary>What helper and worker say to each other over the worker's standard input and output.</summary>
internal enum FrameType : byte
{
    /// <summary>To the worker: <c>hash 32 | module</c>.</summary>
    Load = 1,

    /// <summary>To the worker: <c>id u32 | hash 32 | fuel u64 | outputMax u32 | length of shared u32 | shared | input</c>.</summary>
    Run = 2,

    /// <summary>From the worker, once: <c>version u8</c>.</summary>
    Ready = 16,

    /// <summary>From the worker: <c>hash 32 | why it was not taken, UTF-8; empty: it was</c>.</summary>
    Loaded = 17,

    /// <summary>From the worker: <c>id u32 | fault u8 | fuel u64 | microseconds u32 | length of text u32 | text, UTF-8 | output</c>.</summary>
    Ran = 18,
}

/// <summary>
/// Frames over a pipe: <c>length u32 | type u8 | body</c>, little-endian, the length without itself. The worker runs strangers' code, so the helper reads its frames as those of a stranger.
/// </summary>
internal static class WorkerFrames
{
    public const byte Version = 1;

    /// <summary>Bytes of one frame: a module, or a task, or an answer.</summary>
    public const int BytesMax = 64 << 20;

    /// <summary>Bytes before the shared block of <see cref="FrameType.Run"/>.</summary>
    public const int RunHead = 4 + 32 + 8 + 4 + 4;

    /// <summary>Bytes before the text of <see cref="FrameType.Ran"/>.</summary>
    public const int RanHead = 4 + 1 + 8 + 4 + 4;

    /// <summary>Writes one frame of several parts.</summary>
    public static async Task WriteAsync(Stream stream, FrameType type, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> tail, CancellationToken cancel)
    {
        var start = new byte[5 + head.Length];
        BinaryPrimitives.WriteInt32LittleEndian(start, 1 + head.Length + body.Length + tail.Length);
        start[4] = (byte)type;
        head.CopyTo(start.AsMemory(5));
        await stream.WriteAsync(start, cancel);
        if (!body.IsEmpty)
            await stream.WriteAsync(body, cancel);
        if (!tail.IsEmpty)
            await stream.WriteAsync(tail, cancel);
        await stream.FlushAsync(cancel);
    }

    /// <summary>Reads one frame; null at the end of the pipe.</summary>
    /// <exception cref="InvalidDataException">No frame.</exception>
    /// <exception cref="EndOfStreamException">The pipe ended within a frame.</exception>
    public static async Task<(FrameType Type, byte[] Body)?> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var start = new byte[5];
        var got = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancel);
        if (got == 0)
            return null;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(start);
        if (got < start.Length || length is < 1 or > BytesMax)
            throw new InvalidDataException($"not a frame: length {length}");
        var body = new byte[length - 1];
        await stream.ReadExactlyAsync(body, cancel);
        return ((FrameType)start[4], body);
    }
}
