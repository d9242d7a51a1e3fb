using Egregore.Server.Telemetry;

namespace Egregore.Server.Api;

/// <summary>For whoever watches the process: alive, and ready to take players.</summary>
internal static class HealthApi
{
    private const long StalledMs = 5_000;

    public static void Map(IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("health");
        health.MapGet("", Ready).WithSummary("The same as ready");
        health.MapGet("/live", () => TypedResults.Ok(new HealthResponse("ok"))).WithSummary("The process answers");
        health.MapGet("/ready", Ready).WithSummary("The world's loop runs and its journal takes groups; else 503")
            .Produces<HealthResponse>().Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable);
    }

    private static IResult Ready(WorldStatistics statistics, TimeProvider time)
    {
        var status = !statistics.HasBegun ? "starting"
            : time.GetUtcNow().ToUnixTimeMilliseconds() - statistics.Latest.Stats.TimeMs > StalledMs ? "the world's loop stands still"
            : statistics.JournalFails ? "the journal cannot be written"
            : "ok";
        return status == "ok" ? TypedResults.Ok(new HealthResponse(status)) : TypedResults.Json(new HealthResponse(status), statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
