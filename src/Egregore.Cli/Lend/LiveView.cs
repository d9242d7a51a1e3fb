using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Egregore.Cli.Lend;

/// <summary>The live picture in a terminal: state and why, figures, trust by kernel, the latest tasks.</summary>
internal sealed class LiveView(IAnsiConsole console, string title) : ILendView
{
    private const int TasksShown = 10;
    private const int KernelsShown = 8;
    private LiveDisplayContext? _context;

    public int EveryMs => 500;

    /// <summary>Shows the picture as long as the action runs.</summary>
    public async Task RunAsync(Func<Task> action) =>
        await console.Live(new Text("")).AutoClear(false).StartAsync(async context =>
        {
            _context = context;
            await action();
        });

    public void Show(LendSnapshot snapshot, LendLedger ledger)
    {
        _context?.UpdateTarget(Picture(snapshot, ledger));
        _context?.Refresh();
    }

    public void Task(TaskRecord record, bool isReceipt)
    {
        // The next picture has it.
    }

    /// <summary>The whole picture.</summary>
    public IRenderable Picture(LendSnapshot snapshot, LendLedger ledger)
    {
        var colour = snapshot.State switch { "computing" => "green", "ready" => "blue", "paused" => "yellow", "away" or "refused" => "red", _ => "grey" };
        var head = new Markup($"[bold {colour}]{snapshot.State}[/]  {Markup.Escape(snapshot.Why)}");
        var figures = new Grid().AddColumns(6);
        figures.AddRow(Heads("tasks/s", "done", "accepted", "not accepted", "credits", "round trip"));
        figures.AddRow(
            Value(snapshot.TasksPerSecond, "0.0"), Value(snapshot.Done, "N0"), Value(snapshot.Accepted, "N0"), Value(snapshot.Rejected + snapshot.Failed, "N0"),
            new Markup($"[bold]{Credits(snapshot.EarnedMillionths)}[/][grey]{(snapshot.BalanceMillionths is { } balance ? $" of {Credits(balance)}" : "")}[/]"),
            new Markup(snapshot.RttMs is { } rtt ? $"[bold]{rtt.ToString("0.0", CultureInfo.InvariantCulture)}[/] ms" : "–"));
        var workers = new Markup(
            $"workers: [green]{new string('█', snapshot.Slots.Busy)}[/][olive]{new string('▒', snapshot.Slots.Resting)}[/][grey]{new string('·', snapshot.Slots.Free)}[/][red]{new string('?', snapshot.Slots.Starting)}[/]"
            + $"  [grey]{snapshot.Slots.Busy} busy, {snapshot.Slots.Resting} resting, {snapshot.Slots.Free} free, {snapshot.Slots.Starting} starting; {snapshot.BusySeconds:0.0} s computed"
            + $"{(snapshot.Restarts > 0 ? $", {snapshot.Restarts} made anew" : "")}[/]");
        return new Rows(new Rule($"[bold]egregore lend[/] [grey]{Markup.Escape(title)}[/]").LeftJustified(), head, new Text(""), figures, workers, new Text(""), Trust(ledger), Tasks(ledger));
    }

    private static Table Trust(LendLedger ledger)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("kernel", "trust", "checked again", "accepted", "late", "wrong");
        foreach (var kernel in (ledger.Standing?.Kernels ?? []).Take(KernelsShown))
        {
            table.AddRow(
                new Text(LendLedger.Clean(kernel.Name)), new Text($"{kernel.Trust / 10.0:0.0} %"), new Text($"{kernel.Sampled / 10.0:0.0} %"), new Text($"{kernel.Accepted:N0}"), new Text($"{kernel.Late:N0}"),
                new Markup(kernel.Wrong > 0 ? $"[red]{kernel.Wrong:N0}[/]" : "0"));
        }

        return table;
    }

    private static Table Tasks(LendLedger ledger)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("task", "kernel", "took", "fuel", "credits", "what became of it");
        foreach (var task in ledger.Tasks.Take(TasksShown))
        {
            var colour = task.State switch { "Accepted" => "green", "Wrong" or "Refused" or "Late" => "red", "Provisional" => "yellow", _ => "grey" };
            table.AddRow(
                new Text($"{task.Lease:x}"[^Math.Min(8, $"{task.Lease:x}".Length)..]), new Text(task.Kernel), new Text($"{task.RunMs:0.0} ms"), new Text($"{task.Fuel:N0}"), new Text(Credits(task.Credits)),
                new Markup($"[{colour}]{Markup.Escape(task.State)}[/]{(task.Signed switch { true => " signed", false => " [red]forged receipt[/]", null => "" })} [grey]{Markup.Escape(LendLedger.Clean(task.Text ?? ""))}[/]"));
        }

        return table;
    }

    private static IRenderable[] Heads(params string[] names) => [.. names.Select(name => new Markup($"[grey]{name}[/]"))];

    private static Markup Value(double value, string format) => new($"[bold]{value.ToString(format, CultureInfo.InvariantCulture)}[/]");

    private static string Credits(long millionths) => (millionths / 1e6).ToString("0.######", CultureInfo.InvariantCulture);
}
