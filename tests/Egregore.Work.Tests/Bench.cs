using Egregore.Wire;
using Egregore.Work.Credits;

namespace Egregore.Work.Tests;

/// <summary>A coordinator with a sink that keeps what was decided, and helpers that answer when told to.</summary>
internal sealed class Bench : IWorkSink
{
    public const uint World = 7;

    public Bench(WorkOptions? options = null, ulong seed = 1, IInvariant? invariant = null, VerificationClass kind = VerificationClass.Simulated)
    {
        Coordinator = new WorkCoordinator(options ?? new WorkOptions(), this, seed);
        Kernel = KernelHash.Of("kernel"u8);
        Assert.True(Coordinator.AddKernel(new KernelManifest { Hash = Kernel, Name = "test", Class = kind, Invariant = invariant, OutputBytesMax = 1_024, InputBytesMax = 4_096, FuelMax = 10_000_000 }));
        Assert.True(Coordinator.AddWorld(new WorldId(World), new WorldTerms()));
    }

    public WorkCoordinator Coordinator { get; }

    public KernelHash Kernel { get; }

    public long Now { get; set; } = 1_000_000;

    public List<Sent> Assigned { get; } = [];

    public List<(HelperId Helper, ulong Lease)> Cancelled { get; } = [];

    public List<(HelperId Helper, Receipt Receipt)> Receipts { get; } = [];

    public List<Local> Locals { get; } = [];

    public List<Settled> Settlements { get; } = [];

    public List<LedgerLine> Lines { get; } = [];

    public List<HelperId> Standings { get; } = [];

    public Action<Settled>? OnSettled { get; set; }

    /// <summary>The kernel of these tests: adds one to each byte.</summary>
    public static byte[] Right(ReadOnlySpan<byte> input)
    {
        var output = input.ToArray();
        for (var i = 0; i < output.Length; i++)
            output[i]++;
        return output;
    }

    public static ulong Fuel(ReadOnlySpan<byte> input) => 100_000 + (ulong)(input.Length * 100);

    public static PeerId Peer(int number) => new((ulong)number, 0xABCDEF0123456789);

    public HelperId Join(int number, int credits = 4, ulong range = 0, ulong cluster = 0, HelperTier tier = HelperTier.Peer)
    {
        var profile = new HelperProfile { Owner = Peer(number), AddressRange = range, Cluster = cluster, Tier = tier, Slots = 4 };
        Assert.Equal(JoinStatus.Joined, Coordinator.Join(profile, Now, out var id));
        Coordinator.Park(id, credits, Now);
        return id;
    }

    public SubmitResult Submit(string input = "hello", VerificationClass? kind = null, UInt128 key = default, long deadlineUs = 0, int replicas = 0, ulong tag = 0, uint world = World,
        PeerId beneficiary = default, long lateUs = 0, ulong fuelExpected = 0) =>
        Coordinator.Submit(
            new WorkTask
            {
                Kernel = Kernel, World = new WorldId(world), Input = System.Text.Encoding.ASCII.GetBytes(input), Class = kind, Key = key, DeadlineUs = deadlineUs, Replicas = replicas, Tag = tag,
                Beneficiary = beneficiary, LateUs = lateUs, FuelExpected = fuelExpected,
            },
            Now);

    public WorkVerdict Answer(Sent sent, byte[]? output = null, ulong? fuel = null, int park = 1, HelperId? from = null)
    {
        output ??= Right(sent.Input);
        return Coordinator.Result(from ?? sent.Helper, sent.Lease, output, KernelHash.Of(output), fuel ?? Fuel(sent.Input), 1_000, park, Now);
    }

    public void AnswerLocal(Local local, byte[]? output = null) =>
        Assert.True(Coordinator.CompleteLocal(local.Token, output ?? Right(local.Input), Fuel(local.Input), 1_000, Now));

    /// <summary>Makes a helper trusted: it answers right, and truth finds so.</summary>
    public void Train(HelperId helper, int answers = 60)
    {
        for (var i = 0; i < answers; i++)
        {
            Assigned.Clear();
            Locals.Clear();
            Submit($"train{i}");
            foreach (var sent in Assigned.ToArray())
                Answer(sent);
            foreach (var local in Locals.ToArray())
                AnswerLocal(local);
            Advance(600_000);
        }

        Assert.NotNull(Coordinator.StandingOf(helper, Now));
        Assigned.Clear();
        Locals.Clear();
        Settlements.Clear();
        Receipts.Clear();
        Standings.Clear();
        Cancelled.Clear();
    }

    public void Advance(long us, long stepUs = 1_000)
    {
        for (var end = Now + us; Now < end;)
        {
            Now = Math.Min(end, Now + stepUs);
            Coordinator.Tick(Now);
        }
    }

    void IWorkSink.Assign(HelperId helper, in Assignment a) =>
        Assigned.Add(new Sent(helper, a.Lease, a.Kernel, a.Shared, a.SharedBytes.ToArray(), a.Input.ToArray(), a.RunMs, a.Fuel, a.OutputMax, Now));

    void IWorkSink.Cancel(HelperId helper, ulong lease) => Cancelled.Add((helper, lease));

    void IWorkSink.Receipt(HelperId helper, in Receipt receipt) => Receipts.Add((helper, receipt));

    void IWorkSink.StandingChanged(HelperId helper) => Standings.Add(helper);

    void IWorkSink.RunHere(in LocalRun run) => Locals.Add(new Local(run.Token, run.Kernel, run.Shared.ToArray(), run.Input.ToArray(), run.Urgent));

    void IWorkSink.Settled(in Settlement s)
    {
        var settled = new Settled(s.Task, s.Tag, s.Outcome, s.By, s.Failure, s.Level, s.Output.ToArray(), s.Fuel, s.ElapsedUs, Now);
        Settlements.Add(settled);
        OnSettled?.Invoke(settled);
    }

    void IWorkSink.Posted(in LedgerLine line) => Lines.Add(line);

    internal sealed record Sent(HelperId Helper, ulong Lease, KernelHash Kernel, KernelHash Shared, byte[] SharedBytes, byte[] Input, uint RunMs, ulong Fuel, uint OutputMax, long AtUs);

    internal sealed record Local(ulong Token, KernelHash Kernel, byte[] Shared, byte[] Input, bool Urgent);

    internal sealed record Settled(TaskId Task, ulong Tag, TaskOutcome Outcome, VerifiedBy By, TaskFailure Failure, FailoverLevel Level, byte[] Output, ulong Fuel, long ElapsedUs, long AtUs);
}
