using System.Text.Json;

namespace Egregore.Cli.Lend;

/// <summary>Plain lines: a change of state at once, figures every ten seconds. What a log file or a pipe gets.</summary>
internal sealed class PlainView(TextWriter output) : ILendView
{
    private string _state = "";

    public int EveryMs => 10_000;

    public void Show(LendSnapshot snapshot, LendLedger ledger)
    {
        var state = snapshot.State + snapshot.Why;
        // Work comes and goes by the second; that is no news for a log.
        if (state == _state || snapshot.State is "computing" or "ready")
            output.WriteLine(snapshot);
        else
            output.WriteLine($"{snapshot.State}{(snapshot.Why.Length == 0 ? "" : $": {snapshot.Why}")}");
        _state = state;
    }

    public void Task(TaskRecord record, bool isReceipt)
    {
        if (record.Signed == false)
            output.WriteLine($"receipt of lease {record.Lease}: its signature is not the server's");
    }
}

/// <summary>One JSON object a line: figures each second and at each change of state, tasks and receipts as they come.</summary>
internal sealed class JsonView(TextWriter output) : ILendView
{
    public int EveryMs => 1_000;

    public void Show(LendSnapshot snapshot, LendLedger ledger) => output.WriteLine(JsonSerializer.Serialize(new LendFiguresLine("figures", snapshot), CliJson.Default.LendFiguresLine));

    public void Task(TaskRecord record, bool isReceipt) => output.WriteLine(
        JsonSerializer.Serialize(
            new LendTaskLine(isReceipt ? "receipt" : "task", record.Lease, record.Kernel, record.State, Math.Round(record.RunMs, 3), record.Fuel, record.Credits, record.Signed, record.Text),
            CliJson.Default.LendTaskLine));
}

internal sealed record LendFiguresLine(string Type, LendSnapshot Figures);

internal sealed record LendTaskLine(string Type, ulong Lease, string Kernel, string State, double RunMs, ulong Fuel, long CreditsMillionths, bool? Signed, string? Text);
