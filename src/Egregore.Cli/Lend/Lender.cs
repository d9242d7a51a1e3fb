using System.Diagnostics;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Egregore.Server;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>
/// The helper: keeps a connection, parks as many slots as workers are free (and one more for each where they never rest, so that the next task is here when one ends), hands them what is assigned,
/// answers, and keeps account. One loop owns all of it; sockets, workers and the clock put what happened into its queue.
/// </summary>
internal sealed class Lender : IAsyncDisposable
{
    private const ushort Protocol = 1;
    private const int EventsMax = 4096;
    private const int LeasesMax = 128;
    private const int HeldMax = 64;
    private const int SharedMax = 48;
    private const long SharedBytesMax = 64 << 20;
    private const int FaultCharsMax = 200;
    private const int TickMs = 100;
    private const int LookEveryMs = 1_000;
    private const int PingEveryMs = 5_000;
    private const int ExpectedMax = 8;
    private const int WelcomeMs = 10_000;
    private const int RetryMsMin = 1_000;
    private const int RetryMsMax = 30_000;

    // After a refusal that another attempt will hardly change.
    private const int RefusedRetryMs = 60_000;

    // How long a task that runs may go on when the helper leaves. With the socket's close it fits into the two seconds that a command has after Ctrl+C.
    private const int LeaveMs = 1_000;

    private readonly LendOptions _options;
    private readonly HttpClient _http;
    private readonly EcdsaP256 _key;
    private readonly PauseSenses _senses;
    private readonly ILendView _view;
    private readonly KernelStore _kernels;
    private readonly BlockCache _blocks = new(SharedMax, SharedBytesMax);
    private readonly List<WorkerSlot> _slots = [];
    private readonly Dictionary<ulong, WorkItem> _leases = [];

    // Those of the leases that no worker has taken yet, in the order in which they came; at most one for each worker.
    private readonly List<WorkItem> _waiting = [];
    private readonly Channel<Action> _events = Channel.CreateBounded<Action>(new BoundedChannelOptions(EventsMax) { SingleReader = true });
    private readonly LendLedger _ledger = new();
    private readonly RateMeter _rate = new();
    private LendSocket? _socket;
    private HelperWelcome? _welcome;
    private bool _ready;
    private string _state = "connecting";
    private string _why = "";
    private string? _pause;
    private string? _problem;
    private int _parked;
    private byte[] _heldSaid = [];
    private byte[] _triedSaid = [];
    private int _failures;
    private double? _rttMs;
    private uint _pings;
    private long _pingAtMs;
    private long _lookAtMs;
    private long _showAtMs;
    private long _busyAtMs = long.MinValue / 2;
    private bool _leaving;

    public Lender(LendOptions options, HttpClient http, EcdsaP256 key, PauseSenses senses, ILendView view)
    {
        _options = options;
        _http = http;
        _key = key;
        _senses = senses;
        _view = view;
        _kernels = new KernelStore(http);
        for (var i = 0; i < options.Cores; i++)
            _slots.Add(new WorkerSlot(options.Worker, _kernels, options.Share, options.WorkerBytes, () => Environment.TickCount64, Ran, Changed));
    }

    /// <summary>The workers' processes, for those who watch them.</summary>
    public IEnumerable<int> ProcessIds => _slots.Select(slot => slot.ProcessId).Where(id => id != 0);

    /// <summary>Lends until it is cancelled, then leaves: parked slots are taken back, what runs is finished or declined.</summary>
    /// <exception cref="EgregoreEnvironmentException">The server refuses this helper for good: another version, or an API key that it does not take.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        // The clock goes on while the helper takes its leave.
        using var stop = new CancellationTokenSource();
        var ticking = TickAsync(stop.Token);
        try
        {
            while (true)
            {
                var wait = await ConnectAndServeAsync(cancel);
                Show(force: true);
                await WaitAsync(wait, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await LeaveAsync();
            Show(force: true);
        }
        finally
        {
            await stop.CancelAsync();
            await ticking;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_socket is { } socket)
            await socket.DisposeAsync();
        foreach (var slot in _slots)
            await slot.DisposeAsync();
    }

    /// <summary>One connection, from login to its end; gives how long to wait before the next.</summary>
    private async Task<int> ConnectAndServeAsync(CancellationToken cancel)
    {
        Become("connecting", "");
        try
        {
            var (socket, ticket) = await LendSocket.OpenAsync(_options.Url, _http, _key, cancel);
            await using (socket)
            {
                _socket = socket;
                try
                {
                    var hello = new HelperHello { Ticket = ticket, Protocol = Protocol, Name = _options.Name, Tier = _options.Tier, ApiKey = _options.ApiKey ?? "", Slots = (byte)_options.Cores };
                    socket.Send(Kind.HelperHello, hello);
                    await ServeAsync(socket, cancel);
                }
                catch (OperationCanceledException) when (cancel.IsCancellationRequested)
                {
                    // The connection is still good: the helper takes its leave over it.
                    await LeaveAsync();
                    throw;
                }
                finally
                {
                    Disconnected();
                }

                Become("away", socket.Closed);
            }
        }
        catch (RefusedException e) when (e.Final)
        {
            throw new EgregoreEnvironmentException($"{_options.Url}: {e.Message}", e);
        }
        catch (RefusedException e)
        {
            Become("refused", e.Message);
            return RefusedRetryMs;
        }
        catch (InvalidDataException e)
        {
            Become("away", $"the server sent what this program cannot read: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or WebSocketException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            Become("away", LendLedger.Clean(e.Message));
        }

        return (int)(Math.Min(RetryMsMax, RetryMsMin << Math.Min(10, _failures++)) * (0.75 + (RandomNumberGenerator.GetInt32(500) / 1000.0)));
    }

    private async Task ServeAsync(LendSocket socket, CancellationToken cancel)
    {
        var opened = Environment.TickCount64;
        var received = socket.Received.WaitToReadAsync(cancel).AsTask();
        var happening = _events.Reader.WaitToReadAsync(cancel).AsTask();
        while (true)
        {
            while (socket.Received.TryRead(out var message))
                LendSocket.Read(message, Take);
            while (_events.Reader.TryRead(out var happened))
                happened();
            if (_welcome is null && Environment.TickCount64 - opened > WelcomeMs)
                throw new IOException("the server did not answer");
            await Task.WhenAny(received, happening);
            cancel.ThrowIfCancellationRequested();
            if (received.IsCompleted)
            {
                if (!await received)
                    return;
                received = socket.Received.WaitToReadAsync(cancel).AsTask();
            }

            if (happening.IsCompleted)
                happening = _events.Reader.WaitToReadAsync(cancel).AsTask();
        }
    }

    /// <summary>Lets what happens happen while there is no connection.</summary>
    private async Task WaitAsync(int waitMs, CancellationToken cancel)
    {
        for (var until = Environment.TickCount64 + waitMs; Environment.TickCount64 < until;)
        {
            await _events.Reader.WaitToReadAsync(cancel);
            while (_events.Reader.TryRead(out var happened))
                happened();
        }
    }

    private void Disconnected()
    {
        _socket = null;
        _ready = false;
        _welcome = null;
        _parked = 0;
        _heldSaid = _triedSaid = [];
        _rttMs = null;
        // Truth gives what runs here to others the moment the connection is lost; answers under those leases would be refused.
        foreach (var lease in _leases.Keys)
            _ledger.CancelledOne(lease);
        _leases.Clear();
        _waiting.Clear();
    }

    private void Take(Kind kind, byte[] payload)
    {
        switch (kind)
        {
            case Kind.HelperWelcome:
                _welcome = LendSocket.Parse<HelperWelcome>(payload);
                _failures = 0;
                _pingAtMs = 0;
                _ = ExpectAsync(_welcome);
                break;
            case Kind.Refusal:
                Refused(LendSocket.Parse<Refusal>(payload));
                break;
            case Kind.WorkAssign when _welcome is not null:
                Assigned(LendSocket.Parse<WorkAssign>(payload));
                break;
            case Kind.WorkCancel:
                Cancelled(LendSocket.Parse<WorkCancel>(payload).Lease);
                break;
            case Kind.WorkReceipt when _welcome is { } welcome:
                var receipt = LendSocket.Parse<WorkReceipt>(payload);
                if (_ledger.Receipt(receipt, IsSigned(receipt, welcome)) is { } record)
                    _view.Task(record, isReceipt: true);
                break;
            case Kind.WorkStanding:
                _ledger.Stood(LendSocket.Parse<WorkStanding>(payload), Environment.TickCount64);
                break;
            case Kind.Pong:
                var rtt = Stopwatch.GetElapsedTime((long)LendSocket.Parse<Pong>(payload).Sent).TotalMilliseconds;
                _rttMs = _rttMs is { } before ? (before * 0.7) + (rtt * 0.3) : rtt;
                break;
            default: // A newer server's; nothing here depends on it.
                break;
        }
    }

    // Tasks of these kernels will not wait for a compiler: they are fetched, loaded and tried before the first slot is parked.
    private async Task ExpectAsync(HelperWelcome welcome)
    {
        for (var at = 0; at + KernelHash.Size <= Math.Min(welcome.Kernels.Length, ExpectedMax * KernelHash.Size); at += KernelHash.Size)
        {
            try
            {
                await _kernels.ExpectAsync(KernelHash.Read(welcome.Kernels.Span.Slice(at, KernelHash.Size)));
            }
            catch (HttpRequestException)
            {
                // Its first task will say so.
            }
        }

        Put(() =>
        {
            if (_welcome != welcome)
                return;
            foreach (var slot in _slots)
                slot.Preload();
            _ready = true;
            Become("ready", "");
            Tick();
        });
    }

    private void Refused(Refusal refusal)
    {
        var text = LendLedger.Clean($"{refusal.Code}{(refusal.Text.Length == 0 ? "" : $": {refusal.Text}")}");
        if (_welcome is not null)
            _problem = $"the server said: {text}";
        else if (refusal.Code is not RefusalCode.Unauthenticated and not RefusalCode.Overloaded and not RefusalCode.RateLimited)
            throw new RefusedException(text, refusal.Code == RefusalCode.VersionMismatch || (refusal.Code == RefusalCode.Forbidden && _options.Tier != HelperTier.Peer));
        else
            throw new IOException(text);
    }

    private void Assigned(WorkAssign assign)
    {
        _parked = Math.Max(0, _parked - 1);
        if (assign.Kernel.Length != KernelHash.Size)
            throw new InvalidDataException("a task without a kernel");
        var shared = ReadOnlyMemory<byte>.Empty;
        var found = assign.Shared.IsEmpty || _blocks.TryTake(assign.Shared.Span, assign.SharedBytes, out shared);
        var item = new WorkItem(assign, shared, Environment.TickCount64);
        _ledger.Begin(item);
        if (!found)
            Fail(item, WorkFault.Missing, "the shared block is not here", parkAgain: true);
        else if (_pause is not null || _leaving || _leases.Count >= LeasesMax)
            Fail(item, WorkFault.Declined, _pause is null ? "too many tasks at one time" : $"paused: {_pause}", parkAgain: false);
        else if (_waiting.Count >= Ahead() && _slots.All(slot => slot.State != SlotState.Free))
            Fail(item, WorkFault.Declined, "no worker is free", parkAgain: false);
        else if (_leases.TryAdd(item.Lease, item))
            _waiting.Add(item);
        else
            Fail(item, WorkFault.Declined, "its lease is here already", parkAgain: false);
        RunWaiting();
        _busyAtMs = Environment.TickCount64;
    }

    private void Cancelled(ulong lease)
    {
        // A worker that runs it does so until its deadline; nobody is told what it finds.
        if (!_leases.Remove(lease))
            return;
        _waiting.RemoveAll(item => item.Lease == lease);
        _ledger.CancelledOne(lease);
    }

    private void RunWaiting()
    {
        while (_waiting.Count > 0 && _slots.Exists(slot => slot.TryRun(_waiting[0])))
            _waiting.RemoveAt(0);
    }

    /// <summary>Tasks that may wait for a worker: one for each that works, where none of them ever rests.</summary>
    private int Ahead() => _options.Share < 1 ? 0 : _slots.Count(slot => slot.State is SlotState.Free or SlotState.Busy);

    private void Ended(WorkItem item, WorkerRun run)
    {
        _busyAtMs = Environment.TickCount64;
        if (!_leases.TryGetValue(item.Lease, out var known) || known != item)
            return;
        if (run.Fault != WorkFault.None)
        {
            Fail(item, run.Fault, run.Text, parkAgain: false, run);
            return;
        }

        _leases.Remove(item.Lease);
        _rate.Add(Environment.TickCount64);
        var record = _ledger.Ended(item.Lease, WorkFault.None, run.RunUs / 1000.0, run.Fuel, null);
        var output = run.Output;
        Send(Kind.WorkResult, new WorkResult { Lease = item.Lease, Output = output, Hash = SHA256.HashData(output.Span), Fuel = run.Fuel, RunUs = run.RunUs });
        if (record is not null)
            _view.Task(record, isReceipt: false);
    }

    private void Fail(WorkItem item, WorkFault fault, string text, bool parkAgain, WorkerRun? run = null)
    {
        _leases.Remove(item.Lease);
        _waiting.Remove(item);
        var park = parkAgain && Parkable() > 0 ? 1 : 0;
        _parked += park;
        Send(Kind.WorkFailure, new WorkFailure { Lease = item.Lease, Code = fault, Text = text[..Math.Min(text.Length, FaultCharsMax)], Fuel = run?.Fuel ?? 0, Park = (byte)park });
        if (_ledger.Ended(item.Lease, fault, (run?.RunUs ?? 0) / 1000.0, run?.Fuel ?? 0, text) is { } record)
            _view.Task(record, isReceipt: false);
    }

    /// <summary>Parks what is free. A slot is free only after its rest, so results themselves park nothing.</summary>
    private void Fill()
    {
        var slots = _ready ? Parkable() : 0;
        if (slots <= 0)
            return;
        _parked += slots;
        var held = _kernels.Held().SelectMany(kernel => kernel.ToArray()).Concat(_blocks.Held()).TakeLast(HeldMax * KernelHash.Size).ToArray();
        var said = held.AsSpan().SequenceEqual(_heldSaid);
        _heldSaid = held;
        var tried = _kernels.Tried();
        var toldTried = tried.AsSpan().SequenceEqual(_triedSaid);
        _triedSaid = tried;
        Send(Kind.WorkPark, new WorkPark
        {
            Slots = (ushort)slots, Held = said ? default(ReadOnlyMemory<byte>) : held, Tried = toldTried ? default(ReadOnlyMemory<byte>) : tried,
        });
    }

    private int Parkable()
    {
        if (_pause is not null || _leaving)
            return 0;
        var free = _slots.Count(slot => slot.State == SlotState.Free) + Ahead() - _waiting.Count;
        return Math.Min(free, _welcome is { CreditsMax: > 0 and var most } ? most : free) - _parked;
    }

    private void Tick()
    {
        var now = Environment.TickCount64;
        if (now >= _lookAtMs)
        {
            _lookAtMs = now + LookEveryMs;
            Look(now);
        }

        if (_welcome is not null)
        {
            if (now >= _pingAtMs)
            {
                _pingAtMs = now + PingEveryMs;
                Send(Kind.Ping, new Ping { Id = ++_pings, Sent = (ulong)Stopwatch.GetTimestamp() });
            }

            foreach (var item in _waiting.Where(item => now > item.DeadlineMs).ToArray())
                Fail(item, WorkFault.TooLate, "no worker was free in time", parkAgain: false);
            Fill();
            var busy = now - _busyAtMs < 2_500 || _leases.Count > 0;
            Become(_pause is not null ? "paused" : busy ? "computing" : "ready", _pause ?? (busy ? "" : "waiting for tasks"));
        }

        Show(force: false);
    }

    private void Look(long now)
    {
        var ticks = ProcessTree.Of(Environment.ProcessId).CpuTicks;
        var banned = _ledger.BannedMs(now);
        var pause = banned > 0
            ? $"the server gives this helper nothing for another {TimeSpan.FromMilliseconds(banned):hh\\:mm\\:ss}: {LendLedger.Clean(_ledger.Standing!.Reason)}"
            : _senses.Look(ticks);
        if (pause is not null && _pause is null && _welcome is not null)
        {
            _parked = 0;
            Send(Kind.WorkPark, new WorkPark { Paused = true });
        }

        _pause = pause;
    }

    private async Task LeaveAsync()
    {
        if (_leaving)
            return;
        _leaving = true;
        Become("leaving", "");
        if (_socket is not { } socket || _welcome is null)
            return;
        Send(Kind.WorkPark, new WorkPark { Paused = true });
        for (var until = Environment.TickCount64 + LeaveMs; _leases.Count > 0 && Environment.TickCount64 < until;)
        {
            // The tick puts something into the queue all along.
            await _events.Reader.WaitToReadAsync();
            while (_events.Reader.TryRead(out var happened))
                happened();
        }

        foreach (var item in _leases.Values.ToArray())
            Fail(item, WorkFault.Declined, "the helper leaves", parkAgain: false);
        await socket.CloseAsync();
    }

    private void Show(bool force)
    {
        var now = Environment.TickCount64;
        if (!force && now < _showAtMs)
            return;
        _showAtMs = now + _view.EveryMs;
        var slots = new SlotFigures(
            _slots.Count, Count(SlotState.Busy), Count(SlotState.Resting), Count(SlotState.Free), Count(SlotState.Starting));
        var why = _why.Length > 0 || _problem is null ? _why : _problem;
        _view.Show(
            new LendSnapshot(
                _state, why, slots, _rate.PerSecond(now), _ledger.Done, _ledger.Failed, _ledger.Declined, _ledger.Cancelled, _ledger.Accepted, _ledger.Rejected, _ledger.Forged,
                Math.Round(_ledger.BusyMs / 1000, 3), _ledger.Earned, _ledger.Standing?.Balance, _rttMs is { } rtt ? Math.Round(rtt, 2) : null, _slots.Sum(slot => slot.Restarts)),
            _ledger);

        int Count(SlotState state) => _slots.Count(slot => slot.State == state);
    }

    private void Become(string state, string why)
    {
        if (_leaving && state != "leaving")
            return;
        if (state == _state && why == _why)
            return;
        _state = state;
        _why = why;
        Show(force: true);
    }

    private void Send<T>(Kind kind, T message)
        where T : class, IFlatTable<T>
    {
        if (_socket is { } socket && !socket.Send(kind, message))
            throw new IOException("the connection is too slow for what it has to carry");
    }

    private static bool? IsSigned(WorkReceipt receipt, HelperWelcome welcome)
    {
        if (receipt.Signature.IsEmpty)
            return null;
        if (receipt.Kernel.Length != KernelHash.Size || welcome.Peer is not { } owner)
            return false;
        Span<byte> bytes = stackalloc byte[ReceiptBytes.Size];
        ReceiptBytes.Write(bytes, owner, new Receipt(receipt.Lease, KernelHash.Read(receipt.Kernel.Span), receipt.Verdict, receipt.Fuel, receipt.Credits, null), receipt.Time);
        return EcdsaP256.Verify(welcome.PublicKey.Span, bytes, receipt.Signature.Span);
    }

    // From the slots' own tasks. A full queue means that the loop stands still; the slot waits then.
    private void Ran(WorkItem item, WorkerRun run) => Put(() => Ended(item, run));

    private void Changed(string? problem) => Put(() =>
    {
        _problem = problem ?? _problem;
        RunWaiting();
        if (_welcome is not null)
            Fill();
    });

    private void Put(Action happened)
    {
        if (!_events.Writer.TryWrite(happened))
            _events.Writer.WriteAsync(happened).AsTask().Wait();
    }

    private async Task TickAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(TickMs));
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
                await _events.Writer.WriteAsync(Tick, cancel);
        }
        catch (OperationCanceledException)
        {
            // The helper has left.
        }
    }

    private sealed class RefusedException(string message, bool final) : Exception(message)
    {
        public bool Final => final;
    }
}
