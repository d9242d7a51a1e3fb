using Egregore.Storage.Sqlite;
using Egregore.Storage.KillTarget;
using Egregore.Wire;
using Egregore.World;

namespace Egregore.Storage.Tests;

public sealed class TruthHostTests
{
    [Fact]
    public async Task Many_callers_share_commits_and_all_is_kept()
    {
        using var journal = new Journal();
        const int callers = 64;
        const int each = 50;
        long groups;
        var output = new Waiters();
        using (SqliteJournalStore store = journal.Store())
        {
            Truth truth = WorldRecovery.Open(journal.Definition, store, output).Truth;
            (TruthHost host, Inbox inbox) = Inbox.Start(truth, store, new TruthHostOptions { SnapshotEveryBytes = 50_000 });
            using TruthHost running = host;
            await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Call(inbox, output, (ulong)caller, each)));
            groups = host.Statistics.Groups;
            Assert.Null(host.Statistics.LastError);
            Assert.True(host.Statistics.Snapshots > 0);
        }
        Assert.InRange(groups, 1, callers * each / 2);
        using SqliteJournalStore again = journal.Store();
        RecoveredWorld world = WorldRecovery.Open(journal.Definition, again, new Nobody());
        Assert.Equal(callers, world.Truth.Db.Table(journal.Game.Counters).Count);
        Assert.All(world.Truth.Db.Table(journal.Game.Counters).Rows, counter => Assert.Equal((ulong)each, counter.Value));
        Assert.True(JournalReplay.Run(journal.Definition, again).IsEqual);
    }

    [Fact]
    public async Task A_full_journal_refuses_actions_and_nothing_crashes()
    {
        using var journal = new Journal();
        var output = new Waiters();
        using SqliteJournalStore store = journal.Store(new SqliteJournalOptions { JournalSizeBytesMax = 200_000 });
        Truth truth = WorldRecovery.Open(journal.Definition, store, output).Truth;
        (TruthHost host, Inbox inbox) = Inbox.Start(truth, store, new TruthHostOptions { SnapshotEveryBytes = long.MaxValue });
        using TruthHost running = host;
        ulong session = await inbox.InvokeAsync((t, now) => t.Open(new PeerId(1, 1), 0, 0, now).Session);
        uint request = 0;
        ActionResult result;
        do
        {
            result = await output.Act(inbox, session, ++request, new Add { Id = 1, Amount = 1, Note = new string('x', 3000) });
        }
        while (result.Code == RefusalCode.None && request < 1000);
        Assert.Equal(RefusalCode.StorageUnavailable, result.Code);
        Assert.Contains("no space left", result.Text, StringComparison.Ordinal);
        Assert.Equal(request - 1, await inbox.InvokeAsync((t, _) => (uint)t.Db.Table(journal.Game.Counters).Find(1)!.Value));
        Assert.NotNull(host.Statistics.LastError);
    }

    [Fact]
    public void Stopping_takes_what_was_posted_and_makes_it_durable()
    {
        using var journal = new Journal();
        Inbox inbox;
        using (SqliteJournalStore store = journal.Store())
        {
            Truth truth = WorldRecovery.Open(journal.Definition, store, new Nobody()).Truth;
            inbox = new Inbox(truth);
            using var host = new TruthHost(truth, store, inbox, new TruthHostOptions { TickRateHz = 1 });
            inbox.Host = host;
            for (int i = 0; i < 100; i++)
            {
                inbox.Post((t, now) => t.Run("add", new Add { Id = 1, Amount = 1, Note = "" }, new PeerId(1, 1), now));
            }
            host.BeginStop();
            host.Start();
            host.Stop();
            Assert.True(inbox.IsStopped);
            Assert.Equal(truth.Transaction, truth.DurableTransaction);
            // A wake after the end is no error: connections may still end then.
            host.Wake();
        }
        using SqliteJournalStore again = journal.Store();
        Assert.Equal(100ul, WorldRecovery.Open(journal.Definition, again, new Nobody()).Truth.Db.Table(journal.Game.Counters).Find(1)!.Value);
    }

    private static async Task Call(Inbox inbox, Waiters output, ulong caller, int count)
    {
        ulong session = await inbox.InvokeAsync((truth, now) => truth.Open(new PeerId(2, caller), 0, 0, now).Session);
        for (uint i = 1; i <= count; i++)
        {
            ActionResult result = await output.Act(inbox, session, i, new Add { Id = caller + 100, Amount = 1, Note = "" });
            Assert.Equal(RefusalCode.None, result.Code);
        }
    }

    /// <summary>Gives each answer to the caller that waits for it.</summary>
    private sealed class Waiters : ITruthOutput
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<(ulong, uint), TaskCompletionSource<ActionResult>> _waiting = new();

        public Task<ActionResult> Act(Inbox inbox, ulong session, uint request, Add arguments)
        {
            var done = new TaskCompletionSource<ActionResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[(session, request)] = done;
            byte[] action = new ActionRequest { Request = request, Reducer = "add", Arguments = arguments.ToArray() }.ToArray();
            inbox.Post((truth, now) => truth.Submit(session, action, now));
            return done.Task;
        }

        public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
        {
            if (kind == Kind.ActionResult && ActionResult.TryRead(payload, out ActionResult? result) == VerifyError.None
                && _waiting.TryRemove((session, result!.Request), out TaskCompletionSource<ActionResult>? done))
            {
                done.SetResult(result);
            }
        }

        public void ReducerFailed(string reducer, Exception exception) => throw new InvalidOperationException(reducer, exception);
    }
}
