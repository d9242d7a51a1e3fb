using Egregore.Physics;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>The kernel that moves islands: from a task to bytes without names or places, and back.</summary>
internal interface IIslandKernel
{
    KernelHash Hash { get; }

    /// <summary>The kernel's input: relative, nameless.</summary>
    byte[] Write(IslandTask task);

    /// <summary>The bodies in the order asked; null where the output is not one of this task.</summary>
    BodyState[]? Read(IslandTask task, ReadOnlySpan<byte> output);
}
