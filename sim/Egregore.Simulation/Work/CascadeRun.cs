using System.Buffers.Binary;
using Egregore.Wire;
using Egregore.Work;
using Egregore.Work.Credits;

namespace Egregore.Simulation.Work;

/// <summary>Frames of a cascade over the production coordinator and honest helpers. A helper is sent its next task while it computes one, so that the way costs no time.</summary>
internal sealed class CascadeRun : IWorkSink
{
    private const double FuelPerUs = 100;
    private const int Credits = 2;

    private readonly CascadeSettings _settings;
    private readonly WorkCoordinator _work;
    private readonly KernelHash _kernel = KernelHash.Of("cascade"u8);
    private readonly PriorityQueue<(int Helper, ulong Lease, ulong Local, double Us), long> _events = new();
    private readonly HelperId[] _helpers;
    private readonly long[] _freeAtUs;
    private SimulationRandom _random;
    private long _now;
    private long _order;
    private int _left;

    public CascadeRun(CascadeSettings settings)
    {
        _settings = settings;
        _random = new SimulationRandom(settings.Seed);
        // Truth checks nothing here and computes nothing: the helpers' own speed is wanted, verified by replication as it would be.
        var alone = settings.Helpers == 1;
        _work = new WorkCoordinator(
            new WorkOptions { LocalRunsMax = alone ? 1 : 0, SchedulePermille = 500, DeadlineUs = settings.DeadlineUs, LatencyGuessUs = settings.DelayUs * 2, TasksMax = 1 << 17, WaitingMax = 1 << 16 },
            this, _random.Next());
        _work.AddKernel(new KernelManifest { Hash = _kernel, Name = "cascade", Class = VerificationClass.Simulated, FuelMax = 1UL << 40 });
        _work.AddWorld(new WorldId(1), new WorldTerms());
        _helpers = new HelperId[settings.Helpers];
        _freeAtUs = new long[settings.Helpers];
    }

    public CascadeReport Run()
    {
        for (var i = 0; i < _helpers.Length; i++)
        {
            _work.Join(new HelperProfile { Owner = new PeerId(1, (ulong)i + 1), AddressRange = (ulong)i + 1, Slots = 1 }, _now, out _helpers[i]);
            _work.Park(_helpers[i], Credits, _now);
        }

        var frames = new List<float>();
        (long Tasks, long Extra) before = default;
        for (var frame = 0; frame < _settings.WarmupFrames + _settings.Frames; frame++)
        {
            if (frame == _settings.WarmupFrames)
                before = Snapshot();
            var start = _now;
            foreach (var wave in _settings.WavesUs)
                Wave(wave);
            if (frame >= _settings.WarmupFrames)
                frames.Add((_now - start) / 1_000f);
            // Audits and windows of this frame end before the next one, as they would between frames of a world.
            for (var end = _now + 1_100_000; _now < end;)
                Step();
        }

        var after = Snapshot();
        frames.Sort();
        var serial = 0.0;
        foreach (var wave in _settings.WavesUs)
            serial += wave.Sum();
        return new CascadeReport(_settings.Helpers, serial / 1_000, Measures.Percentile(frames, 0.5), Measures.Percentile(frames, 1),
            (after.Extra - before.Extra) / Math.Max(1.0, after.Tasks - before.Tasks));
    }

    private (long Tasks, long Extra) Snapshot() =>
        (_work.Counters.Submitted, _work.Counters.Audits + _work.Counters.Hedges + _work.Counters.Ringers + _work.Counters.LocalAudits);

    private void Wave(IReadOnlyList<double> tasks)
    {
        _left = tasks.Count;
        Span<byte> input = stackalloc byte[16];
        foreach (var us in tasks)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(input, us);
            BinaryPrimitives.WriteUInt64LittleEndian(input[8..], _random.Next());
            _work.Submit(new WorkTask { Kernel = _kernel, World = new WorldId(1), Input = input, FuelExpected = (ulong)(us * FuelPerUs) }, _now);
        }

        while (_left > 0)
            Step();
    }

    private void Step()
    {
        var tick = (_now / 1_000 * 1_000) + 1_000;
        if (!_events.TryPeek(out var next, out var key) || key >> 24 > tick)
        {
            _now = tick;
            _work.Tick(_now);
            return;
        }

        _events.Dequeue();
        _now = Math.Max(_now, key >> 24);
        Span<byte> output = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(output, next.Us);
        var fuel = (ulong)Math.Max(1, next.Us * FuelPerUs);
        if (next.Local != 0)
            _work.CompleteLocal(next.Local, output, fuel, (long)next.Us, _now);
        else
            _work.Result(_helpers[next.Helper], next.Lease, output, KernelHash.Of(output), fuel, (uint)next.Us, 1, _now);
    }

    void IWorkSink.Assign(HelperId helper, in Assignment assignment)
    {
        var us = BinaryPrimitives.ReadDoubleLittleEndian(assignment.Input);
        var start = Math.Max(_now + Way(), _freeAtUs[helper.Slot]);
        _freeAtUs[helper.Slot] = start + (long)us;
        Schedule(_freeAtUs[helper.Slot] + Way(), (helper.Slot, assignment.Lease, 0, us));
    }

    void IWorkSink.RunHere(in LocalRun run)
    {
        var us = BinaryPrimitives.ReadDoubleLittleEndian(run.Input);
        Schedule(_now + (long)us, (0, 0, run.Token, us));
    }

    private long Way() => _settings.DelayUs + (_settings.JitterUs == 0 ? 0 : _random.Next(_settings.JitterUs));

    private void Schedule(long atUs, (int Helper, ulong Lease, ulong Local, double Us) item) => _events.Enqueue(item, (atUs << 24) | (_order++ & 0xFFFFFF));

    void IWorkSink.Settled(in Settlement settlement)
    {
        // The wave is whole when every task has a first answer; that is what a frame waits for.
        if (settlement.Outcome == TaskOutcome.Provisional || settlement.By == VerifiedBy.Truth && settlement.Level == FailoverLevel.Truth || settlement.Failure == TaskFailure.DeadlineMissed)
            _left--;
    }

    void IWorkSink.Cancel(HelperId helper, ulong lease)
    {
    }

    void IWorkSink.Receipt(HelperId helper, in Receipt receipt)
    {
    }

    void IWorkSink.StandingChanged(HelperId helper)
    {
    }

    void IWorkSink.Posted(in LedgerLine line)
    {
    }
}
