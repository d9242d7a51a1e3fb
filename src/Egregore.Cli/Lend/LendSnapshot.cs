namespace Egregore.Cli.Lend;

/// <summary>What a person is shown of a helper, at one moment.</summary>
/// <param name="State"><c>connecting</c>, <c>away</c>, <c>refused</c>, <c>paused</c>, <c>ready</c>, <c>computing</c> or <c>leaving</c>.</param>
/// <param name="Why">The reason, for people; empty where the state says it all.</param>
/// <param name="Slots">Workers: those that run a task, rest, are free, start.</param>
/// <param name="TasksPerSecond">Over the last seconds.</param>
/// <param name="Done">Results sent.</param>
/// <param name="Failed">Tasks that ended in a fault.</param>
/// <param name="Declined">Tasks that were given back.</param>
/// <param name="Cancelled">Tasks that truth took back.</param>
/// <param name="Accepted">Receipts that are good.</param>
/// <param name="Rejected">Receipts that say late, wrong or refused.</param>
/// <param name="Forged">Receipts that truth has not signed.</param>
/// <param name="BusySeconds">Processor time of kernels.</param>
/// <param name="EarnedMillionths">Credits of this run.</param>
/// <param name="BalanceMillionths">Credits in all, as truth says; null: it has not.</param>
/// <param name="RttMs">Round trip; null: not measured.</param>
/// <param name="Restarts">Workers that were made anew.</param>
internal sealed record LendSnapshot(
    string State,
    string Why,
    SlotFigures Slots,
    double TasksPerSecond,
    long Done,
    long Failed,
    long Declined,
    long Cancelled,
    long Accepted,
    long Rejected,
    long Forged,
    double BusySeconds,
    long EarnedMillionths,
    long? BalanceMillionths,
    double? RttMs,
    int Restarts)
{
    public override string ToString() =>
        $"{State}{(Why.Length == 0 ? "" : $" ({Why})")}: {TasksPerSecond:0.0} tasks/s, {Done} done, {Accepted} accepted, {Rejected + Failed} not, {EarnedMillionths / 1e6:0.######} credits, {Slots.Busy} of {Slots.All} busy";
}

/// <summary>Workers by what they are at.</summary>
internal sealed record SlotFigures(int All, int Busy, int Resting, int Free, int Starting);
