using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Egregore.Bench.Work;

/// <summary>bullmq over a redis-server of its own, on a free port of loopback and in memory only; both end with this.</summary>
internal sealed class BullPeer : IAsyncDisposable
{
    private const int Jobs = 20_000;

    private static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(2);

    private readonly ChildProcess _redis;
    private readonly ChildProcess _node;

    private BullPeer(ChildProcess redis, ChildProcess node)
    {
        _redis = redis;
        _node = node;
    }

    /// <summary>Starts redis-server, a queue and its worker, and warms them up.</summary>
    /// <exception cref="BenchException">redis-server or Node is missing, or one of them ended.</exception>
    public static async Task<BullPeer> StartAsync(BenchContext context, int outstanding, CancellationToken cancellation)
    {
        string number = FreePort().ToString(CultureInfo.InvariantCulture);
        ChildProcess redis = StartRedis(number);
        try
        {
            await redis.ReadLineWithAsync("Ready to accept connections", StartWithin, cancellation).ConfigureAwait(false);
            (string, string)[] settings = [("REDIS_PORT", number), ("JOBS", $"{Jobs}"), ("OUTSTANDING", $"{outstanding}"), ("CONCURRENCY", $"{outstanding}")];
            var peer = new BullPeer(redis, ChildProcess.Start("node", ["work-bullmq.mjs"], context.PeersDirectory, settings));
            try
            {
                await peer.RunAsync(StartWithin, cancellation).ConfigureAwait(false);
                return peer;
            }
            catch
            {
                await peer._node.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            await redis.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs its jobs once.</summary>
    /// <returns>Jobs a second, from adding to the event that says completed.</returns>
    public async Task<double> RunAsync(TimeSpan within, CancellationToken cancellation)
    {
        await _node.WriteAsync("run").ConfigureAwait(false);
        using JsonDocument line = JsonDocument.Parse(await _node.ReadAsync("{", within, cancellation).ConfigureAwait(false));
        return line.RootElement.GetProperty("perSecond").GetDouble();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync().ConfigureAwait(false);
        await _redis.DisposeAsync().ConfigureAwait(false);
    }

    private static ChildProcess StartRedis(string port)
    {
        try
        {
            return ChildProcess.Start("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        }
        catch (BenchException missing)
        {
            throw new BenchException("redis-server was not found: install it (Debian's package redis-server) to measure beside bullmq.", missing);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
