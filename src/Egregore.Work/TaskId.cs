namespace Egregore.Work;

/// <summary>One task, in the coordinator that gave the id. It is never sent to a helper. The default value is none.</summary>
/// <param name="Slot">Place in the coordinator's table.</param>
/// <param name="Generation">Tells tasks that used the same place apart; from 1.</param>
public readonly record struct TaskId(int Slot, uint Generation)
{
    /// <summary>Whether it names no task.</summary>
    public bool IsNone => Generation == 0;
}
