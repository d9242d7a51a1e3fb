using System.Diagnostics;
using Egregore.Cli.Lend;
using Egregore.Wire;

namespace Egregore.Lend.Tests;

/// <summary>The command line's helper, run within the test, with real worker processes.</summary>
internal sealed class Helper : IAsyncDisposable
{
    /// <summary>Workers that rest at all have no task waiting for them: what is parked is what is free.</summary>
    private const double Barely = 0.99;

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http;
    private readonly Task _running;

    public Helper(FakeCoordinator coordinator, int cores = 1, double share = Barely, PauseSenses? senses = null, Func<ProcessStartInfo>? worker = null)
        : this(coordinator.Url, cores, share, senses, worker)
    {
    }

    public Helper(Uri url, int cores = 1, double share = Barely, PauseSenses? senses = null, Func<ProcessStartInfo>? worker = null)
    {
        _http = new HttpClient { BaseAddress = url };
        var options = new LendOptions { Url = url, Name = "test", Cores = cores, Share = share, Worker = worker ?? (() => Confinement.Worker(null, 256 << 20, 1_024)) };
        Lender = new Lender(options, _http, Key, senses ?? new PauseSenses("/none", "/none", 1, onBattery: true), View);
        _running = Lender.RunAsync(_stop.Token);
    }

    public EcdsaP256 Key { get; } = EcdsaP256.Create();

    public RecordingView View { get; } = new();

    public Lender Lender { get; }

    public Task Running => _running;

    /// <summary>As Ctrl+C does.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (Egregore.Server.EgregoreEnvironmentException)
        {
            // The test looked at it.
        }

        await Lender.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
        Key.Dispose();
    }
}

/// <summary>Keeps what was shown and lets a test wait for it.</summary>
internal sealed class RecordingView : ILendView
{
    private readonly System.Threading.Channels.Channel<LendSnapshot> _shown = System.Threading.Channels.Channel.CreateUnbounded<LendSnapshot>();

    public int EveryMs => 100;

    public LendLedger? Ledger { get; private set; }

    public List<TaskRecord> Receipts { get; } = [];

    public void Show(LendSnapshot snapshot, LendLedger ledger)
    {
        Ledger = ledger;
        _shown.Writer.TryWrite(snapshot);
    }

    public void Task(TaskRecord record, bool isReceipt)
    {
        if (isReceipt)
            Receipts.Add(record);
    }

    /// <summary>The next picture that is as wanted.</summary>
    public async Task<LendSnapshot> UntilAsync(Func<LendSnapshot, bool> wanted)
    {
        using var limit = new CancellationTokenSource(FakeCoordinator.Patience);
        while (true)
        {
            var snapshot = await _shown.Reader.ReadAsync(limit.Token);
            if (wanted(snapshot))
                return snapshot;
        }
    }
}
