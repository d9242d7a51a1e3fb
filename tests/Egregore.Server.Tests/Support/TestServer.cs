using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Egregore.Server.Tests.Support;

/// <summary>The real server on a free port with a journal in a folder of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TestFolder? _folder;

    private TestServer(EgregoreServer server, TestFolder? folder, ManualTime time)
    {
        Server = server;
        _folder = folder;
        Time = time;
        Http = new HttpClient { BaseAddress = server.Address };
    }

    public EgregoreServer Server { get; }

    public ManualTime Time { get; }

    public HttpClient Http { get; }

    public Telemetry.WorldReport Report => Server.Services.GetRequiredService<Telemetry.WorldStatistics>().Latest;

    public Uri Socket => new UriBuilder(Server.Address) { Scheme = "ws", Path = "/ws" }.Uri;

    public static async Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? change = null, string? folder = null, bool pipes = false, World.IGame? game = null)
    {
        var own = folder is null ? new TestFolder() : null;
        var time = new ManualTime();
        var options = new ServerOptions { Url = "http://127.0.0.1:0", DataFolder = folder ?? own!.Path, Log = false, PagesFolder = "", BrowserFolder = "", Authority = Wire.Authority.Server };
        try
        {
            var server = await EgregoreServer.StartAsync(game ?? new LineGame(), change?.Invoke(options) ?? options, services =>
            {
                services.AddSingleton<TimeProvider>(time);
                // As behind TLS and on systems without epoll: Kestrel's own sockets and pipes.
                if (pipes)
                    services.AddSingleton<IConnectionListenerFactory, SocketTransportFactory>();
            });
            return new TestServer(server, own, time);
        }
        catch
        {
            own?.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the world's report, made once a second, is as wanted.</summary>
    public async Task<Telemetry.WorldReport> WaitAsync(Func<Telemetry.WorldReport, bool> that)
    {
        var statistics = Server.Services.GetRequiredService<Telemetry.WorldStatistics>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var report = await statistics.NextAsync().WaitAsync(patience.Token);
            if (that(report))
                return report;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        _folder?.Dispose();
    }
}
