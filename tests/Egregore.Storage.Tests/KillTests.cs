using System.Diagnostics;
using Egregore.Storage.Sqlite;
using Egregore.World;

namespace Egregore.Storage.Tests;

public sealed class KillTests
{
    [Fact]
    public void Killed_at_any_instant_nothing_acknowledged_is_lost_and_nothing_runs_twice()
    {
        using var journal = new Journal();
        var random = new DeterministicRandom(2026);
        ulong session = 0;
        uint next = 1;
        uint acknowledged = 0;
        for (int round = 0; round < 10; round++)
        {
            (ulong opened, uint last) = RunAndKill(journal.File, session, next, 20 + random.Next(400));
            Assert.True(session == 0 || opened == session, "the session was not remembered");
            session = opened;
            acknowledged = Math.Max(acknowledged, last);
            using SqliteJournalStore store = journal.Store();
            RecoveredWorld world = WorldRecovery.Open(journal.Definition, store, new Nobody());
            Assert.Null(world.Damage);
            Check(world.Truth, journal, acknowledged);
            ReplayReport replay = JournalReplay.Run(journal.Definition, store);
            Assert.True(replay.IsEqual, string.Join("; ", replay.Mismatches.Take(3)));
            Assert.Equal(Convert.ToHexStringLower(world.Truth.Db.StateHash()), replay.StateHash);
            // The next life sends again what was not acknowledged, as a client does.
            next = acknowledged + 1;
        }
        Assert.True(acknowledged > 200, $"only {acknowledged} were acknowledged");
    }

    /// <summary>Requests 1 to some n at least the last acknowledged ran, each once: the sums say so.</summary>
    private static void Check(Truth truth, Journal journal, uint acknowledged)
    {
        ulong[] sums = [.. Enumerable.Range(0, 7).Select(id => truth.Db.Table(journal.Game.Counters).Find((ulong)id)?.Value ?? 0)];
        ulong[] expected = new ulong[7];
        uint ran = 0;
        while (!sums.AsSpan().SequenceEqual(expected))
        {
            ran++;
            Assert.True(ran < 10_000_000, "the counters are those of no prefix of the requests");
            expected[ran % 7] += ran;
            Assert.True(expected[ran % 7] <= sums[ran % 7], $"request {ran} did not run, or another ran twice");
        }
        Assert.True(ran >= acknowledged, $"{acknowledged} were acknowledged, {ran} are kept");
    }

    private static (ulong Session, uint Acknowledged) RunAndKill(string path, ulong session, uint next, int afterLines)
    {
        string target = Path.Combine(AppContext.BaseDirectory, "Egregore.Storage.KillTarget.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [target, path, $"{session}", $"{next}"])
        {
            RedirectStandardOutput = true,
        })!;
        ulong opened = 0;
        uint acknowledged = 0;
        int lines = 0;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "session":
                    opened = ulong.Parse(words[1]);
                    break;
                case "ack":
                    acknowledged = uint.Parse(words[1]);
                    break;
                default:
                    Assert.Fail(line);
                    break;
            }
            if (++lines == afterLines)
            {
                process.Kill();
            }
        }
        process.WaitForExit();
        Assert.NotEqual(0, process.ExitCode);
        Assert.NotEqual(0ul, opened);
        return (opened, acknowledged);
    }
}
