using System.Text.Json;
using Egregore.Cli.Lend;
using Egregore.Wire;
using Spectre.Console;

namespace Egregore.Lend.Tests;

/// <summary>What a person and a program get to see.</summary>
public sealed class ViewTests
{
    private static readonly LendSnapshot Snapshot = new("computing", "", new SlotFigures(4, 1, 1, 1, 1), 12.5, 100, 2, 1, 3, 95, 1, 0, 4.25, 1_250_000, 9_000_000, 3.2, 1);

    [Fact]
    public void The_picture_has_the_state_the_figures_the_trust_and_the_tasks_and_obeys_no_text_of_the_servers()
    {
        var ledger = new LendLedger();
        ledger.Stood(new WorkStanding { Kernels = [new KernelStanding { Kernel = ProbeKernel.Hash.ToArray(), Name = "[red]probe\u001b[2J", Trust = 973, Accepted = 12, Wrong = 2, Sampled = 50 }] }, 0);
        ledger.Begin(new WorkItem(new WorkAssign { Lease = 0xabc, Kernel = ProbeKernel.Hash.ToArray() }, default, 0));
        ledger.Ended(0xabc, WorkFault.None, 1.5, 1_234, null);
        ledger.Receipt(new WorkReceipt { Lease = 0xabc, Verdict = WorkVerdict.Wrong, Text = "[bold]no\u0007" }, null);
        using var written = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(written) });
        console.Profile.Width = 140;
        console.Write(new LiveView(console, "http://here").Picture(Snapshot, ledger));
        var text = written.ToString();
        foreach (var part in (string[])["computing", "12.5", "1.25 of 9", "3.2 ms", "█▒·?", "[red]probe[2J", "97.3 %", "5.0 %", "abc", "1.5 ms", "1,234", "Wrong", "[bold]no"])
            Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotContain('\u0007', text);
    }

    [Fact]
    public void Lines_are_json_or_plain_as_asked()
    {
        using var json = new StringWriter();
        var lines = new JsonView(json);
        lines.Show(Snapshot, new LendLedger());
        lines.Task(new TaskRecord { Lease = 7, Kernel = "probe", AtMs = 0, State = "sent", RunMs = 1.25, Fuel = 9 }, isReceipt: false);
        var parsed = json.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(("figures", 12.5), (parsed[0].GetProperty("type").GetString(), parsed[0].GetProperty("figures").GetProperty("tasksPerSecond").GetDouble()));
        Assert.Equal(("task", 7, 1.25), (parsed[1].GetProperty("type").GetString(), parsed[1].GetProperty("lease").GetInt32(), parsed[1].GetProperty("runMs").GetDouble()));

        using var plain = new StringWriter();
        var view = new PlainView(plain);
        view.Show(Snapshot with { State = "paused", Why = "on battery" }, new LendLedger());
        view.Show(Snapshot, new LendLedger());
        Assert.StartsWith($"paused: on battery{Environment.NewLine}computing: 12.5 tasks/s, 100 done", plain.ToString(), StringComparison.Ordinal);
    }
}
