using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Egregore.Bench.Physics;
using Egregore.Server;
using Egregore.Server.Work;
using Egregore.Work;
using Egregore.World;
using Microsoft.Extensions.DependencyInjection;

namespace Egregore.Bench.Work;

/// <summary>
/// <c>work.*</c>: the coordinator in its server, with helpers in a process of their own over loopback. The kernel is empty and helpers answer it without running it, so that what is measured is
/// the coordinator with its sockets; bullmq, the peer, has jobs without content and a worker without a body, with redis-server in memory only. Then <c>physics.*</c>, the work that matters most.
/// </summary>
public sealed class WorkArea : IBenchArea
{
    private const int Helpers = 8;
    private const int Slots = 64;
    private const int Parked = 10_000;
    private const int DispatchTasks = 4_000;
    private const int Outstanding = 400;
    private const double WarmSeconds = 2;
    private const double RunSeconds = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan SettledWithin = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Name => "work";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        await using BullPeer bull = await BullPeer.StartAsync(context, Outstanding, cancellation).ConfigureAwait(false);
        string data = Directory.CreateTempSubdirectory("egregore-bench-").FullName;
        try
        {
            await using EgregoreServer server = await StartAsync(data, cancellation).ConfigureAwait(false);
            using var driver = new WorkDriver(server.Services.GetRequiredService<WorkHost>());
            ulong fuel = driver.AddKernel();
            await using (ChildProcess helpers = await HelpersAsync(server, Helpers, Slots, fuel, cancellation).ConfigureAwait(false))
            {
                // Until helpers are trusted and the code is compiled.
                context.Log($"work: {Helpers} helpers are there, warming up ...");
                await OnThread(() => driver.Run(WarmSeconds, Outstanding, cancellation)).ConfigureAwait(false);
                await foreach (Measure measure in DispatchAsync(driver, cancellation).ConfigureAwait(false)) yield return measure;
                await foreach (Measure measure in ThroughputAsync(context, driver, bull, cancellation).ConfigureAwait(false)) yield return measure;
            }
            await bull.DisposeAsync().ConfigureAwait(false);
            yield return await ParkedAsync(context, server, driver, fuel, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
        await foreach (Measure measure in PhysicsMeasures.RunAsync(context, cancellation).ConfigureAwait(false)) yield return measure;
    }

    private static async IAsyncEnumerable<Measure> DispatchAsync(WorkDriver driver, [EnumeratorCancellation] CancellationToken cancellation)
    {
        double[] times = await OnThread(() => driver.OneByOne(DispatchTasks, VerificationClass.Simulated, lastWords: false, cancellation)).ConfigureAwait(false);
        yield return Measure.Alone("work.dispatch_p50_ms", "ms", Sampling.Middle(times), $"from submit to the answer with its lease, fuel, hash and form checked, over loopback, {DispatchTasks} empty tasks one after the other; {Tail(times)}");
        await driver.SettledAsync(SettledWithin, cancellation).ConfigureAwait(false);
        times = await OnThread(() => driver.OneByOne(DispatchTasks, VerificationClass.Critical, lastWords: true, cancellation)).ConfigureAwait(false);
        yield return Measure.Alone("work.verified_p50_ms", "ms", Sampling.Middle(times), $"the same for critical tasks, until truth has run the kernel too and found the same; {Tail(times)}");
    }

    private static async IAsyncEnumerable<Measure> ThroughputAsync(BenchContext context, WorkDriver driver, BullPeer bull, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var self = Process.GetCurrentProcess();
        var rates = new List<double>();
        var peers = new List<double>();
        (long answers, long byTruth, long failed) = (driver.Answers, driver.ByTruth, driver.Failed);
        var bytes = new List<double>();
        var cpu = new List<double>();
        for (int i = 0; i < context.Repeats; i++)
        {
            (long bytesBefore, double cpuBefore, long answersBefore) = (GC.GetTotalAllocatedBytes(), CpuSeconds(self), driver.Answers);
            rates.Add(await OnThread(() => driver.Run(RunSeconds, Outstanding, cancellation)).ConfigureAwait(false));
            bytes.Add((GC.GetTotalAllocatedBytes() - bytesBefore) / (double)(driver.Answers - answersBefore));
            cpu.Add((CpuSeconds(self) - cpuBefore) * 1e6 / (driver.Answers - answersBefore));
            peers.Add(await bull.RunAsync(Patience, cancellation).ConfigureAwait(false));
            context.Log(string.Create(CultureInfo.InvariantCulture, $"work: {rates[^1]:#,0} tasks/s, bullmq: {peers[^1]:#,0} jobs/s"));
        }
        (answers, byTruth, failed) = (driver.Answers - answers, driver.ByTruth - byTruth, driver.Failed - failed);
        await driver.SettledAsync(SettledWithin, cancellation).ConfigureAwait(false);
        yield return Measure.MoreIsBetter(
            "work.throughput", "tasks/s", Sampling.Middle(rates), "bullmq", Sampling.Middle(peers),
            string.Create(CultureInfo.InvariantCulture, $"{Outstanding} outstanding, {Helpers} helpers in a process of their own; {answers:#,0} tasks, {byTruth} answered by truth, {failed} failed, the last word on all; bullmq with redis-server in memory, jobs without content, in turns"));
        yield return Measure.Alone("work.cpu_us", "us", Sampling.Middle(cpu), "processor time of the server a task, the thread that submits included");
        yield return Measure.Alone("work.alloc", "bytes", Sampling.Middle(bytes), "allocated by the server a task, truth's own runs of a hundredth of them included");
    }

    private static async Task<Measure> ParkedAsync(BenchContext context, EgregoreServer server, WorkDriver driver, ulong fuel, CancellationToken cancellation)
    {
        using var self = Process.GetCurrentProcess();
        long before = Resident(self);
        context.Log($"work: {Parked} helpers log in ...");
        await using ChildProcess parked = await HelpersAsync(server, Parked, 1, fuel, cancellation).ConfigureAwait(false);
        await driver.ParkedAsync(Parked, Patience, cancellation).ConfigureAwait(false);
        long after = Resident(self);
        return Measure.Alone(
            "work.parked_mb", "MB", after / 1e6,
            string.Create(CultureInfo.InvariantCulture, $"resident memory of the server's process, this benchmark in it, with {Parked} connected helpers parked; {(after - before) / 1e6:0} MB of it came with them"));
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
        try
        {
            await child.ReadAsync("ready", Patience, cancellation).ConfigureAwait(false);
            return child;
        }
        catch
        {
            await child.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>On a thread of its own: it waits without giving it back.</summary>
    private static Task<T> OnThread<T>(Func<T> run) => Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static string Tail(double[] times)
    {
        double[] sorted = [.. times.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"90 %: {sorted[sorted.Length * 9 / 10]:0.000} ms, 99 %: {sorted[sorted.Length * 99 / 100]:0.000} ms");
    }

    private static double CpuSeconds(Process self)
    {
        self.Refresh();
        return self.TotalProcessorTime.TotalSeconds;
    }

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
}
