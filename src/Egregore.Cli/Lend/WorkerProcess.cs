using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>A worker's process, seen from the helper. One call at a time; whatever it says that it should not ends it.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private const int TextBytesMax = 4 * 1024;
    private const int ErrorCharsMax = 2_000;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly Stream _to;
    private readonly Stream _from;
    private readonly HashSet<KernelHash> _kernels = [];
    private readonly StringBuilder _errors = new();
    private uint _runs;

    private WorkerProcess(Process process)
    {
        _process = process;
        _to = process.StandardInput.BaseStream;
        _from = process.StandardOutput.BaseStream;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                if (line.Data is { } data && _errors.Length < ErrorCharsMax)
                    _errors.AppendLine(data[..Math.Min(data.Length, ErrorCharsMax)]);
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>The process as it was started: with walls around it, theirs.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it holds a kernel, as far as the helper knows.</summary>
    public bool Holds(KernelHash kernel) => _kernels.Contains(kernel);

    /// <summary>Starts a worker and waits until it is ready.</summary>
    /// <exception cref="WorkerException">It did not start, or said something else; the message has what it wrote to its error output.</exception>
    public static async Task<WorkerProcess> StartAsync(ProcessStartInfo start, TimeSpan patience, CancellationToken cancel)
    {
        var worker = new WorkerProcess(await WorkerStarter.StartAsync(start));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try
        {
            var body = await worker.ExpectAsync(FrameType.Ready, limit.Token);
            return body is [WorkerFrames.Version] ? worker : throw new WorkerException("the worker is of another version");
        }
        catch (Exception e)
        {
            worker.Dispose();
            if (e is OperationCanceledException && !cancel.IsCancellationRequested)
                throw new WorkerException($"the worker was not ready in {patience.TotalSeconds:0} s", e);
            throw;
        }
    }

    /// <summary>Hands a kernel over. Null, or why the worker does not take it.</summary>
    /// <exception cref="WorkerException">The worker ended, or said something else.</exception>
    public async Task<string?> LoadAsync(KernelHash kernel, ReadOnlyMemory<byte> module, CancellationToken cancel)
    {
        await SendAsync(FrameType.Load, kernel.ToArray(), module, default, cancel);
        var body = await ExpectAsync(FrameType.Loaded, cancel);
        if (body.Length < KernelHash.Size || KernelHash.Read(body.AsSpan(0, KernelHash.Size)) != kernel)
            throw new WorkerException("the worker answered on another kernel");
        if (body.Length > KernelHash.Size)
            return Text(body.AsSpan(KernelHash.Size));
        _kernels.Add(kernel);
        return null;
    }

    /// <summary>Runs a task.</summary>
    /// <exception cref="WorkerException">The worker ended, or said something else.</exception>
    public async Task<WorkerRun> RunAsync(KernelHash kernel, ReadOnlyMemory<byte> shared, ReadOnlyMemory<byte> input, ulong fuel, uint outputMax, CancellationToken cancel)
    {
        var head = new byte[WorkerFrames.RunHead];
        var id = ++_runs;
        BinaryPrimitives.WriteUInt32LittleEndian(head, id);
        kernel.Write(head.AsSpan(4));
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(36), fuel);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(44), outputMax);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(48), shared.Length);
        await SendAsync(FrameType.Run, head, shared, input, cancel);
        var body = await ExpectAsync(FrameType.Ran, cancel);
        var textLength = body.Length < WorkerFrames.RanHead ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(17));
        if (body.Length < WorkerFrames.RanHead || BinaryPrimitives.ReadUInt32LittleEndian(body) != id || textLength > body.Length - WorkerFrames.RanHead
            || body[4] > (byte)WorkFault.Internal || body.Length - WorkerFrames.RanHead - textLength > outputMax)
            throw new WorkerException("the worker's answer is malformed");
        var fault = (WorkFault)body[4];
        if (fault == WorkFault.Missing)
            _kernels.Remove(kernel);
        return new WorkerRun(
            fault,
            body.AsMemory(WorkerFrames.RanHead + (int)textLength),
            Math.Min(fuel, BinaryPrimitives.ReadUInt64LittleEndian(body.AsSpan(5))),
            BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(13)),
            Text(body.AsSpan(WorkerFrames.RanHead, (int)textLength)));
    }

    /// <summary>Ends it at once, with its walls.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private async Task SendAsync(FrameType type, byte[] head, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> tail, CancellationToken cancel)
    {
        try
        {
            await WorkerFrames.WriteAsync(_to, type, head, body, tail, cancel);
        }
        catch (IOException e)
        {
            throw await EndedAsync(e);
        }
    }

    private async Task<byte[]> ExpectAsync(FrameType type, CancellationToken cancel)
    {
        try
        {
            if (await WorkerFrames.ReadAsync(_from, cancel) is not { } frame)
                throw await EndedAsync(null);
            return frame.Type == type ? frame.Body : throw new WorkerException($"the worker said {frame.Type} instead of {type}");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException or InvalidOperationException)
        {
            throw await EndedAsync(e);
        }
    }

    private async Task<WorkerException> EndedAsync(Exception? inner)
    {
        try
        {
            // What it wrote last may still be on its way.
            await _process.WaitForExitAsync().WaitAsync(LastWords);
        }
        catch (TimeoutException)
        {
            // It has not ended; whoever gets the exception ends it.
        }

        string errors;
        lock (_errors)
            errors = _errors.ToString().ReplaceLineEndings(" ").Trim();
        return new WorkerException(errors.Length == 0 ? "the worker ended" : $"the worker ended: {errors}", inner);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, TextBytesMax)]);
}

/// <summary>A worker's process did not do what it should; the message is one line for people.</summary>
internal sealed class WorkerException(string message, Exception? inner = null) : Exception(message, inner);
