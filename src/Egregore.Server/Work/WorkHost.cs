using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Egregore.Kernels;
using Egregore.Sandbox;
using Egregore.Server.Identity;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Egregore.Work;
using Egregore.Work.Credits;

namespace Egregore.Server.Work;

/// <summary>Told what a task came to, under the coordinator's lock: copies what it needs, and calls nothing back but a submit.</summary>
internal interface ISettlements
{
    void Settled(in Settlement settlement);
}

/// <summary>
/// The host of the coordinator: helpers' sockets, its clock, truth's own runs. The coordinator is called under one lock, by the thread that reads a helper's message, so that a result is settled and
/// the next task sent without a change of threads; what it decides to send waits in the outboxes until the lock is left.
/// </summary>
internal sealed partial class WorkHost : ISocketHost, IWorkSink, IHostedService, IDisposable
{
    /// <summary>The one world of this server, as the coordinator numbers it.</summary>
    public static readonly WorldId World = new(1);

    private const int BusyWaitMs = 1, IdleWaitMs = 20, SweepEveryMs = 250, StandingEveryMs = 1_000;
    private const ushort ProtocolVersion = 1;

    private readonly HelpersOptions _options;
    private readonly TimeProvider _time;
    private readonly Tickets _tickets;
    private readonly ILogger _log;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly Lock _gate = new();
    private readonly WorkCoordinator _coordinator;
    private readonly KernelSandbox _sandbox;
    private readonly LocalRuns _local;
    private readonly StandingKeeper _keeper;
    private readonly EcdsaP256 _key;
    [ThreadStatic]
    private static List<HelperSession>? t_flushing;

    private readonly ConcurrentDictionary<SessionConnection, byte> _connections = new();
    private readonly Dictionary<HelperId, HelperSession> _sessions = [];
    private readonly List<HelperSession> _touched = [];
    private readonly ISettlements?[] _listeners = new ISettlements?[8];
    private readonly Queue<WorkRefusal> _refusals = new();
    private readonly Dictionary<KernelHash, KernelCount> _counts = [];
    private readonly List<(KernelHash Kernel, byte[] Sample)> _expected = [];
    private readonly Thread _thread;
    private readonly long _startTimestamp;
    private volatile bool _stopped;
    private long _signSecond;
    private int _signed;
    private long _lastNowUs;

    public WorkHost(ServerOptions options, Tickets tickets, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<WorkHost> log)
    {
        _options = options.Helpers;
        _tickets = tickets;
        _time = time;
        _lifetime = lifetime;
        _log = log;
        _startTimestamp = time.GetTimestamp();
        Limits = options with
        {
            MessageBytesMax = _options.MessageBytesMax,
            MessagesPerSecond = _options.MessagesPerSecond,
            BytesPerSecond = _options.BytesPerSecond,
            ConnectionsPerAddressMax = _options.ConnectionsPerAddressMax,
        };
        _sandbox = new KernelSandbox(_options.Sandbox, time);
        Library = new KernelLibrary(_sandbox);
        _key = TruthKey.Load(options.DataFolder);
        _coordinator = new WorkCoordinator(_options.Coordinator, this, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        _coordinator.AddWorld(World, new WorldTerms());
        // Where answers are sampled is nobody's business.
        foreach (var manifest in StandardKernels.Salted(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))))
        {
            if (StandardKernels.TryGetModule(manifest.Hash, out var module))
                AddKernel(manifest, module);
        }

        _keeper = new StandingKeeper(options.DataFolder, _options.KeepEverySeconds, () => With((coordinator, _) => coordinator.StandingVersion), () => With((coordinator, nowUs) => coordinator.ExportStanding(nowUs, WallUs)), log);
        try
        {
            _keeper.Load(bytes => With((coordinator, nowUs) => coordinator.ImportStanding(bytes, nowUs, WallUs)));
        }
        catch (EgregoreEnvironmentException)
        {
            _keeper.Dispose();
            throw;
        }

        _local = new LocalRuns(_sandbox, Library, _options.Coordinator.LocalRunsMax, LocalDone);
        _thread = new Thread(Run) { IsBackground = true, Name = "work" };
    }

    public ServerOptions Limits { get; }

    public KernelLibrary Library { get; }

    public long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public bool IsFull => !_options.Enabled || _connections.Count >= _options.ConnectionsMax;

    private long WallUs => NowMs * 1_000;

    // Under the lock; the coordinator's time must not fall.
    private long NowUs => _lastNowUs = Math.Max(_lastNowUs, (long)_time.GetElapsedTime(_startTimestamp).TotalMicroseconds);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _thread.Start();
        _keeper.Start();
        // The first task does not wait for a compiler.
        new Thread(Warm) { IsBackground = true, Name = "kernels", Priority = ThreadPriority.BelowNormal }.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stopped = true;
        foreach (var connection in _connections.Keys)
            connection.Close(RefusalCode.Overloaded, "the server is going down", SessionConnection.CloseGoingAway);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _stopped = true;
        _local.Dispose();
        _keeper.Dispose();
        _sandbox.Dispose();
        _key.Dispose();
    }

    /// <summary>Who is told of tasks whose tag has this number in its highest byte.</summary>
    public void Listen(byte number, ISettlements listener) => _listeners[number] = listener;

    /// <summary>Says that tasks of a kernel will come and will not wait: truth compiles it ahead, and helpers are told to. Before the start.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="sample">A task of it, as compiling ahead runs it.</param>
    public void Expect(KernelHash kernel, byte[] sample) => _expected.Add((kernel, sample));

    /// <summary>The sample task of a kernel that was expected: helpers run it before they park, so that their engines have compiled what tasks use.</summary>
    public bool TryGetSample(KernelHash kernel, out byte[] sample)
    {
        sample = _expected.Find(expected => expected.Kernel == kernel).Sample;
        return sample is not null;
    }

    private void Warm()
    {
        foreach (var (kernel, sample) in _expected)
        {
            if (!Library.TryGet(kernel, out var module))
                continue;
            try
            {
                _sandbox.Load(kernel, module.Span);
                _sandbox.Run(kernel, [], sample, 1UL << 40, TaskBytesMax);
            }
            catch (KernelRefusedException e)
            {
                // A bound of the sandbox that this kernel is over: its tasks will say the same.
                LogRefused(_log, Library.NameOf(kernel), e.Message);
            }
        }
    }

    /// <summary>Makes a kernel known to helpers, truth and the coordinator.</summary>
    /// <returns>False where it is known already, or there is no room.</returns>
    /// <exception cref="KernelRefusedException">No kernel.</exception>
    public bool AddKernel(KernelManifest manifest, ReadOnlyMemory<byte> metered, bool uploaded = false)
    {
        if (!Library.Add(manifest, metered, uploaded))
            return false;
        lock (_gate)
        {
            if (_coordinator.AddKernel(manifest))
                return true;
        }

        Library.Remove(manifest.Hash);
        return false;
    }

    /// <summary>Takes back a kernel that was uploaded: helpers and truth no longer get it.</summary>
    public bool RemoveKernel(KernelHash kernel)
    {
        if (!Library.IsUploaded(kernel) || !Library.Remove(kernel))
            return false;
        lock (_gate)
            return _coordinator.RemoveKernel(kernel);
    }

    /// <summary>Submits a task of this server's world.</summary>
    public SubmitResult Submit(in WorkTask task)
    {
        SubmitResult result;
        lock (_gate)
            result = _coordinator.Submit(task, NowUs);
        Flush();
        return result;
    }

    /// <summary>The deadline of a task that is due at this time of the world.</summary>
    public long DeadlineUs(long atMs)
    {
        lock (_gate)
            return NowUs + (Math.Max(1, atMs - NowMs) * 1_000);
    }

    /// <summary>Helpers connected.</summary>
    public int HelperCount
    {
        get
        {
            lock (_gate)
                return _coordinator.HelperCount;
        }
    }

    /// <summary>Takes a task back.</summary>
    public void Cancel(TaskId task)
    {
        lock (_gate)
            _coordinator.Cancel(task, NowUs);
        Flush();
    }

    /// <summary>Keeps a shared block.</summary>
    public bool AddBlock(ReadOnlySpan<byte> content, out KernelHash hash)
    {
        lock (_gate)
            return _coordinator.AddBlock(content, out hash);
    }

    /// <summary>Reads or changes the coordinator, under its lock.</summary>
    public T With<T>(Func<WorkCoordinator, long, T> action)
    {
        lock (_gate)
            return action(_coordinator, NowUs);
    }

    /// <summary>What the helpers are now, for the dashboard; and what was refused of late.</summary>
    public (IReadOnlyList<(HelperSession Session, HelperView? View)> Helpers, IReadOnlyList<WorkRefusal> Refusals) Look(int max)
    {
        lock (_gate)
        {
            var now = NowUs;
            return (
                [.. _sessions.Values.OrderBy(session => session.SinceMs).ThenBy(session => session.Id.Slot).Take(max).Select(session => (session, _coordinator.StandingOf(session.Id, now)))],
                [.. _refusals]);
        }
    }

    /// <summary>Tasks by kernel, for the dashboard.</summary>
    public IReadOnlyList<KernelInfo> KernelCounts()
    {
        lock (_gate)
        {
            return [.. Library.All.Select(manifest =>
            {
                var count = _counts.GetValueOrDefault(manifest.Hash) ?? new KernelCount();
                var answered = count.ByLevel.Sum();
                return new KernelInfo(
                    manifest.Name, manifest.Hash.ToString(), manifest.Class.ToString().ToLowerInvariant(), [.. count.ByLevel], count.Failed,
                    answered == 0 ? 0 : Math.Round(count.ElapsedUs / 1000.0 / answered, 3));
            })];
        }
    }

    private void Run()
    {
        long sweptMs = 0;
        try
        {
            while (!_stopped)
            {
                bool busy;
                lock (_gate)
                {
                    _coordinator.Tick(NowUs);
                    busy = _coordinator.TaskCount > 0;
                }

                Flush();
                if (NowMs - sweptMs >= SweepEveryMs)
                {
                    sweptMs = NowMs;
                    Sweep(sweptMs);
                }

                Thread.Sleep(busy ? BusyWaitMs : IdleWaitMs);
            }
        }
        catch (Exception e)
        {
            // A bug of ours. Tasks are still settled by the messages that come, but nothing is timed any more: the process ends, and comes back with its journal.
            LogFault(_log, e);
            Environment.ExitCode = 70;
            _lifetime.StopApplication();
        }
    }

    private void Sweep(long nowMs)
    {
        foreach (var connection in _connections.Keys)
        {
            if (connection.Helper is null && nowMs - connection.OpenedMs > Limits.HelloTimeoutMs)
                connection.Close(RefusalCode.Unauthenticated, "no hello in time", SessionConnection.ClosePolicy);
            else if (nowMs - connection.LastReceivedMs > Limits.IdleSeconds * 1000L)
                connection.Close(RefusalCode.None, "silent too long", SessionConnection.CloseGoingAway);
        }

        // Helpers see how they stand, without asking, once a second at most.
        lock (_gate)
        {
            foreach (var session in _sessions.Values)
            {
                if (nowMs - session.ToldMs < StandingEveryMs || !session.Worked)
                    continue;
                session.Worked = false;
                TellStanding(session, nowMs);
            }
        }

        Flush();
    }

    private void LocalDone(ulong token, KernelRun run, long runUs)
    {
        lock (_gate)
        {
            if (run.Fault == WorkFault.None)
                _coordinator.CompleteLocal(token, run.Output, run.Fuel, runUs, NowUs);
            else
                _coordinator.FailLocal(token, run.Fault, NowUs);
        }

        Flush();
    }

    // What was queued under the lock leaves outside of it.
    private void Flush()
    {
        var touched = t_flushing ??= [];
        lock (_gate)
        {
            if (_touched.Count == 0)
                return;
            touched.AddRange(_touched);
            foreach (var session in _touched)
                session.Touched = false;
            _touched.Clear();
        }

        foreach (var session in touched)
            session.Connection.Flush();
        touched.Clear();
    }

    private void Touch(HelperSession session)
    {
        if (session.Touched)
            return;
        session.Touched = true;
        _touched.Add(session);
    }

    // ---- decisions of the coordinator, under the lock ----

    void IWorkSink.Assign(HelperId helper, in Assignment assignment)
    {
        if (!_sessions.TryGetValue(helper, out var session))
            return;
        var size = WorkWire.AssignSizeMax(assignment);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        Send(session, Kind.WorkAssign, buffer.AsSpan(0, WorkWire.WriteAssign(assignment, buffer.AsSpan(0, size))));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    void IWorkSink.Cancel(HelperId helper, ulong lease)
    {
        if (_sessions.TryGetValue(helper, out var session))
            Send(session, Kind.WorkCancel, new WorkCancel { Lease = lease }.ToArray());
    }

    void IWorkSink.Receipt(HelperId helper, in Receipt receipt)
    {
        if (!_sessions.TryGetValue(helper, out var session))
            return;
        session.Worked = true;
        var nowMs = NowMs;
        Span<byte> signature = stackalloc byte[EnvelopeCodec.SignatureBytes];
        var signed = receipt.Credits != 0 && MaySign(nowMs);
        if (signed)
            Sign(session.Owner, receipt, (ulong)nowMs).CopyTo(signature);
        var size = WorkWire.ReceiptSizeMax(receipt);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        Send(session, Kind.WorkReceipt, buffer.AsSpan(0, WorkWire.WriteReceipt(receipt, (ulong)nowMs, signed ? signature : [], buffer.AsSpan(0, size))));
        ArrayPool<byte>.Shared.Return(buffer);
        if (receipt.Verdict is WorkVerdict.Wrong or WorkVerdict.Refused or WorkVerdict.Late)
            Note(session, receipt.Kernel, receipt.Verdict.ToString(), receipt.Text ?? "");
    }

    void IWorkSink.StandingChanged(HelperId helper)
    {
        if (_sessions.TryGetValue(helper, out var session))
            TellStanding(session, NowMs);
    }

    void IWorkSink.RunHere(in LocalRun run) => _local.Add(run);

    void IWorkSink.Settled(in Settlement settlement)
    {
        Count(settlement);
        _listeners[(settlement.Tag >> 56) & 7]?.Settled(settlement);
    }

    // The first word on a task says who answered it.
    private void Count(in Settlement settlement)
    {
        if (settlement.Output.IsEmpty && settlement.Outcome == TaskOutcome.Verified)
            return;
        if (!_counts.TryGetValue(settlement.Kernel, out var count))
            _counts.Add(settlement.Kernel, count = new KernelCount());
        if (settlement.Outcome == TaskOutcome.Failed)
        {
            count.Failed++;
        }
        else if (settlement.Outcome == TaskOutcome.Verified || (settlement.Outcome == TaskOutcome.Provisional && settlement.Class != VerificationClass.Critical))
        {
            count.ByLevel[(int)settlement.Level & 3]++;
            count.ElapsedUs += settlement.ElapsedUs;
        }
    }

    void IWorkSink.Posted(in LedgerLine line)
    {
    }

    private void TellStanding(HelperSession session, long nowMs)
    {
        session.ToldMs = nowMs;
        if (_coordinator.StandingOf(session.Id, NowUs) is not { } view)
            return;
        if (view.BannedUs > 0)
            Note(session, default, "Banned", view.Reason);
        Send(session, Kind.WorkStanding, WorkWire.ToWire(view).ToArray());
    }

    private void Note(HelperSession session, KernelHash kernel, string verdict, string reason)
    {
        if (_refusals.Count >= WorkRefusal.KeptMax)
            _refusals.Dequeue();
        _refusals.Enqueue(new WorkRefusal(NowMs, session.Owner.ToString(), session.Name, kernel.IsNone ? "" : Library.NameOf(kernel), verdict, reason));
    }

    // A signature costs some 30 us: helpers that do thousands of tasks a second have the ledger.
    private bool MaySign(long nowMs)
    {
        if (nowMs / 1_000 != _signSecond)
            (_signSecond, _signed) = (nowMs / 1_000, 0);
        return _signed++ < _options.ReceiptsSignedPerSecond;
    }

    private byte[] Sign(PeerId owner, in Receipt receipt, ulong timeMs)
    {
        Span<byte> bytes = stackalloc byte[ReceiptBytes.Size];
        ReceiptBytes.Write(bytes, owner, receipt, timeMs);
        return _key.Sign(bytes);
    }

    private void Send(HelperSession session, Kind kind, ReadOnlySpan<byte> payload)
    {
        session.Connection.Send(kind, 0, payload);
        Touch(session);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "kernel {Kernel} does not run here: {Why}")]
    private static partial void LogRefused(ILogger log, string kernel, string why);

    [LoggerMessage(Level = LogLevel.Critical, Message = "the work clock ended")]
    private static partial void LogFault(ILogger log, Exception exception);

    private sealed class KernelCount
    {
        public long[] ByLevel { get; } = new long[4];

        public long Failed { get; set; }

        public long ElapsedUs { get; set; }
    }
}
