using System.Security.Cryptography;
using Egregore.Work.Credits;

namespace Egregore.Work.Tests;

/// <summary>The same calls give the same decisions; the way of a task allocates next to nothing.</summary>
public sealed class RunTests
{
    [Fact]
    public void The_same_calls_give_the_same_decisions()
    {
        string Run(ulong seed)
        {
            var bench = new Bench(seed: seed);
            var random = new Random(4);
            for (var i = 1; i <= 20; i++)
                bench.Join(i);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (var i = 0; i < 500; i++)
            {
                bench.Submit($"t{i}");
                bench.Advance(random.Next(20_000), 1_000);
                foreach (var sent in bench.Assigned.ToArray())
                {
                    hash.AppendData(BitConverter.GetBytes(sent.Lease));
                    hash.AppendData(BitConverter.GetBytes(sent.Helper.Slot));
                    bench.Answer(sent);
                }

                bench.Assigned.Clear();
                foreach (var local in bench.Locals.ToArray())
                    bench.AnswerLocal(local);
                bench.Locals.Clear();
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }

        Assert.Equal(Run(5), Run(5));
        Assert.NotEqual(Run(5), Run(6));
    }

    [Fact]
    public void A_task_from_submit_to_settlement_allocates_next_to_nothing()
    {
        var sink = new Pipe();
        var work = new WorkCoordinator(new WorkOptions(), sink, 1);
        var kernel = KernelHash.Of("k"u8);
        work.AddKernel(new KernelManifest { Hash = kernel, Name = "k" });
        work.AddWorld(new WorldId(1), new WorldTerms());
        var now = 1_000_000L;
        for (var i = 1; i <= 200; i++)
        {
            work.Join(new HelperProfile { Owner = Bench.Peer(i), AddressRange = (ulong)i, Slots = 4 }, now, out var id);
            work.Park(id, 8, now);
        }

        var input = new byte[256];
        var output = new byte[256];
        var hash = KernelHash.Of(output);
        void Do(int count)
        {
            for (var i = 0; i < count; i++)
            {
                work.Submit(new WorkTask { Kernel = kernel, World = new WorldId(1), Input = input, Key = (UInt128)(ulong)(now + 1) }, now);
                while (sink.Leases.TryDequeue(out var sent))
                    work.Result(sent.Helper, sent.Lease, output, hash, 1_000_000, 5_000, 1, now);
                while (sink.Runs.TryDequeue(out var token))
                    work.CompleteLocal(token, output, 1_000_000, 5_000, now);
                now += 50;
                if (i % 20 == 0)
                    work.Tick(now);
            }
        }

        // Pools grow to what a second of provisional results needs, records to all helpers.
        Do(120_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var settled = sink.Finals;
        Do(50_000);
        var perTask = (GC.GetAllocatedBytesForCurrentThread() - before) / 50_000.0;
        Assert.InRange(sink.Finals - settled, 49_000, 51_000);
        Assert.True(perTask < 32, $"{perTask:F1} bytes a task");
    }

    private sealed class Pipe : IWorkSink
    {
        public Queue<(HelperId Helper, ulong Lease)> Leases { get; } = new(1_024);

        public Queue<ulong> Runs { get; } = new(1_024);

        public long Finals { get; private set; }

        public void Assign(HelperId helper, in Assignment assignment) => Leases.Enqueue((helper, assignment.Lease));

        public void Cancel(HelperId helper, ulong lease)
        {
        }

        public void Receipt(HelperId helper, in Receipt receipt)
        {
        }

        public void StandingChanged(HelperId helper)
        {
        }

        public void RunHere(in LocalRun run) => Runs.Enqueue(run.Token);

        public void Settled(in Settlement settlement) => Finals += settlement.IsFinal ? 1 : 0;

        public void Posted(in LedgerLine line)
        {
        }
    }
}
