using System.Globalization;

namespace Egregore.Cli.Lend;

/// <summary>
/// Whether the machine is wanted for something else: how busy other programs keep its processors, and whether it runs on its battery. Both from files of Linux; where they are missing
/// nothing is held against lending.
/// </summary>
/// <param name="proc">/proc, or a copy for a test.</param>
/// <param name="power">/sys/class/power_supply, or a copy for a test.</param>
/// <param name="busyShareMax">Others may use this share of the processors, 0 to 1; 1 and above: it is not looked at.</param>
/// <param name="onBattery">Whether to go on without mains.</param>
internal sealed class PauseSenses(string proc, string power, double busyShareMax, bool onBattery)
{
    // Once paused it goes on only when others use clearly less, so that it does not flap.
    private const double GoOnShare = 0.7;

    private const int SuppliesMax = 32;
    private (long Busy, long Total, long Own)? _before;
    private bool _loaded;

    /// <summary>How busy others keep the processors, 0 to 1, by the last two looks; null: not known yet.</summary>
    public double? OthersShare { get; private set; }

    /// <summary>Looks; call it every second or so. Null: go on; otherwise why not, for people.</summary>
    /// <param name="ownTicks">Clock ticks of processor time that this program and its workers have used.</param>
    public string? Look(long ownTicks)
    {
        if (!onBattery && Discharging() is { } supply)
            return $"on battery ({supply}); it goes on when it is plugged in";
        if (busyShareMax >= 1)
            return null;
        Measure(ownTicks);
        if (OthersShare is not { } share)
            return null;
        _loaded = share > (_loaded ? busyShareMax * GoOnShare : busyShareMax);
        return _loaded ? $"other programs use {share:P0} of the processors, more than {busyShareMax:P0}" : null;
    }

    private void Measure(long ownTicks)
    {
        try
        {
            using var reader = new StreamReader(Path.Combine(proc, "stat"));
            // proc(5): user nice system idle iowait irq softirq steal.
            var fields = (reader.ReadLine() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            if (fields.Length < 5)
                return;
            var total = fields.Sum();
            var now = (Busy: total - fields[3] - fields[4], Total: total, Own: ownTicks);
            if (_before is { } before && now.Total > before.Total)
                OthersShare = Math.Clamp((now.Busy - before.Busy - Math.Max(0, now.Own - before.Own)) / (double)(now.Total - before.Total), 0, 1);
            _before = now;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            OthersShare = null;
        }
    }

    private string? Discharging()
    {
        try
        {
            foreach (var supply in Directory.EnumerateDirectories(power).Take(SuppliesMax))
            {
                if (Read(supply, "type") == "Battery" && Read(supply, "scope") != "Device" && Read(supply, "status") == "Discharging")
                    return $"{Path.GetFileName(supply)}, {Read(supply, "capacity")} %";
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or nothing to see.
        }

        return null;
    }

    private static string? Read(string supply, string name)
    {
        var path = Path.Combine(supply, name);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }
}
