using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Egregore.Sandbox;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>
/// <c>egregore lend-worker</c>: the process that kernels of strangers run in. It reads frames from its standard input and answers on its standard output; it opens no file, no socket, and
/// ends when its input does. Whoever started it confines it (<see cref="Confinement"/>) and ends it when a task takes too long.
/// </summary>
internal static class LendWorker
{
    /// <summary>The command's name on the command line; not listed in the help, as it speaks frames and not to people.</summary>
    public const string Command = "lend-worker";

    private const int StackBytes = 64 << 20;
    private const int KernelsMax = 32;

    // What one frame brings waits here for the one before; the helper sends one task at a time.
    private const int WaitingMax = 64;

    /// <param name="arguments">The pages of 64 KiB that a run's memory may have.</param>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 1 || !int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pages) || pages is < 1 or > 65_536)
        {
            Console.Error.WriteLine("error: lend-worker is started by egregore lend, with the pages of memory that a run may have");
            return ExitCodes.Usage;
        }

        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        using var frames = new BlockingCollection<(FrameType, byte[])>(WaitingMax);
        using var sandbox = new KernelSandbox(new SandboxOptions { MemoryPagesMax = pages, KernelsMax = KernelsMax }, TimeProvider.System);
        // Kernels run on a thread of their own: the end of the input is noticed while one runs, and ends the process whatever it does.
        var running = new Thread(() => Serve(sandbox, frames, output), StackBytes) { IsBackground = true, Name = "kernel" };
        running.Start();
        Send(output, FrameType.Ready, [WorkerFrames.Version], []);
        try
        {
            while (WorkerFrames.ReadAsync(input, CancellationToken.None).GetAwaiter().GetResult() is { } frame)
                frames.Add(frame);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or IOException)
        {
            return ExitCodes.Failed;
        }

        return ExitCodes.Success;
    }

    private static void Serve(KernelSandbox sandbox, BlockingCollection<(FrameType Type, byte[] Body)> frames, Stream output)
    {
        try
        {
            foreach (var (type, body) in frames.GetConsumingEnumerable())
            {
                if (type == FrameType.Load && body.Length >= KernelHash.Size)
                    Load(sandbox, body, output);
                else if (type == FrameType.Run && body.Length >= WorkerFrames.RunHead)
                    RunTask(sandbox, body, output);
                else
                    Environment.Exit(ExitCodes.Failed);
            }
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException)
        {
            // Nobody reads any more, or the memory that it was given is used up: a new process begins anew.
            Environment.Exit(ExitCodes.Environment);
        }
    }

    private static void Load(KernelSandbox sandbox, byte[] body, Stream output)
    {
        var problem = "";
        try
        {
            sandbox.Load(KernelHash.Read(body.AsSpan(0, KernelHash.Size)), body.AsSpan(KernelHash.Size));
        }
        catch (KernelRefusedException e)
        {
            problem = e.Message;
        }

        Send(output, FrameType.Loaded, body[..KernelHash.Size], Encoding.UTF8.GetBytes(problem));
    }

    private static void RunTask(KernelSandbox sandbox, byte[] body, Stream output)
    {
        var sharedLength = BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(48));
        if (sharedLength > (uint)(body.Length - WorkerFrames.RunHead))
            Environment.Exit(ExitCodes.Failed);
        var shared = body.AsSpan(WorkerFrames.RunHead, (int)sharedLength);
        var input = body.AsSpan(WorkerFrames.RunHead + (int)sharedLength);
        var started = Stopwatch.GetTimestamp();
        var run = sandbox.Run(
            KernelHash.Read(body.AsSpan(4, KernelHash.Size)), shared, input, BinaryPrimitives.ReadUInt64LittleEndian(body.AsSpan(36)), (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(44))));
        var took = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        var text = Encoding.UTF8.GetBytes(run.Text ?? "");
        var head = new byte[WorkerFrames.RanHead + text.Length];
        body.AsSpan(0, 4).CopyTo(head);
        head[4] = (byte)run.Fault;
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(5), run.Fuel);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(13), (uint)Math.Clamp(took, 1, uint.MaxValue));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(17), text.Length);
        text.CopyTo(head.AsSpan(WorkerFrames.RanHead));
        Send(output, FrameType.Ran, head, run.Output);
    }

    private static void Send(Stream output, FrameType type, byte[] head, byte[] body) =>
        WorkerFrames.WriteAsync(output, type, head, body, default, CancellationToken.None).GetAwaiter().GetResult();
}
