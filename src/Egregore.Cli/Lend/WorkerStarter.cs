using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace Egregore.Cli.Lend;

/// <summary>
/// Starts processes from one thread that lives as long as the program. A process that asked to die with its parent (bubblewrap's <c>--die-with-parent</c>, prctl(2) PR_SET_PDEATHSIG) dies
/// with the thread that started it, and the pool's threads come and go.
/// </summary>
internal static class WorkerStarter
{
    // A start takes milliseconds, and each slot waits for its own.
    private const int WaitingMax = 256;
    private static readonly Lazy<BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Done)>> Waiting = new(Begin);

    /// <exception cref="WorkerException">The program does not start.</exception>
    public static Task<Process> StartAsync(ProcessStartInfo start)
    {
        var done = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Waiting.Value.Add((start, done));
        return done.Task;
    }

    private static BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Done)> Begin()
    {
        var waiting = new BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Done)>(WaitingMax);
        new Thread(() =>
        {
            foreach (var (start, done) in waiting.GetConsumingEnumerable())
            {
                try
                {
                    done.SetResult(Process.Start(start)!);
                }
                catch (Exception e) when (e is Win32Exception or InvalidOperationException)
                {
                    done.SetException(new WorkerException($"{start.FileName} does not start: {e.Message}", e));
                }
            }
        })
        { IsBackground = true, Name = "starter" }.Start();
        return waiting;
    }
}
