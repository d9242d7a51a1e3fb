namespace Egregore.Work;

/// <summary>What became of a submit.</summary>
public enum SubmitStatus : byte
{
    /// <summary>The task is under way.</summary>
    Accepted,

    /// <summary>The (world, key) is remembered: its task, which may be settled already.</summary>
    Repeated,

    /// <summary>No such kernel.</summary>
    UnknownKernel,

    /// <summary>No such world.</summary>
    UnknownWorld,

    /// <summary>The shared block is not in the store.</summary>
    UnknownBlock,

    /// <summary>Shared block and input are over the kernel's bound.</summary>
    TooLarge,

    /// <summary>The deadline is over, or further away than <see cref="WorkOptions.DeadlineMaxUs"/>.</summary>
    BadDeadline,

    /// <summary>Replicas out of range.</summary>
    BadReplicas,

    /// <summary>A bound on tasks is reached; cosmetic ones are refused first.</summary>
    Overloaded,

    /// <summary>The world's balance is below what it agreed to.</summary>
    NoCredit,
}

/// <summary>The answer to a submit.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Task">The task; none where it was refused.</param>
public readonly record struct SubmitResult(SubmitStatus Status, TaskId Task)
{
    /// <summary>Whether the task will be settled, or was.</summary>
    public bool Taken => Status <= SubmitStatus.Repeated;
}
