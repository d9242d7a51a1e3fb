using System.Collections.Concurrent;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>Tasks that programs submit over HTTP and wait for.</summary>
internal sealed class ApiTasks : ISettlements
{
    /// <summary>Marks its tasks among the coordinator's.</summary>
    public const byte TagNumber = 2;

    private const int WaitingMax = 1_024;
    private const ulong KeyMask = (1UL << 56) - 1;

    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<TaskAnswer>> _waiting = new();
    private long _key;

    public ApiTasks(WorkHost work) => work.Listen(TagNumber, this);

    /// <summary>What a submit came to.</summary>
    /// <param name="Answer">The answer; null: refused.</param>
    /// <param name="Refused">Why.</param>
    /// <param name="Overloaded">Whether it may be taken later.</param>
    public readonly record struct Outcome(TaskAnswer? Answer, string? Refused, bool Overloaded);

    /// <summary>Submits a task and waits: critical ones until they are verified, others for the first answer.</summary>
    public async Task<Outcome> RunAsync(WorkHost work, KernelHash kernel, byte[] input, VerificationClass? kind, int deadlineMs, CancellationToken cancel)
    {
        if (_waiting.Count >= WaitingMax)
            return new Outcome(null, $"{WaitingMax} tasks wait already", true);
        var key = (ulong)Interlocked.Increment(ref _key) & KeyMask;
        var done = new TaskCompletionSource<TaskAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[key] = done;
        try
        {
            var result = work.Submit(new WorkTask
            {
                Kernel = kernel,
                World = WorkHost.World,
                Input = input,
                Class = kind,
                DeadlineUs = work.DeadlineUs(work.NowMs + deadlineMs),
                Tag = ((ulong)TagNumber << 56) | key,
            });
            if (!result.Taken)
                return new Outcome(null, Text(result.Status), result.Status is SubmitStatus.Overloaded or SubmitStatus.NoCredit);
            try
            {
                return new Outcome(await done.Task.WaitAsync(cancel), null, false);
            }
            catch (OperationCanceledException)
            {
                work.Cancel(result.Task);
                throw;
            }
        }
        finally
        {
            _waiting.TryRemove(key, out _);
        }
    }

    public void Settled(in Settlement settlement)
    {
        if (settlement.Outcome == TaskOutcome.Provisional && settlement.Class == VerificationClass.Critical)
            return;
        if (!_waiting.TryGetValue(settlement.Tag & KeyMask, out var done))
            return;
        done.TrySetResult(new TaskAnswer(
            settlement.Outcome.ToString().ToLowerInvariant(),
            settlement.Outcome == TaskOutcome.Failed ? null : Convert.ToBase64String(settlement.Output),
            settlement.Outcome == TaskOutcome.Failed ? settlement.Failure.ToString() : null,
            settlement.By.ToString().ToLowerInvariant(),
            settlement.Level.ToString().ToLowerInvariant(),
            settlement.Fuel,
            settlement.ElapsedUs / 1000.0));
    }

    private static string Text(SubmitStatus status) => status switch
    {
        SubmitStatus.UnknownKernel => "no kernel of that hash is here: upload it first",
        SubmitStatus.TooLarge => "the input is larger than the kernel takes",
        SubmitStatus.BadDeadline => "the deadline is too near or too far",
        SubmitStatus.NoCredit => "the world has no credit left",
        SubmitStatus.Overloaded => "too many tasks wait",
        _ => status.ToString(),
    };
}
