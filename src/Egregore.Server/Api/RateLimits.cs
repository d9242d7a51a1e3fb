using System.Net;
using System.Threading.RateLimiting;
using Egregore.Server.Telemetry;
using Egregore.Wire;

namespace Egregore.Server.Api;

/// <summary>Limits for each address, by ASP.NET Core's rate limiter. An IPv6 address counts as its /64: one host has that many.</summary>
internal static class RateLimits
{
    public const string Identity = "identity";
    public const string Api = "api";

    private const int BurstSeconds = 10;

    public static void Add(IServiceCollection services, ServerOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.OnRejected = async (context, _) =>
        {
            ServerMeter.Refused(RefusalCode.RateLimited);
            context.HttpContext.Response.Headers.RetryAfter = "1";
            await TypedResults.Problem("too many requests from this address", statusCode: StatusCodes.Status429TooManyRequests).ExecuteAsync(context.HttpContext);
        };
        limiter.AddPolicy(Identity, context => Bucket(context, options.IdentityRequestsPerSecond));
        limiter.AddPolicy(Api, context => Bucket(context, options.ApiRequestsPerSecond));
    });

    /// <summary>The address, as limits count it.</summary>
    public static string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes).ToString();
    }

    private static RateLimitPartition<string> Bucket(HttpContext context, int perSecond) => RateLimitPartition.GetTokenBucketLimiter(AddressOf(context), _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = BurstSeconds * perSecond,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
        AutoReplenishment = true,
    });
}
