using System.Globalization;
using System.Text;
using Egregore.Work;

namespace Egregore.Simulation.Work;

/// <summary>Everything that a run of <c>simulate work</c> depends on: the same settings give the same report, bit for bit. Printed whole when a run fails.</summary>
public sealed record WorkSettings
{
    /// <summary>Seeds every choice.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Virtual helpers, of four classes. Default 1,000.</summary>
    public int Helpers { get; init; } = 1_000;

    /// <summary>Share that answers wrong, in five ways. Default 0.2.</summary>
    public double Liars { get; init; } = 0.2;

    /// <summary>Share that takes tasks and does not answer. Default 0.1.</summary>
    public double Stallers { get; init; } = 0.1;

    /// <summary>Share that agrees on the same wrong answers, beside the liars. Default 0.05.</summary>
    public double Colluders { get; init; } = 0.05;

    /// <summary>Cloud workers beside the helpers: the operator's own, fast, near, honest and always there; asked at the third level of failover. Default 6.</summary>
    public int Cloud { get; init; } = 6;

    /// <summary>Tasks a second over all worlds. Default 4,000.</summary>
    public int Rate { get; init; } = 4_000;

    /// <summary>Worlds that compete. Default 8.</summary>
    public int Worlds { get; init; } = 8;

    /// <summary>Time for trust to grow before anything is measured, seconds. Default 25.</summary>
    public int WarmupS { get; init; } = 25;

    /// <summary>Steady time that is measured, seconds. Default 12.</summary>
    public int SteadyS { get; init; } = 12;

    /// <summary>Time of the cascade behind it, seconds. Default 4.</summary>
    public int SpikeS { get; init; } = 4;

    /// <summary>Rate during the cascade, as a multiple. Default 2.5.</summary>
    public double Spike { get; init; } = 2.5;

    /// <summary>Share of helpers that leave each second; half of them without a word, so that their leases run out. Each comes back. Default 0.005.</summary>
    public double Churn { get; init; } = 0.005;

    /// <summary>Share of messages that are lost and sent again 200 ms later, as TCP does. Default 0.01.</summary>
    public double Loss { get; init; } = 0.01;

    /// <summary>Share of tasks that are critical. Default 0.03.</summary>
    public double Critical { get; init; } = 0.03;

    /// <summary>Share of tasks that are cosmetic. Default 0.15.</summary>
    public double Cosmetic { get; init; } = 0.15;

    /// <summary>Truth's own runs at one time. Default 8.</summary>
    public int LocalRuns { get; init; } = 8;

    /// <summary>Helpers whose agreement verifies a critical result; 0: truth alone. Default 0.</summary>
    public int Quorum { get; init; }

    /// <summary>The coordinator's other options.</summary>
    public WorkOptions Options { get; init; } = new();

    /// <summary>The command that runs exactly this again. <see cref="Options"/> are not part of it.</summary>
    public string ToCommandLine()
    {
        var defaults = new WorkSettings();
        var text = new StringBuilder("./egregore simulate work");
        text.Append(CultureInfo.InvariantCulture, $" --seed {Seed} --helpers {Helpers}");
        foreach (var option in Knobs)
        {
            if (option.Get(this) != option.Get(defaults))
                text.Append(CultureInfo.InvariantCulture, $" --{option.Name} {option.Get(this)}");
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToCommandLine"/> writes behind the command's name; what is unknown or out of range is refused with a text for the person.</summary>
    public static bool TryParse(IReadOnlyList<string> arguments, out WorkSettings settings, out string error)
    {
        settings = new WorkSettings();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : "";
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            if (Parse(settings, name, value) is not { } parsed)
            {
                error = $"not an option of simulate work, or its value is wrong: {arguments[i]} {value}";
                return false;
            }

            settings = parsed;
        }

        error = settings.Check();
        return error.Length == 0;
    }

    /// <summary>Empty, or what is out of range.</summary>
    public string Check()
    {
        if (Helpers is < 1 or > 16_000)
            return "--helpers must be 1 to 16000";
        foreach (var share in new[] { Liars, Stallers, Colluders, Churn, Loss, Critical, Cosmetic })
        {
            if (!(share is >= 0 and <= 1))
                return "shares are 0 to 1";
        }

        if (Liars + Stallers + Colluders > 1 || Critical + Cosmetic > 1)
            return "shares together must not be above 1";
        return Cloud is < 0 or > 64 || Rate is < 10 or > 100_000 || Worlds is < 1 or > 64 || WarmupS is < 0 or > 600 || SteadyS is < 1 or > 600 || SpikeS is < 0 or > 60 || !(Spike is >= 0.1 and <= 100)
            || LocalRuns is < 0 or > 1_024 || Quorum is < 0 or 1 or > 6
            ? "a value is out of range"
            : "";
    }

    private static readonly (string Name, Func<WorkSettings, double> Value, Func<WorkSettings, double, WorkSettings> Set)[] Numbers =
    [
        ("liars", s => s.Liars, (s, v) => s with { Liars = v }),
        ("stallers", s => s.Stallers, (s, v) => s with { Stallers = v }),
        ("colluders", s => s.Colluders, (s, v) => s with { Colluders = v }),
        ("cloud", s => s.Cloud, (s, v) => s with { Cloud = (int)v }),
        ("rate", s => s.Rate, (s, v) => s with { Rate = (int)v }),
        ("worlds", s => s.Worlds, (s, v) => s with { Worlds = (int)v }),
        ("warmup", s => s.WarmupS, (s, v) => s with { WarmupS = (int)v }),
        ("steady", s => s.SteadyS, (s, v) => s with { SteadyS = (int)v }),
        ("spike-time", s => s.SpikeS, (s, v) => s with { SpikeS = (int)v }),
        ("spike", s => s.Spike, (s, v) => s with { Spike = v }),
        ("churn", s => s.Churn, (s, v) => s with { Churn = v }),
        ("loss", s => s.Loss, (s, v) => s with { Loss = v }),
        ("critical", s => s.Critical, (s, v) => s with { Critical = v }),
        ("cosmetic", s => s.Cosmetic, (s, v) => s with { Cosmetic = v }),
        ("local-runs", s => s.LocalRuns, (s, v) => s with { LocalRuns = (int)v }),
        ("quorum", s => s.Quorum, (s, v) => s with { Quorum = (int)v }),
    ];

    private static IEnumerable<(string Name, Func<WorkSettings, string> Get)> Knobs =>
        Numbers.Select(n => (n.Name, (Func<WorkSettings, string>)(s => n.Value(s).ToString(CultureInfo.InvariantCulture))));

    private static WorkSettings? Parse(WorkSettings settings, string name, string value)
    {
        if (name == "seed")
            return ulong.TryParse(value, CultureInfo.InvariantCulture, out var seed) ? settings with { Seed = seed } : null;
        if (!double.TryParse(value, CultureInfo.InvariantCulture, out var number) || !(Math.Abs(number) <= 1_000_000))
            return null;
        if (name == "helpers")
            return settings with { Helpers = (int)number };
        foreach (var knob in Numbers)
        {
            if (knob.Name == name)
                return knob.Set(settings, number);
        }

        return null;
    }
}
