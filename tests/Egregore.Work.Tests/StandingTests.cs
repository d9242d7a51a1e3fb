using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Egregore.Wire;
using Egregore.Work.Credits;

namespace Egregore.Work.Tests;

/// <summary>What outlives a coordinator: trust, bans and balances, as bytes.</summary>
public sealed class StandingTests
{
    private const long WallUs = 1_800_000_000_000_000;
    private const long HourUs = 3_600_000_000;

    [Fact]
    public void Trust_bans_and_balances_are_the_same_after_a_restart()
    {
        var before = Worked();
        var version = before.Coordinator.StandingVersion;
        var bytes = before.Coordinator.ExportStanding(before.Now, WallUs);
        Assert.Equal(version, before.Coordinator.StandingVersion);

        // Another process, whose clock has just begun.
        var after = new Bench(seed: 9) { Now = 5 };
        Assert.Null(after.Coordinator.ImportStanding(bytes, after.Now, WallUs));
        foreach (var number in (int[])[1, 2])
        {
            var (was, now) = (before.Coordinator.StandingOf(Bench.Peer(number), before.Now)!, after.Coordinator.StandingOf(Bench.Peer(number), after.Now)!);
            Assert.Equal((was.Balance, was.BannedUs, was.Reason), (now.Balance, now.BannedUs, now.Reason));
            Assert.Equal(Told(was), Told(now));
        }

        Assert.Equal(before.Coordinator.Ledger.Accounts.OrderBy(account => account.Id.ToString()), after.Coordinator.Ledger.Accounts.OrderBy(account => account.Id.ToString()));
        Assert.Equal(0, after.Coordinator.Ledger.Accounts.Sum(account => account.Balance));
        var profile = new HelperProfile { Owner = Bench.Peer(2), Slots = 1 };
        Assert.Equal(JoinStatus.Banned, after.Coordinator.Join(profile, after.Now, out _));
        Assert.StartsWith("wrong", after.Coordinator.StandingOf(Bench.Peer(2), after.Now)!.Reason, StringComparison.Ordinal);
        Assert.True(after.Coordinator.StandingOf(Bench.Peer(1), after.Now)!.Kernels[0].SampledPermille < 200, "a trusted helper is not checked as a new one is");

        // Work and pay go on, and lines go on where they were.
        var lines = before.Coordinator.Ledger.LinesWritten;
        Assert.Equal(lines, after.Coordinator.Ledger.LinesWritten);
        after.Train(after.Join(1), 3);
        Assert.True(after.Coordinator.Ledger.LinesWritten > lines);
        Assert.Equal(0, after.Coordinator.Ledger.Accounts.Sum(account => account.Balance));
        using var csv = new StringWriter();
        after.Coordinator.Ledger.WriteCsv(csv);
        var rows = csv.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith($"{lines + 1},", rows[1], StringComparison.Ordinal);
        Assert.Equal((int)(after.Coordinator.Ledger.LinesWritten - lines), rows.Length - 1);
    }

    [Fact]
    public void A_ban_runs_out_and_trust_fades_while_nobody_runs()
    {
        var before = Worked();
        var bytes = before.Coordinator.ExportStanding(before.Now, WallUs);
        var left = before.Coordinator.StandingOf(Bench.Peer(2), before.Now)!.BannedUs;
        Assert.Equal(left - (HourUs / 2), Later(HourUs / 2).StandingOf(Bench.Peer(2), 5)!.BannedUs);
        Assert.Equal(0, Later(HourUs).StandingOf(Bench.Peer(2), 5)!.BannedUs);
        Assert.Equal(JoinStatus.Joined, Later(HourUs).Join(new HelperProfile { Owner = Bench.Peer(2), Slots = 1 }, 5, out _));
        // Half of the evidence is gone after seven days: of r right answers the mean was (1 + r) / (2 + r).
        var mean = before.Coordinator.StandingOf(Bench.Peer(1), before.Now)!.Kernels[0].TrustPermille / 1_000.0;
        var right = ((2 * mean) - 1) / (1 - mean);
        Assert.Equal((1 + (right / 2)) / (2 + (right / 2)), Trust(7 * 24 * HourUs), 0.004);
        // A wall clock that was put back by a year bans nobody for longer than a ban, and makes no evidence younger than now.
        Assert.Equal(HourUs, Later(-365 * 24 * HourUs).StandingOf(Bench.Peer(2), 5)!.BannedUs);
        Assert.Equal(mean, Trust(-365 * 24 * HourUs), 0.002);

        double Trust(long us) => Later(us).StandingOf(Bench.Peer(1), 5)!.Kernels[0].TrustPermille / 1_000.0;

        WorkCoordinator Later(long us)
        {
            var after = new Bench { Now = 5 };
            Assert.Null(after.Coordinator.ImportStanding(bytes, 5, WallUs + us));
            return after.Coordinator;
        }
    }

    [Fact]
    public void What_was_learnt_with_a_kernel_waits_until_somebody_brings_it()
    {
        var before = Worked();
        var bytes = before.Coordinator.ExportStanding(before.Now, WallUs);
        var bench = new Bench();
        var empty = new WorkCoordinator(new WorkOptions(), bench, 1);
        Assert.Null(empty.ImportStanding(bytes, 5, WallUs));
        Assert.Empty(empty.StandingOf(Bench.Peer(1), 5)!.Kernels);
        // It is kept over another restart, too.
        var again = new WorkCoordinator(new WorkOptions(), bench, 1);
        Assert.Null(again.ImportStanding(empty.ExportStanding(7, WallUs), 5, WallUs));
        Assert.True(again.AddKernel(new KernelManifest { Hash = before.Kernel, Name = "test" }));
        Assert.Equal(
            before.Coordinator.StandingOf(Bench.Peer(1), before.Now)!.Kernels.Select(kernel => (kernel.TrustPermille, kernel.Accepted)),
            again.StandingOf(Bench.Peer(1), 5)!.Kernels.Select(kernel => (kernel.TrustPermille, kernel.Accepted)));
    }

    [Fact]
    public void Of_more_owners_than_fit_those_who_left_last_are_kept_and_no_credit_is_lost()
    {
        var before = new Bench();
        for (var i = 1; i <= 9; i++)
            before.Coordinator.Leave(before.Join(i), before.Now);
        var after = new Bench(new WorkOptions { OwnersMax = 3, HelpersMax = 3 });
        Assert.Null(after.Coordinator.ImportStanding(before.Coordinator.ExportStanding(before.Now, WallUs), 5, WallUs));
        Assert.Null(after.Coordinator.StandingOf(Bench.Peer(6), 5));
        Assert.NotNull(after.Coordinator.StandingOf(Bench.Peer(7), 5));
        Assert.NotNull(after.Coordinator.StandingOf(Bench.Peer(9), 5));
        Assert.Equal(before.Coordinator.Ledger.Accounts.Count, after.Coordinator.Ledger.Accounts.Count);
        var small = new Bench(new WorkOptions { AccountsMax = 5 });
        Assert.Contains("AccountsMax", small.Coordinator.ImportStanding(before.Coordinator.ExportStanding(before.Now, WallUs), 5, WallUs)!, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_bytes_are_refused_with_the_reason()
    {
        var bytes = Worked().Coordinator.ExportStanding(1, WallUs);
        Assert.Equal("it is too short", Problem(bytes[..40]));
        Assert.Equal("its checksum is wrong", Problem(bytes[..^1]));
        for (var at = 24; at < bytes.Length; at += 7)
            Assert.Equal("its checksum is wrong", Problem(Changed(bytes, at, sealedAgain: false)));
        Assert.Equal("it is of another version", Problem([.. "egregore-standing-2"u8, .. bytes[19..]]));
        Assert.Equal("it is something else", Problem(new byte[200]));
        // The first balance: the checksum is right, and the sum is not.
        Assert.Contains("add up", Problem(Changed(bytes, 32 + 8 + 4 + 21, sealedAgain: true)), StringComparison.Ordinal);
        Assert.Equal("its parts do not fit its length", Problem(Sealed([.. bytes[..^32], 0])));
    }

    [Fact]
    public void Whatever_the_bytes_are_nothing_worse_happens_than_a_no()
    {
        var bytes = Worked().Coordinator.ExportStanding(1, WallUs);
        for (var at = 32; at < bytes.Length - 32; at++)
        {
            foreach (var cut in (bool[])[false, true])
            {
                var changed = Changed(bytes, at, sealedAgain: true);
                var bench = new Bench();
                if (bench.Coordinator.ImportStanding(cut ? Sealed(changed[..at]) : changed, 5, WallUs) is not null)
                    continue;
                Assert.Equal(0, bench.Coordinator.Ledger.Accounts.Sum(account => account.Balance));
                bench.Advance(1_000_000);
            }
        }
    }

    [Fact]
    public void What_has_worked_takes_nothing_over()
    {
        var worked = Worked();
        Assert.Throws<InvalidOperationException>(() => worked.Coordinator.ImportStanding(worked.Coordinator.ExportStanding(1, WallUs), worked.Now, WallUs));
    }

    /// <summary>The bytes of version 1, forever: a newer server has to read what an older one kept. EGREGORE_UPDATE_GOLDEN=1 writes them, which is right only with a new version's name.</summary>
    [Fact]
    public async Task The_bytes_are_those_of_version_1()
    {
        var worked = Worked();
        var bytes = worked.Coordinator.ExportStanding(worked.Now, WallUs);
        var path = Path.Combine(Path.GetDirectoryName(Here())!, "Golden", "standing-1.bin");
        if (Environment.GetEnvironmentVariable("EGREGORE_UPDATE_GOLDEN") == "1")
            await File.WriteAllBytesAsync(path, bytes);
        Assert.Equal(await File.ReadAllBytesAsync(path), bytes);
    }

    private static string Here([CallerFilePath] string path = "") => path;

    private static IEnumerable<(KernelHash, int, uint, uint, uint, int)> Told(HelperView view) =>
        view.Kernels.Select(kernel => (kernel.Kernel, kernel.TrustPermille, kernel.Accepted, kernel.Late, kernel.Wrong, kernel.SampledPermille));

    private static string Problem(byte[] bytes) => new Bench().Coordinator.ImportStanding(bytes, 5, WallUs) ?? "";

    private static byte[] Changed(byte[] bytes, int at, bool sealedAgain)
    {
        byte[] changed = [.. bytes];
        changed[at] ^= 0x41;
        return sealedAgain ? Sealed(changed[..^32]) : changed;
    }

    private static byte[] Sealed(byte[] content) => [.. content, .. SHA256.HashData(content)];

    // One helper that is trusted and paid, one that lied until it was banned, and a world with funds.
    private static Bench Worked()
    {
        var bench = new Bench();
        Assert.True(bench.Coordinator.Fund(new WorldId(Bench.World), 5_000_000, bench.Now));
        var trusted = bench.Join(1);
        bench.Train(trusted);
        bench.Coordinator.Leave(trusted, bench.Now);
        bench.Join(2);
        for (var i = 0; bench.Coordinator.StandingOf(Bench.Peer(2), bench.Now)!.BannedUs == 0 && i < 60; i++)
        {
            bench.Submit($"lie{i}");
            foreach (var sent in bench.Assigned.ToArray())
                bench.Answer(sent, [1, 2, 3]);
            foreach (var local in bench.Locals.ToArray())
                bench.AnswerLocal(local);
            bench.Assigned.Clear();
            bench.Locals.Clear();
            bench.Advance(600_000);
        }

        Assert.True(bench.Coordinator.StandingOf(Bench.Peer(2), bench.Now)!.BannedUs > 0);
        return bench;
    }
}
