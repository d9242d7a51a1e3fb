namespace Egregore.Work;

/// <summary>Which of a world's waiting tasks goes first.</summary>
public enum TaskPriority : byte
{
    /// <summary>Before all others.</summary>
    Urgent = 0,

    /// <summary>The usual.</summary>
    Normal = 1,

    /// <summary>When nothing else waits.</summary>
    Background = 2,
}
