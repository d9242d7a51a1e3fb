using System.Text.Json;
using Egregore.Server.Telemetry;
using Microsoft.Extensions.Options;

namespace Egregore.Server.Api;

/// <summary>What the dashboard shows: the world, its sessions, the mesh and figures, at once or as a stream.</summary>
internal static class WorldApi
{
    private const int StreamsMax = 64;

    private static int s_streams;

    public static void Map(RouteGroupBuilder api)
    {
        var world = api.MapGroup("").WithTags("world").RequireRateLimiting(RateLimits.Api);
        world.MapGet("/world", (WorldStatistics statistics) => TypedResults.Ok(statistics.Latest.World)).WithSummary("About the world");
        world.MapGet("/sessions", (WorldStatistics statistics) => TypedResults.Ok(statistics.Latest.Sessions)).WithSummary("Sessions, at most 1,000");
        world.MapGet("/mesh", (WorldStatistics statistics) => TypedResults.Ok(statistics.Latest.Mesh)).WithSummary("The mesh as its peers report it");
        world.MapGet("/stats", (WorldStatistics statistics) => TypedResults.Ok(statistics.Latest.Stats)).WithSummary("Ticks, journal, messages and bytes a second");
        world.MapGet("/stream", StreamAsync)
            .WithSummary("A report of all that once a second, as server-sent events named 'report'")
            .Produces<WorldReport>(contentType: "text/event-stream")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task StreamAsync(HttpContext context, WorldStatistics statistics, IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json, IHostApplicationLifetime lifetime)
    {
        if (Interlocked.Increment(ref s_streams) > StreamsMax)
        {
            Interlocked.Decrement(ref s_streams);
            await TypedResults.Problem($"{StreamsMax} streams are open already", statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context);
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            var report = statistics.Latest;
            while (true)
            {
                await context.Response.WriteAsync("event: report\ndata: ", ended.Token);
                await JsonSerializer.SerializeAsync(context.Response.Body, report, json.Value.SerializerOptions, ended.Token);
                await context.Response.WriteAsync("\n\n", ended.Token);
                await context.Response.Body.FlushAsync(ended.Token);
                report = await statistics.NextAsync().WaitAsync(ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader went, or the server goes.
        }
        finally
        {
            Interlocked.Decrement(ref s_streams);
        }
    }
}
