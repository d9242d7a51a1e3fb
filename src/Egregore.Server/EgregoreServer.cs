using System.Net;
using System.Net.Sockets;
using Egregore.Server.Hosting;
using Egregore.Server.Transport;
using Egregore.World;
using Egregore.World.Journal;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Egregore.Server;

/// <summary>A world's server, ready made: Kestrel, <see cref="EgregoreServices.AddEgregore"/> and <see cref="EgregoreServices.MapEgregore"/>.</summary>
public sealed class EgregoreServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EgregoreServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where it listens; with the port that was taken when 0 was asked for.</summary>
    public Uri Address { get; }

    /// <summary>The application's services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Opens the world and listens.</summary>
    /// <param name="game">The game.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="configure">Overrides parts, such as the clock or the store.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="EgregoreEnvironmentException">The environment does not let it run; the message is one line for the person.</exception>
    public static async Task<EgregoreServer> StartAsync(IGame game, ServerOptions options, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        if (options.Log)
            builder.Logging.AddSimpleConsole(console => console.SingleLine = true).AddFilter("Microsoft", LogLevel.Warning)
                // What ends the start is one line of the exception, not a stack in the log.
                .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // Kestrel takes the transport that was registered last: ours before its own, and the caller's before ours.
        if (PollTransport.IsSupported)
            builder.Services.AddSingleton<IConnectionListenerFactory, PollTransport>();
        configure?.Invoke(builder.Services);
        builder.Services.AddEgregore(game, options);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        var app = builder.Build();
        try
        {
            // The world first: a server that cannot keep anything does not listen.
            app.Services.GetRequiredService<WorldHost>();
            app.MapEgregore();
            await app.StartAsync(cancellationToken);
            return new EgregoreServer(app, Listening(app));
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            if (Translate(e, options) is { } line)
                throw new EgregoreEnvironmentException(line, e);
            throw;
        }
    }

    /// <summary>Starts and runs until the process is asked to end (Ctrl-C, SIGTERM) or the token is.</summary>
    /// <param name="game">The game.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="started">Told when it listens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="EgregoreEnvironmentException">The environment does not let it run.</exception>
    public static async Task RunAsync(IGame game, ServerOptions options, Action<EgregoreServer>? started = null, CancellationToken cancellationToken = default)
    {
        await using var server = await StartAsync(game, options, cancellationToken: cancellationToken);
        started?.Invoke(server);
        await server.WaitForShutdownAsync(cancellationToken);
    }

    /// <summary>Ends when the server was asked to end.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    /// <summary>Tells sessions, keeps what is not kept yet, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 16 * 1024;
        kestrel.Limits.MaxRequestLineSize = 4 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        kestrel.Limits.MaxConcurrentConnections = (2L * options.SessionsMax) + 256;
        kestrel.Limits.MaxConcurrentUpgradedConnections = (2L * options.SessionsMax) + 256;
        // A message must fit with its frame's header.
        kestrel.Limits.MaxRequestBufferSize = Math.Max(128 * 1024, 2 * options.MessageBytesMax);
        // The WebSocket takes the connection over, which only HTTP/1.1 has one of for each session.
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
        var url = new Uri(options.Url);
        if (url.Host is "0.0.0.0" or "[::]" or "*" or "+")
            kestrel.ListenAnyIP(url.Port);
        else if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
            kestrel.Listen(address, url.Port);
        else if (url.Host == "localhost" && url.Port == 0)
            kestrel.Listen(IPAddress.Loopback, 0);
        else if (url.Host == "localhost")
            kestrel.ListenLocalhost(url.Port);
        else
            throw new EgregoreEnvironmentException($"Url is '{options.Url}'; its host must be an IP address or localhost");
    }

    private static Uri Listening(WebApplication app)
    {
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        return new Uri(address.Replace("//[::]", "//127.0.0.1", StringComparison.Ordinal).Replace("//0.0.0.0", "//127.0.0.1", StringComparison.Ordinal));
    }

    /// <summary>The one place where what the environment refuses becomes a line for the person; null: it is a bug of ours.</summary>
    private static string? Translate(Exception exception, ServerOptions options) => exception switch
    {
        EgregoreEnvironmentException e => e.Message,
        IOException { InnerException: AddressInUseException } => $"{options.Url} is taken: another program listens there; choose another port with --url",
        SocketException { SocketErrorCode: SocketError.AccessDenied } or IOException { InnerException: SocketException { SocketErrorCode: SocketError.AccessDenied } } =>
            $"{options.Url} may not be listened on by this user; choose a port above 1023",
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } or IOException { InnerException: SocketException { SocketErrorCode: SocketError.AddressNotAvailable } } =>
            $"{options.Url} is no address of this machine",
        JournalStoreException e => e.Message,
        SchemaRefusedException e => e.Message,
        UnauthorizedAccessException e => $"{options.DataFolder} cannot be written: {e.Message}",
        DllNotFoundException e => $"SQLite's library was not found ({e.Message.Split('\n')[0]}); install libsqlite3 (Debian: libsqlite3-0)",
        _ => null,
    };
}
