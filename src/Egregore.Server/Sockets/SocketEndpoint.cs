using System.Security.Cryptography;
using System.Text;
using Egregore.Server.Api;
using Egregore.Server.Hosting;
using Egregore.Server.Security;
using Egregore.Server.Sessions;
using Egregore.Server.Telemetry;
using Egregore.Server.Transport;
using Egregore.Wire;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Egregore.Server.Sockets;

/// <summary>
/// The opening handshake of RFC 6455, section 4.2, over HTTP/1.1, after which the connection's host has the socket to itself. No extension and no subprotocol.
/// </summary>
/// <remarks>
/// ASP.NET Core's WebSocket would do, at a price: a receive costs it two more asynchronous layers, and a send one lock, one flush and one system call for each message; here a
/// tick's messages leave in one.
/// </remarks>
internal sealed class SocketEndpoint(
    OriginPolicy origins, SessionTable sessions, IHostApplicationLifetime application, ILogger<SocketEndpoint> log)
{
    private const int KeyBytes = 16;

    /// <summary>Takes one request for a host's sockets.</summary>
    public async Task HandleAsync(HttpContext context, ISocketHost host)
    {
        if (!origins.IsAllowed(context.Request))
        {
            await RefuseAsync(context, RefusalCode.Forbidden, StatusCodes.Status403Forbidden, "this origin may not open sessions here");
            return;
        }

        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        var headers = context.Request.Headers;
        if (upgrade is not { IsUpgradableRequest: true } || !string.Equals(headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase) || headers.SecWebSocketVersion != "13" || !IsKey(headers.SecWebSocketKey))
        {
            context.Response.Headers.SecWebSocketVersion = "13";
            await RefuseAsync(context, RefusalCode.Malformed, StatusCodes.Status426UpgradeRequired, "this is a WebSocket (RFC 6455, HTTP/1.1)");
            return;
        }

        var address = RateLimits.AddressOf(context);
        if (application.ApplicationStopping.IsCancellationRequested || host.IsFull)
        {
            await RefuseAsync(context, RefusalCode.Overloaded, StatusCodes.Status503ServiceUnavailable, "the server is full");
            return;
        }

        if (!sessions.TryEnter(address, host.Limits.ConnectionsPerAddressMax))
        {
            await RefuseAsync(context, RefusalCode.RateLimited, StatusCodes.Status429TooManyRequests, "too many connections from this address");
            return;
        }

        try
        {
            await RunAsync(context, upgrade, address, host);
        }
        finally
        {
            sessions.Leave(address);
        }
    }

    private async Task RunAsync(HttpContext context, IHttpUpgradeFeature upgrade, string address, ISocketHost host)
    {
        var response = context.Response.Headers;
        response.Connection = "Upgrade";
        response.Upgrade = "websocket";
        response.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        await using var stream = await upgrade.UpgradeAsync();
        await stream.FlushAsync();
        var transport = context.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport;
        var lifetime = context.Features.GetRequiredFeature<IConnectionLifetimeFeature>();
        // No send of ours can come before the 101 has left: the client says hello first.
        var poll = context.Features.Get<ITlsConnectionFeature>() is null ? context.Features.Get<PollConnection>() : null;
        var connection = new SessionConnection(transport, poll, lifetime, address, host, log);
        host.Opened(connection);
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            host.Closed(connection);
        }
    }

    private static async Task RefuseAsync(HttpContext context, RefusalCode code, int status, string text)
    {
        ServerMeter.Refused(code);
        await TypedResults.Problem(text, statusCode: status).ExecuteAsync(context);
    }

    private static bool IsKey(string? key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        return key is { Length: 24 } && Convert.TryFromBase64String(key, bytes, out var written) && written == KeyBytes;
    }

    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}
