using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>One task as it was assigned.</summary>
internal sealed class WorkItem(WorkAssign assign, ReadOnlyMemory<byte> shared, long receivedMs)
{
    public ulong Lease => assign.Lease;

    public KernelHash Kernel { get; } = KernelHash.Read(assign.Kernel.Span);

    public ReadOnlyMemory<byte> Shared => shared;

    public ReadOnlyMemory<byte> Input => assign.Input;

    public ulong Fuel => assign.Fuel;

    public uint OutputMax => assign.OutputMax;

    public long ReceivedMs => receivedMs;

    /// <summary>By the helper's clock; later results are refused.</summary>
    public long DeadlineMs => receivedMs + assign.RunMs;
}
