namespace Egregore.Cli.Lend;

/// <summary>Shows a helper to whoever started it. The helper's loop alone calls it.</summary>
internal interface ILendView
{
    /// <summary>How often figures are wanted, in milliseconds.</summary>
    int EveryMs { get; }

    /// <summary>Figures, at that pace and whenever the state is another one.</summary>
    void Show(LendSnapshot snapshot, LendLedger ledger);

    /// <summary>A task ended, or its receipt came.</summary>
    void Task(TaskRecord record, bool isReceipt);
}
