namespace Egregore.Work;

internal enum LeaseEnd : byte
{
    Live,
    Answered,
    Expired,
    Cancelled,
}

/// <summary>One lease. Kept for a while after its end, so that a late answer is told from a forged one.</summary>
internal sealed class LeaseEntry(int index)
{
    public int Index { get; } = index;

    public ulong Token;
    public LeaseEnd End = LeaseEnd.Cancelled;
    public HelperEntry? Helper;
    public uint HelperGeneration;
    public TaskEntry? Task;
    public KernelEntry Kernel = null!;
    public FailoverLevel Level;
    public long AssignedUs;
    public long ExpiresUs;
    public double PredictedUs;

    /// <summary>Of what was predicted, waiting for what the helper had before.</summary>
    public double WaitUs;

    /// <summary>What was expected of the run.</summary>
    public double Fuel;
    public LeaseEntry? NextOfHelper, BeforeOfHelper;
}
