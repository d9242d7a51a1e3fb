using Egregore.Work.Credits;
using FsCheck;
using FsCheck.Fluent;

namespace Egregore.Work.Tests;

public sealed class LedgerTests
{
    private static readonly AccountId[] Names = [AccountId.Mint, AccountId.Operator, AccountId.Of(new WorldId(1)), AccountId.Of(new WorldId(2)), AccountId.Of(Bench.Peer(1)), AccountId.Of(Bench.Peer(2))];

    [Fact]
    public void Balances_add_up_to_zero_and_to_the_lines()
    {
        var property = Prop.ForAll(ArbMap.Default.ArbFor<(byte From, byte To, long Amount)[]>(), transfers =>
        {
            var ledger = new Ledger(1_000, 100);
            var balances = new Dictionary<AccountId, Int128>();
            foreach (var (from, to, amount) in transfers)
            {
                var a = Names[from % Names.Length];
                var b = Names[to % Names.Length];
                var credits = amount == long.MinValue ? long.MaxValue : Math.Max(1, Math.Abs(amount));
                if (!ledger.TryTransfer(a, b, credits, 5, out _))
                    continue;
                balances[a] = balances.GetValueOrDefault(a) - credits;
                balances[b] = balances.GetValueOrDefault(b) + credits;
            }

            return Sum(ledger) == 0 && balances.All(b => ledger.BalanceOf(b.Key) == b.Value);
        });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_balance_that_would_not_fit_is_refused_and_changes_nothing()
    {
        var ledger = new Ledger(10, 10);
        Assert.True(ledger.TryTransfer(Names[0], Names[2], long.MaxValue, 0, out _));
        Assert.False(ledger.TryTransfer(Names[1], Names[2], 1, 0, out _));
        Assert.Equal(0, ledger.BalanceOf(Names[1]));
        Assert.Equal(1ul, ledger.LinesWritten);
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.TryTransfer(Names[0], Names[1], 0, 0, out _));
        var full = new Ledger(10, 2);
        Assert.False(full.TryTransfer(Names[0], Names[2], 1, 0, out _));
    }

    [Fact]
    public void The_export_holds_the_latest_lines()
    {
        var ledger = new Ledger(2, 10);
        for (var i = 1; i <= 3; i++)
            ledger.TryTransfer(Names[0], Names[2], i, i * 100, out _);
        var text = new StringWriter();
        ledger.WriteCsv(text);
        Assert.Equal("number,time_us,from,to,amount_millionths,kernel,fuel\r\n2,200,mint,world:1,2,,0\r\n3,300,mint,world:1,3,,0\r\n", text.ToString());
        Assert.Equal(6, ledger.BalanceOf(Names[2]));
    }

    [Fact]
    public void Pay_is_fuel_by_the_price_of_kernel_and_world()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000 });
        bench.Coordinator.AddWorld(new WorldId(Bench.World), new WorldTerms { PricePermille = 2_500, OverdraftMax = 100 });
        Assert.True(bench.Coordinator.Fund(new WorldId(Bench.World), 50, bench.Now));
        bench.Coordinator.SetPlayers(new WorldId(Bench.World), 10, bench.Now);
        bench.Join(1);
        bench.Submit();
        bench.Answer(bench.Assigned[0]);
        bench.AnswerLocal(bench.Locals[0]);
        // 100,500 of fuel at 1,000 a million, two and a half times: 251.
        var ledger = bench.Coordinator.Ledger;
        Assert.Equal(251, ledger.BalanceOf(AccountId.Of(Bench.Peer(1))));
        Assert.Equal(50 - 251, ledger.BalanceOf(AccountId.Of(new WorldId(Bench.World))));
        // Below its overdraft.
        Assert.Equal(SubmitStatus.NoCredit, bench.Submit().Status);
        // Ten players for half an hour.
        Assert.Equal(251 / 5.0, bench.Coordinator.CostPerPlayerHour(new WorldId(Bench.World), bench.Now + 1_800_000_000), 6);
        Assert.Equal(0, (long)Sum(ledger));
    }

    [Fact]
    public void Whatever_happens_to_tasks_the_books_balance_and_nothing_is_left()
    {
        for (ulong seed = 1; seed <= 12; seed++)
        {
            var bench = new Bench(new WorkOptions { LocalRunsMax = seed % 3 == 0 ? 0 : 2, RingerPermille = 100, WaitingMax = 64, CreditsMax = 8 }, seed);
            var random = new Random((int)seed);
            var helpers = new List<HelperId>();
            var submitted = 0;
            for (var step = 0; step < 3_000; step++)
            {
                bench.Now += random.Next(4_000);
                switch (random.Next(9))
                {
                    case 0 when helpers.Count < 30:
                        var profile = new HelperProfile { Owner = Bench.Peer(1 + random.Next(60)), AddressRange = (ulong)random.Next(8), Slots = 4 };
                        if (bench.Coordinator.Join(profile, bench.Now, out var joined) != JoinStatus.Joined)
                            break;
                        bench.Coordinator.Park(joined, random.Next(5), bench.Now);
                        helpers.Add(joined);
                        break;
                    case 1 when helpers.Count > 5 && random.Next(4) == 0:
                        var leaver = random.Next(helpers.Count);
                        bench.Coordinator.Leave(helpers[leaver], bench.Now);
                        helpers.RemoveAt(leaver);
                        break;
                    case 2 or 3:
                        submitted += bench.Submit($"t{step}", (VerificationClass)random.Next(3), replicas: random.Next(4)).Taken ? 1 : 0;
                        break;
                    case 4 when bench.Locals.Count > 0:
                        var run = bench.Locals[random.Next(bench.Locals.Count)];
                        if (random.Next(5) == 0)
                            bench.Coordinator.FailLocal(run.Token, (Wire.WorkFault)random.Next(8), bench.Now);
                        else
                            bench.Coordinator.CompleteLocal(run.Token, Bench.Right(run.Input), Bench.Fuel(run.Input), 300, bench.Now);
                        break;
                    case 5:
                        bench.Coordinator.Tick(bench.Now);
                        break;
                    default:
                        if (bench.Assigned.Count == 0)
                            break;
                        var sent = bench.Assigned[Math.Max(0, bench.Assigned.Count - 1 - random.Next(12))];
                        if (random.Next(6) == 0)
                            bench.Coordinator.Failure(sent.Helper, sent.Lease, (Wire.WorkFault)random.Next(8), 1, bench.Now);
                        else
                            bench.Answer(sent, random.Next(12) == 0 ? [1] : null, random.Next(20) == 0 ? 7 : null);
                        break;
                }
            }

            bench.Advance(3_000_000, 5_000);
            Assert.Equal(0, bench.Coordinator.TaskCount);
            Assert.Equal(0, bench.Coordinator.WaitingCount);
            Assert.Equal(submitted, bench.Settlements.Count(s => s.Outcome != TaskOutcome.Provisional));
            Assert.All(bench.Settlements.GroupBy(s => s.Task), g => Assert.Equal(1, g.Count(s => s.Outcome != TaskOutcome.Provisional)));
            Assert.Equal(0, (long)Sum(bench.Coordinator.Ledger));
            Assert.Equal((long)bench.Coordinator.Ledger.LinesWritten, bench.Lines.Count);
        }
    }

    private static Int128 Sum(Ledger ledger) => ledger.Accounts.Aggregate(Int128.Zero, (sum, account) => sum + account.Balance);
}
