using System.Security.Cryptography;
using Egregore.Cli.Lend;
using Egregore.Server;

namespace Egregore.Lend.Tests;

/// <summary>When to pause, how long to rest, which key.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lend-policy");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void It_pauses_while_others_are_busy_and_goes_on_when_they_are_clearly_not()
    {
        var senses = new PauseSenses(_folder.FullName, "/none", 0.5, onBattery: true);
        Assert.Null(Look(busy: 0, idle: 0, own: 0));
        // All processors are busy, but with this program's own work.
        Assert.Null(Look(busy: 100, idle: 0, own: 100));
        Assert.Equal(0, senses.OthersShare);
        Assert.Contains("60 %", Look(busy: 160, idle: 40, own: 100)!, StringComparison.Ordinal);
        // Between the two marks it stays as it was.
        Assert.NotNull(Look(busy: 200, idle: 100, own: 100));
        Assert.Null(Look(busy: 230, idle: 170, own: 100));
        Assert.Null(Look(busy: 270, idle: 230, own: 100));
        // A machine without such a file is not held against lending.
        File.Delete(Path.Combine(_folder.FullName, "stat"));
        Assert.Null(senses.Look(0));

        string? Look(long busy, long idle, long own)
        {
            File.WriteAllText(Path.Combine(_folder.FullName, "stat"), $"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
            return senses.Look(own);
        }
    }

    [Theory]
    [InlineData("Battery", "System", "Discharging", true)]
    [InlineData("Battery", "System", "Charging", false)]
    [InlineData("Battery", "Device", "Discharging", false)]
    [InlineData("Mains", "System", "Discharging", false)]
    public void A_battery_of_the_machine_that_empties_is_a_reason(string type, string scope, string status, bool pauses)
    {
        var supply = _folder.CreateSubdirectory("BAT1").FullName;
        File.WriteAllText(Path.Combine(supply, "type"), type + "\n");
        File.WriteAllText(Path.Combine(supply, "scope"), scope + "\n");
        File.WriteAllText(Path.Combine(supply, "status"), status + "\n");
        Assert.Equal(pauses, new PauseSenses("/none", _folder.FullName, 1, onBattery: false).Look(0) is not null);
        Assert.Null(new PauseSenses("/none", _folder.FullName, 1, onBattery: true).Look(0));
    }

    [Theory]
    [InlineData(1, 0.3)]
    [InlineData(0.5, 0.3)]
    [InlineData(0.25, 7)]
    [InlineData(0.1, 200)]
    public void A_worker_runs_its_share_of_the_time(double share, double runMs)
    {
        var duty = new DutyCycle(share);
        double ran = 0, rested = 0;
        for (var i = 0; i < 1_000; i++)
        {
            ran += runMs;
            var rest = duty.Ran(runMs).TotalMilliseconds;
            Assert.True(rest is 0 or >= 4);
            rested += rest;
        }

        Assert.Equal(share, ran / (ran + rested), 0.02);
    }

    [Fact]
    public void A_rate_is_of_the_last_whole_seconds()
    {
        var rate = new RateMeter();
        for (var at = 0; at < 5_000; at += 100)
            rate.Add(100_000 + at);
        Assert.Equal(10, rate.PerSecond(105_000));
        Assert.Equal(0, rate.PerSecond(200_000));
    }

    [Fact]
    public void A_key_is_made_once_kept_for_its_owner_alone_and_refused_when_others_may_read_it()
    {
        var path = Path.Combine(_folder.FullName, "keys", "helper.pem");
        using var made = HelperIdentity.Load(path);
        using var kept = HelperIdentity.Load(path);
        Assert.Equal(made.Peer, kept.Peer);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using var nameless = HelperIdentity.Load(null);
        Assert.NotEqual(made.Peer, nameless.Peer);

        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<EgregoreEnvironmentException>(() => HelperIdentity.Load(path)).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (var text in (string[])["", "nonsense", PemEncoding.WriteString("PRIVATE KEY", [1, 2, 3]), PemEncoding.WriteString("CERTIFICATE", [1, 2, 3])])
        {
            File.WriteAllText(path, text);
            Assert.Contains("--identity", Assert.Throws<EgregoreEnvironmentException>(() => HelperIdentity.Load(path)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Blocks_are_bounded_by_number_and_bytes_and_held_against_their_hash()
    {
        var cache = new BlockCache(2, 10);
        byte[] a = [1, 2, 3], b = [4, 5, 6], c = [7, 8, 9], large = new byte[11];
        foreach (var block in (byte[][])[a, b, c])
            Assert.True(cache.TryTake(SHA256.HashData(block), block, out _));
        Assert.False(cache.TryTake(SHA256.HashData(a), default, out _));
        Assert.True(cache.TryTake(SHA256.HashData(c), default, out var kept));
        Assert.Equal(c, kept.ToArray());
        Assert.True(cache.TryTake(SHA256.HashData(large), large, out _));
        Assert.False(cache.TryTake(SHA256.HashData(large), default, out _));
        Assert.False(cache.TryTake(SHA256.HashData(a), b, out _));
        Assert.False(cache.TryTake([1, 2], a, out _));
        Assert.Equal(64, cache.Held().Count());
    }
}
