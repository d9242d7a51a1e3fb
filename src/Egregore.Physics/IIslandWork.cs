namespace Egregore.Physics;

/// <summary>Where a cascade's tasks go. Answers come back through <see cref="Cascade.Complete"/> and <see cref="Cascade.Correct"/>.</summary>
public interface IIslandWork
{
    /// <summary>Takes a task; it is answered by its deadline, by whatever level of failover that takes.</summary>
    void Submit(IslandTask task);

    /// <summary>The answer is of no use any more.</summary>
    void Cancel(ulong key);
}
