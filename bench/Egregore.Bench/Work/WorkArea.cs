using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Egregore.Sandbox;
using Egregore.Server;
using Egregore.Server.Work;
using Egregore.Work;
using Egregore.World;
using Microsoft.Extensions.DependencyInjection;

namespace Egregore.Bench.Work;

/// <summary>
/// <c>work.*</c>: the coordinator in its server, with helpers in a process of their own over loopback. The kernel is empty and helpers answer it without running it, so that what is measured is
/// the coordinator with its sockets; bullmq, the peer, has jobs without content and a worker without a body, with redis-server in memory only.
/// </summary>
public sealed class WorkArea : IBenchArea
{
    private const int Helpers = 8;
    private const int Slots = 64;
    private const int Parked = 10_000;
    private const int DispatchTasks = 2_000;
    private const int WarmTasks = 20_000;
    private const int Tasks = 100_000;
    private const int Outstanding = 400;
    private const int PeerJobs = 20_000;
    private const byte Tag = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // (memory 1 1), alloc: (i32) -> i32.const 0, run: (i32 i32) -> i64.const 0
    private static readonly byte[] EmptyKernel = Convert.FromHexString(
        "0061736d01000000" + "010c0260017f017f60027f7f017e" + "0303020001" + "05040101" + "0101" + "0718" + "03066d656d6f72790200" + "05616c6c6f630000" + "0372756e0001" + "0a0b02040041000b040042000b");

    /// <inheritdoc/>
    public string Name => "work";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        string data = Directory.CreateTempSubdirectory("egregore-bench-").FullName;
        try
        {
            await using EgregoreServer server = await StartAsync(data, cancellation).ConfigureAwait(false);
            using var driver = new Driver(server.Services.GetRequiredService<WorkHost>());
            ulong fuel = driver.AddEmpty(EmptyKernel);
            await using (ChildProcess helpers = await HelpersAsync(server, Helpers, Slots, fuel, cancellation).ConfigureAwait(false))
            {
                await driver.RunAsync(WarmTasks, Outstanding, cancellation).ConfigureAwait(false);
                double[] times = await driver.OneByOneAsync(DispatchTasks, cancellation).ConfigureAwait(false);
                yield return Measure.Alone(
                    "work.dispatch_p50_ms", "ms", Sampling.Middle(times), $"task to checked result over loopback, empty kernel, one after the other; 99 %: {At(times, 0.99).ToString("0.000", CultureInfo.InvariantCulture)} ms");
                var rates = new List<double>();
                for (int i = 0; i < context.Repeats; i++)
                {
                    rates.Add(await driver.RunAsync(Tasks, Outstanding, cancellation).ConfigureAwait(false));
                    context.Log($"work: {rates[^1]:0} tasks/s, {driver.Local} of them by truth");
                }
                double peer = await BullAsync(context, cancellation).ConfigureAwait(false);
                yield return Measure.MoreIsBetter(
                    "work.throughput", "tasks/s", Sampling.Middle([.. rates]), "bullmq", peer,
                    $"{Outstanding} outstanding, {Helpers} helpers in a process of their own; {driver.Local} of {driver.Count} by truth, {driver.Failed} failed; bullmq with redis-server, jobs without content");
            }

            Process self = Process.GetCurrentProcess();
            long before = Resident(self);
            await using (ChildProcess parked = await HelpersAsync(server, Parked, 1, fuel, cancellation).ConfigureAwait(false))
            {
                await driver.ParkedAsync(Parked, Patience, cancellation).ConfigureAwait(false);
                yield return Measure.Alone("work.parked_mb", "MB", (Resident(self) - before) / 1e6, $"resident memory that {Parked} parked helpers add to the server's process, their sockets included");
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static Task<EgregoreServer> StartAsync(string data, CancellationToken cancellation) => EgregoreServer.StartAsync(
        new EmptyGame(),
        new ServerOptions
        {
            Url = "http://127.0.0.1:0",
            DataFolder = data,
            Log = false,
            PagesFolder = "",
            BrowserFolder = "",
            IdentityRequestsPerSecond = 100_000,
            ReplayCacheMax = 1_000_000,
            SessionsMax = 12_000,
            ConnectionsPerAddressMax = 12_000,
            TicketSeconds = 300,
            HelloTimeoutMs = 60_000,
            IdleSeconds = 3_600,
            // The bound of a helper is there for strangers; here eight of them carry all of the load.
            Helpers = new HelpersOptions { ConnectionsPerAddressMax = 12_000, MessagesPerSecond = 1_000_000, BytesPerSecond = 1_000_000_000 },
        },
        cancellationToken: cancellation);

    private static async Task<ChildProcess> HelpersAsync(EgregoreServer server, int count, int slots, ulong fuel, CancellationToken cancellation)
    {
        ChildProcess child = ChildProcess.StartCli("bench-helpers", server.Address.ToString(), $"{count}", $"{slots}", $"{fuel}");
        await child.ReadAsync("ready", Patience, cancellation).ConfigureAwait(false);
        return child;
    }

    private static async Task<double> BullAsync(BenchContext context, CancellationToken cancellation)
    {
        int port = FreePort();
        await using ChildProcess redis = ChildProcess.Start("redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        await redis.ReadLineWithAsync("Ready to accept connections", Patience, cancellation).ConfigureAwait(false);
        (string, string)[] settings =
            [("REDIS_PORT", $"{port}"), ("JOBS", $"{PeerJobs}"), ("OUTSTANDING", $"{Outstanding}"), ("WINDOWS", $"{context.Repeats}"), ("CONCURRENCY", $"{Outstanding}")];
        await using ChildProcess node = ChildProcess.Start("node", ["work-bullmq.mjs"], context.PeersDirectory, settings);
        var rates = new List<double>();
        while (rates.Count < context.Repeats)
        {
            using JsonDocument line = JsonDocument.Parse(await node.ReadAsync("{", Patience, cancellation).ConfigureAwait(false));
            rates.Add(line.RootElement.GetProperty("perSecond").GetDouble());
            context.Log($"work, bullmq: {rates[^1]:0} jobs/s");
        }
        return Sampling.Middle([.. rates]);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static double At(double[] values, double share) => values.Order().ElementAt((int)(share * (values.Length - 1)));

    private static long Resident(Process self)
    {
        GC.Collect();
        self.Refresh();
        return self.WorkingSet64;
    }

    private sealed class EmptyGame : IGame
    {
        public string Name => "bench";

        public int Version => 1;

        public void Define(WorldBuilder world)
        {
        }
    }

    /// <summary>Submits and takes what comes back.</summary>
    private sealed class Driver : ISettlements, IDisposable
    {
        private readonly WorkHost _work;
        private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _awaited = new();
        private readonly SemaphoreSlim _free = new(0);
        private KernelHash _kernel;
        private ulong _key;
        private long _settled;
        private long _local;
        private long _failed;

        public Driver(WorkHost work)
        {
            _work = work;
            work.Listen(Tag, this);
        }

        public long Count => Volatile.Read(ref _settled);

        public long Local => Volatile.Read(ref _local);

        public long Failed => Volatile.Read(ref _failed);

        public void Dispose() => _free.Dispose();

        public ulong AddEmpty(byte[] module)
        {
            byte[] metered = KernelModule.Meter(module);
            _kernel = KernelHash.Of(metered);
            _work.AddKernel(new KernelManifest { Hash = _kernel, Name = "empty", Class = VerificationClass.Simulated }, metered);
            using var sandbox = new KernelSandbox(null, TimeProvider.System);
            sandbox.Load(_kernel, metered);
            return sandbox.Run(_kernel, [], [], 1_000, 0).Fuel;
        }

        public async Task<double[]> OneByOneAsync(int count, CancellationToken cancellation)
        {
            double[] times = new double[count];
            for (int i = 0; i < count; i++)
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ulong key = ++_key;
                _awaited[key] = done;
                long started = Stopwatch.GetTimestamp();
                Submit(key);
                await done.Task.WaitAsync(Patience, cancellation).ConfigureAwait(false);
                times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
            return times;
        }

        public async Task<double> RunAsync(int count, int outstanding, CancellationToken cancellation)
        {
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < count + outstanding; i++)
            {
                if (i >= outstanding && !await _free.WaitAsync(Patience, cancellation).ConfigureAwait(false)) throw new BenchException("a task was never settled");
                if (i < count) Submit(++_key);
            }
            return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        public async Task ParkedAsync(int count, TimeSpan within, CancellationToken cancellation)
        {
            for (long started = Stopwatch.GetTimestamp(); _work.With((coordinator, _) => coordinator.ParkedCount) < count;)
            {
                if (Stopwatch.GetElapsedTime(started) > within) throw new BenchException($"only {_work.With((coordinator, _) => coordinator.ParkedCount)} of {count} helpers are parked");
                await Task.Delay(100, cancellation).ConfigureAwait(false);
            }
        }

        public void Settled(in Settlement settlement)
        {
            // The first word on a task is the one that counts; "verified" without output follows it.
            if (settlement.Outcome == TaskOutcome.Failed) _failed++;
            else if (settlement.Outcome == TaskOutcome.Verified && settlement.By != VerifiedBy.Truth) return;
            else if (settlement.Outcome == TaskOutcome.RolledBack) return;
            _settled++;
            if (settlement.Level == FailoverLevel.Truth) _local++;
            if (_awaited.TryRemove(settlement.Tag & ((1UL << 56) - 1), out TaskCompletionSource? done)) done.SetResult();
            else _free.Release();
        }

        private void Submit(ulong key)
        {
            SubmitResult result = _work.Submit(new WorkTask { Kernel = _kernel, World = WorkHost.World, Input = [], Tag = ((ulong)Tag << 56) | key });
            if (!result.Taken) throw new BenchException($"a task was refused: {result.Status}");
        }
    }
}
