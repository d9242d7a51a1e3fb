using System.Security.Cryptography;
using Egregore.Wire;
using Egregore.Work;
using Egregore.Work.Credits;
using Egregore.Work.Frames;

namespace Egregore.Simulation.Work;

/// <summary>One run: the production coordinator, virtual helpers, and checkers that know every right answer.</summary>
internal sealed class WorkRun : IWorkSink
{
    private const long SecondUs = 1_000_000;
    private const long FrameUs = 100_000;
    private const long DeadlineUs = 200_000;
    private const long CriticalDeadlineUs = 500_000;
    private const long CosmeticDeadlineUs = 1_000_000;
    private const long ResentUs = 200_000;
    private const long SilenceUs = 5 * SecondUs;
    private const double LocalFuelPerUs = 300;
    private const ulong LooseStream = 0xFFFF;

    private readonly WorkSettings _settings;
    private readonly CancellationToken _cancel;
    private readonly WorkCoordinator _work;
    private readonly VirtualHelper[] _helpers;
    private readonly VirtualHelper?[] _bySlot;
    private readonly PriorityQueue<WorkEvent, long> _events = new();
    private readonly FrameStream[] _streams;
    private readonly KernelHash _kernel = KernelHash.Of("virtual"u8);
    private readonly List<string> _failures = [];
    private readonly List<float> _frameMs = [];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _hashed = new byte[16];
    private SimulationRandom _random;

    /// <summary>Of cloud workers' ways, so that their number changes nothing of what the others draw.</summary>
    private SimulationRandom _cloudRandom;
    private long _order;
    private long _now;
    private ulong _loose;
    private long[] _wrongAtUs = new long[1 << 16];
    private bool _steady, _spike;
    private double _looseDue;

    private long _criticalCommitted, _criticalWrong, _wrongShown, _wrongBack, _wrongStayedSteady, _settledSteady, _failedSteady, _finals;
    private long _framesSteady, _framesInTimeSteady, _framesSpike, _framesInTimeSpike;
    private double _rollbackMaxMs, _spikeFuel;

    public WorkRun(WorkSettings settings, CancellationToken cancel)
    {
        _settings = settings;
        _cancel = cancel;
        _random = new SimulationRandom(settings.Seed);
        _cloudRandom = new SimulationRandom(SimulationRandom.Of(settings.Seed, 5, 5));
        _helpers = VirtualHelper.Make(settings, ref _random);
        _bySlot = new VirtualHelper?[_helpers.Length];
        var options = settings.Options with { LocalRunsMax = settings.LocalRuns, CriticalQuorum = settings.Quorum, LocalFuelPerUs = LocalFuelPerUs };
        _work = new WorkCoordinator(options, this, _random.Next());
        _work.AddKernel(new KernelManifest
        {
            Hash = _kernel, Name = "virtual", Class = VerificationClass.Cosmetic, Invariant = new VirtualKernel(), OutputBytesMax = 256, InputBytesMax = 256, FuelMax = 20_000_000,
        });
        _streams = new FrameStream[settings.Worlds];
        for (var i = 0; i < _streams.Length; i++)
        {
            _work.AddWorld(new WorldId((uint)i), new WorldTerms());
            _streams[i] = new FrameStream(this, (ushort)(i + 1));
        }
    }

    public WorkReport Run()
    {
        foreach (var helper in _helpers)
            Schedule(EventKind.Join, helper.IsCloud ? SecondUs : _random.Next(2_000_000), helper.Index);
        var steady = _settings.WarmupS * SecondUs;
        var spike = steady + (_settings.SteadyS * SecondUs);
        var end = spike + (_settings.SpikeS * SecondUs);
        Go(steady);
        var before = Snapshot();
        _steady = true;
        Go(spike);
        var after = Snapshot();
        _steady = false;
        _spike = true;
        foreach (var helper in _helpers)
            helper.AwayInSpike = !helper.Online || helper.Silent;
        Go(end);
        _spike = false;
        var capability = 0.0;
        var counted = 0.0;
        foreach (var helper in _helpers)
        {
            // The load of peers is what is to be fair; cloud workers take what these do not.
            if (helper.AwayInSpike || helper.IsCloud || _work.StandingOf(helper.Profile.Owner, _now) is not { BannedUs: 0 })
                continue;
            capability += helper.Capability;
            counted += helper.SpikeFuel;
        }

        var share = 0.0;
        foreach (var helper in _helpers)
        {
            if (!helper.AwayInSpike && !helper.IsCloud && _work.StandingOf(helper.Profile.Owner, _now) is { BannedUs: 0 } && counted > 0)
                share = Math.Max(share, helper.SpikeFuel / counted * capability / helper.Capability);
        }

        // Nothing new; what is under way ends.
        Drain(end + (3 * SecondUs));
        return Report(before, after, share, capability);
    }

    /// <summary>Tasks, extra runs.</summary>
    private (long Tasks, long Extra) Snapshot() =>
        (_work.Counters.Submitted, _work.Counters.Audits + _work.Counters.Hedges + _work.Counters.Ringers + _work.Counters.LocalAudits);

    private void Go(long untilUs)
    {
        while (_now < untilUs)
        {
            var step = _now + 1_000;
            Deliver(step);
            _now = step;
            _work.Tick(_now);
            Generate();
            Churn();
            if (_now % SecondUs == 0)
                _cancel.ThrowIfCancellationRequested();
        }
    }

    private void Drain(long untilUs)
    {
        while (_now < untilUs)
        {
            Deliver(_now + 1_000);
            _now += 1_000;
            _work.Tick(_now);
        }
    }

    private void Deliver(long untilUs)
    {
        while (_events.TryPeek(out var next, out var key) && key >> 24 <= untilUs)
        {
            _events.Dequeue();
            _now = Math.Max(_now, key >> 24);
            Handle(next);
        }
    }

    private void Generate()
    {
        var factor = _spike ? _settings.Spike : 1;
        var loose = _settings.Critical + _settings.Cosmetic;
        _looseDue += _settings.Rate * loose * factor / 1_000;
        for (; _looseDue >= 1; _looseDue--)
        {
            var critical = _random.Chance(_settings.Critical / loose);
            var tag = (LooseStream << 48) | ++_loose;
            Submit(tag, (uint)_random.Next(_settings.Worlds), critical ? VerificationClass.Critical : VerificationClass.Cosmetic, critical ? CriticalDeadlineUs : CosmeticDeadlineUs);
        }

        var parts = (int)Math.Max(1, _settings.Rate * (1 - loose) * factor * FrameUs / SecondUs / _streams.Length);
        for (var i = 0; i < _streams.Length; i++)
        {
            // Worlds' frames are spread over the interval.
            if ((_now + (i * FrameUs / _streams.Length / 1_000 * 1_000)) % FrameUs == 0)
                _streams[i].Begin(parts);
        }
    }

    private bool Submit(ulong tag, uint world, VerificationClass kind, long deadlineUs)
    {
        Span<byte> input = stackalloc byte[VirtualKernel.InputBytes];
        VirtualKernel.Input(Number(tag), input);
        var task = new WorkTask { Kernel = _kernel, World = new WorldId(world), Input = input, Class = kind, DeadlineUs = _now + deadlineUs, Tag = tag };
        return _work.Submit(task, _now).Taken;
    }

    private ulong Number(ulong tag) => SimulationRandom.Of(_settings.Seed, tag, 9);

    private void Churn()
    {
        if (_random.Chance(_settings.Churn * _settings.Helpers / 1_000))
        {
            var helper = _helpers[_random.Next(_settings.Helpers)];
            if (!helper.Online)
                return;
            helper.AwayInSpike = true;
            if (_random.Chance(0.5))
            {
                helper.Silent = true;
                Schedule(EventKind.Leave, SilenceUs, helper.Index, life: helper.Life);
            }
            else
            {
                Leave(helper);
            }
        }
    }

    private void Leave(VirtualHelper helper)
    {
        helper.Online = helper.Silent = false;
        helper.Life++;
        _bySlot[helper.Id.Slot] = null;
        _work.Leave(helper.Id, _now);
        Schedule(EventKind.Join, SecondUs + _random.Next(5_000_000), helper.Index);
    }

    private void Schedule(EventKind kind, long inUs, int helper, int life = 0, ulong lease = 0, ulong number = 0) =>
        _events.Enqueue(new WorkEvent(kind, helper, life, lease, number), ((_now + Math.Max(0, inUs)) << 24) | (_order++ & 0xFFFFFF));

    private void Handle(in WorkEvent next)
    {
        if (next.Kind == EventKind.Local)
        {
            Span<byte> right = stackalloc byte[VirtualKernel.OutputBytes];
            VirtualKernel.Output(next.Number, 0, right);
            var fuel = VirtualKernel.Fuel(next.Number);
            _work.CompleteLocal(next.Lease, right, fuel, (long)(fuel / LocalFuelPerUs), _now);
            return;
        }

        var helper = _helpers[next.Helper];
        switch (next.Kind)
        {
            case EventKind.Join when !helper.Online && _work.Join(helper.Profile, _now, out helper.Id) == JoinStatus.Joined:
                helper.Online = true;
                _bySlot[helper.Id.Slot] = helper;
                _work.Park(helper.Id, helper.Slots, _now);
                break;
            case EventKind.Leave when helper.Online && helper.Life == next.Life:
                Leave(helper);
                break;
            case EventKind.Park when helper.Online && helper.Life == next.Life && !helper.Silent:
                _work.Park(helper.Id, 1, _now);
                break;
            case EventKind.Answer when helper.Online && helper.Life == next.Life && !helper.Silent:
                Answer(helper, next);
                break;
            default:
                break;
        }
    }

    private void Answer(VirtualHelper helper, in WorkEvent next)
    {
        Span<byte> output = stackalloc byte[VirtualKernel.OutputBytes];
        var fuel = helper.Answer(next.Number, output, ref _random);
        var run = (uint)(VirtualKernel.Fuel(next.Number) / helper.FuelPerUs);
        _work.Result(helper.Id, next.Lease, output, KernelHash.Of(output), fuel, run, 1, _now);
    }

    void IWorkSink.Assign(HelperId id, in Assignment assignment)
    {
        var helper = _bySlot[id.Slot]!;
        var number = VirtualKernel.Number(assignment.Input);
        if (_spike)
        {
            helper.SpikeFuel += VirtualKernel.Fuel(number);
            _spikeFuel += VirtualKernel.Fuel(number);
        }

        if (helper.Kind == HelperKind.Staller)
        {
            Schedule(EventKind.Park, SecondUs / 2, helper.Index, helper.Life);
            return;
        }

        var way = Way(helper) + Way(helper);
        Schedule(EventKind.Answer, way + (long)(VirtualKernel.Fuel(number) / helper.FuelPerUs), helper.Index, helper.Life, assignment.Lease, number);
    }

    private long Way(VirtualHelper helper) => Way(helper, ref helper.IsCloud ? ref _cloudRandom : ref _random);

    private long Way(VirtualHelper helper, ref SimulationRandom random) => helper.DelayUs + random.Next(helper.JitterUs) + (random.Chance(_settings.Loss) ? ResentUs : 0);

    void IWorkSink.RunHere(in LocalRun run)
    {
        var number = VirtualKernel.Number(run.Input);
        Schedule(EventKind.Local, (long)(VirtualKernel.Fuel(number) / LocalFuelPerUs), 0, 0, run.Token, number);
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

    void IWorkSink.Settled(in Settlement s)
    {
        Note(s);
        var slot = s.Task.Slot;
        if (slot >= _wrongAtUs.Length)
            Array.Resize(ref _wrongAtUs, Math.Max(slot + 1, _wrongAtUs.Length * 2));
        if (s.Outcome == TaskOutcome.Provisional)
        {
            if (!VirtualKernel.IsRight(Number(s.Tag), s.Output))
            {
                _wrongAtUs[slot] = Math.Max(1, _now);
                _wrongShown++;
            }
        }
        else
        {
            Final(s, _wrongAtUs[slot]);
            _wrongAtUs[slot] = 0;
        }

        if (s.Tag >> 48 != LooseStream)
            _streams[(s.Tag >> 48) - 1].Settled(s);
    }

    private void Final(in Settlement s, long wrongAtUs)
    {
        _finals++;
        var right = s.Output.Length > 0 && VirtualKernel.IsRight(Number(s.Tag), s.Output);
        var stays = s.Outcome == TaskOutcome.Verified && (wrongAtUs != 0 || (s.Output.Length > 0 && !right));
        if (s.Class == VerificationClass.Critical && s.Outcome != TaskOutcome.Failed)
        {
            _criticalCommitted++;
            if (!right)
                _criticalWrong++;
        }
        else if (s.Outcome == TaskOutcome.RolledBack && !right)
        {
            Fail($"a rollback to a wrong answer, task {s.Task}");
        }

        if (stays && wrongAtUs == 0)
            _wrongShown++;
        if (wrongAtUs != 0 && !stays)
        {
            _wrongBack++;
            _rollbackMaxMs = Math.Max(_rollbackMaxMs, (_now - wrongAtUs) / 1_000.0);
        }

        if (!_steady)
            return;
        _settledSteady++;
        _wrongStayedSteady += stays ? 1 : 0;
        _failedSteady += s.Outcome == TaskOutcome.Failed ? 1 : 0;
    }

    private void Note(in Settlement s)
    {
        BitConverter.TryWriteBytes(_hashed, s.Tag);
        BitConverter.TryWriteBytes(_hashed.AsSpan(8), (_now << 8) | ((long)s.Outcome << 4) | (long)s.By);
        _hash.AppendData(_hashed);
    }

    private void Fail(string text)
    {
        if (_failures.Count < 20)
            _failures.Add(text);
    }

    private WorkReport Report((long Tasks, long Extra) before, (long Tasks, long Extra) after, double share, double capability)
    {
        int liars = 0, liarsBanned = 0, honestBanned = 0;
        foreach (var helper in _helpers)
        {
            var banned = _work.StandingOf(helper.Profile.Owner, _now) is { BannedUs: > 0 };
            liars += helper.IsLiar ? 1 : 0;
            liarsBanned += helper.IsLiar && banned ? 1 : 0;
            honestBanned += helper.Kind == HelperKind.Honest && banned ? 1 : 0;
        }

        _frameMs.Sort();
        var answers = Math.Max(1.0, _work.Counters.ByLevel.Sum());
        var host = VirtualHelper.Classes[0].FuelPerUs * VirtualHelper.Classes[0].Slots;
        var report = new WorkReport
        {
            Seed = _settings.Seed, Helpers = _settings.Helpers, Tasks = _work.Counters.Submitted, CriticalCommitted = _criticalCommitted, CriticalWrong = _criticalWrong,
            Redundant = (after.Extra - before.Extra) / Math.Max(1.0, after.Tasks - before.Tasks), FramesInTime = Share(_framesInTimeSteady, _framesSteady),
            SpikeFramesInTime = Share(_framesInTimeSpike, _framesSpike), FrameP99Ms = Measures.Percentile(_frameMs, 0.99), SpikeShare = share, HostShare = capability / host,
            HostBusyS = _spikeFuel / host / SecondUs, WrongShown = _wrongShown, WrongRolledBack = _wrongBack, RollbackMaxMs = _rollbackMaxMs,
            WrongStayed = _wrongStayedSteady / Math.Max(1.0, _settledSteady), LevelTasks = [.. _work.Counters.ByLevel], Levels = [.. _work.Counters.ByLevel.Select(n => n / answers)], LiarsBanned = liarsBanned, Liars = liars,
            HonestBanned = honestBanned, Failed = _failedSteady / Math.Max(1.0, _settledSteady), Hash = Convert.ToHexStringLower(_hash.GetHashAndReset()), Command = _settings.ToCommandLine(),
        };
        Judge(report);
        return report with { Failures = [.. _failures] };
    }

    private void Judge(WorkReport report)
    {
        if (report.CriticalWrong > 0)
            Fail($"{report.CriticalWrong} wrong critical results were committed");
        if (report.Redundant > WorkSimulation.RedundantMax)
            Fail($"redundant work {report.Redundant:P1}, at most {WorkSimulation.RedundantMax:P0}");
        if (report.FramesInTime < WorkSimulation.FramesInTimeMin)
            Fail($"frames in time {report.FramesInTime:P2}, at least {WorkSimulation.FramesInTimeMin:P0}");
        if (_settings.SpikeS > 0 && report.SpikeShare > WorkSimulation.SpikeShareMax)
            Fail($"the busiest helper had {report.SpikeShare:F2} of its fair share, at most {WorkSimulation.SpikeShareMax}");
        if (report.RollbackMaxMs > WorkSimulation.RollbackMaxMs)
            Fail($"a wrong answer was taken back after {report.RollbackMaxMs:F0} ms, at most {WorkSimulation.RollbackMaxMs:F0}");
        if (report.HonestBanned > 0)
            Fail($"{report.HonestBanned} honest helpers were banned");
        if (_finals != _work.Counters.Submitted || _work.TaskCount != 0)
            Fail($"{_work.Counters.Submitted} tasks, {_finals} settled, {_work.TaskCount} left");
        if (_work.Ledger.Accounts.Aggregate(Int128.Zero, (sum, a) => sum + a.Balance) != 0)
            Fail("the ledger's balances do not add up to zero");
    }

    private static double Share(long part, long whole) => whole == 0 ? 1 : part / (double)whole;

    private enum EventKind : byte
    {
        Join,
        Leave,
        Park,
        Answer,
        Local,
    }

    private readonly record struct WorkEvent(EventKind Kind, int Helper, int Life, ulong Lease, ulong Number);

    /// <summary>The frames of one world.</summary>
    private sealed class FrameStream : IFrameSink
    {
        private readonly WorkRun _run;
        private readonly FrameSequence _frames;
        private readonly (long AtUs, bool Steady, bool Spike)[] _begun = new (long, bool, bool)[8];

        public FrameStream(WorkRun run, ushort stream)
        {
            _run = run;
            _frames = new FrameSequence(stream, this);
        }

        public void Begin(int parts)
        {
            if (!_frames.TryBegin(parts, out var frame))
            {
                Count(inTime: false, _run._steady, _run._spike);
                return;
            }

            _begun[frame % 8] = (_run._now, _run._steady, _run._spike);
            for (var part = 0; part < parts; part++)
            {
                if (!_run.Submit(_frames.Tag(frame, part), (uint)(_frames.Stream - 1), VerificationClass.Simulated, DeadlineUs))
                    _frames.Miss(frame, part);
            }
        }

        public void Settled(in Settlement settlement) => _frames.Settled(settlement);

        void IFrameSink.Apply(uint frame, ReadOnlySpan<FramePart> parts)
        {
            var (at, steady, spike) = _begun[frame % 8];
            var whole = true;
            foreach (var part in parts)
                whole &= !part.Missing;
            var took = _run._now - at;
            if (steady)
                _run._frameMs.Add(took / 1_000f);
            Count(whole && took <= DeadlineUs, steady, spike);
        }

        void IFrameSink.Correct(uint frame, int part, ReadOnlySpan<byte> output, bool missing)
        {
        }

        private void Count(bool inTime, bool steady, bool spike)
        {
            if (steady)
            {
                _run._framesSteady++;
                _run._framesInTimeSteady += inTime ? 1 : 0;
            }
            else if (spike)
            {
                _run._framesSpike++;
                _run._framesInTimeSpike += inTime ? 1 : 0;
            }
        }
    }
}
