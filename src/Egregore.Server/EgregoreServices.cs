using Egregore.Server.Api;
using Egregore.Server.Hosting;
using Egregore.Server.Identity;
using Egregore.Server.Pages;
using Egregore.Server.Security;
using Egregore.Server.Sessions;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Server.Work;
using Egregore.World;
using Egregore.World.Journal;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Egregore.Server;

/// <summary>Puts a world into an ASP.NET Core application: <c>services.AddEgregore(game, options)</c>, then <c>app.MapEgregore()</c>.</summary>
public static class EgregoreServices
{
    /// <summary>Registers the world and all it needs. Override a part by registering it first (<see cref="TimeProvider"/>, <see cref="IJournalStore"/>).</summary>
    /// <exception cref="EgregoreEnvironmentException">An option is out of its bounds.</exception>
    public static IServiceCollection AddEgregore(this IServiceCollection services, IGame game, ServerOptions options)
    {
        if (options.Problem() is { } problem)
            throw new EgregoreEnvironmentException(problem);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(options);
        services.TryAddSingleton(game);
        services.TryAddSingleton(_ => WorldDefinition.Of(game));
        services.TryAddSingleton(s => WorldStorage.OpenStore(s.GetRequiredService<ServerOptions>()));
        services.TryAddSingleton(s => new OriginPolicy([.. options.AllowedOrigins]));
        services.TryAddSingleton(s => Tickets.Of(options, s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<SessionTable>();
        services.TryAddSingleton(_ => new CommandQueue(options.CommandsMax));
        services.TryAddSingleton<MessageRouter>();
        services.TryAddSingleton<SocketEndpoint>();
        services.TryAddSingleton<PageFiles>();
        services.TryAddSingleton<WorkHost>();
        services.TryAddSingleton<ApiTasks>();
        services.TryAddSingleton(WorldStorage.OpenWorld);
        services.TryAddSingleton(s => s.GetRequiredService<WorldHost>().Statistics);
        services.AddHostedService(s => s.GetRequiredService<WorkHost>());
        services.AddHostedService<WorldService>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull);
        services.AddProblemDetails();
        services.AddOpenApi("v1", api => api.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Egregore";
            document.Info.Version = "1";
            document.Info.Description = "Sessions and what the dashboard shows. The world itself speaks FlatBuffers on /ws (docs/wire.md).";
            return Task.CompletedTask;
        }));
        services.AddResponseCompression(compression => compression.EnableForHttps = true);
        RateLimits.Add(services, options);
        AddTelemetry(services);
        return services;
    }

    /// <summary>Maps the WebSocket, the API, health and the pages, with headers and limits in front of them.</summary>
    public static WebApplication MapEgregore(this WebApplication app)
    {
        var origins = app.Services.GetRequiredService<OriginPolicy>();
        var pages = app.Services.GetRequiredService<PageFiles>();
        app.Use((context, next) =>
        {
            SecurityHeaders.Apply(context.Response);
            return next(context);
        });
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseResponseCompression();
        app.Use(async (context, next) =>
        {
            if (HttpMethods.IsPost(context.Request.Method) && !origins.IsAllowed(context.Request))
            {
                ServerMeter.Refused(Wire.RefusalCode.Forbidden);
                await TypedResults.Problem("this origin may not post here", statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
            }
            else if (context.GetEndpoint() is not null || !await pages.TryServeAsync(context))
            {
                await next(context);
            }
        });
        app.UseRateLimiter();
        var api = app.MapGroup("/api");
        SessionApi.Map(api);
        WorldApi.Map(api);
        WorkApi.Map(app, api);
        HealthApi.Map(app);
        app.MapOpenApi("/openapi/{documentName}.json");
        var sockets = app.Services.GetRequiredService<SocketEndpoint>();
        var players = app.Services.GetRequiredService<MessageRouter>();
        var helpers = app.Services.GetRequiredService<WorkHost>();
        app.Map("/work", context => sockets.HandleAsync(context, helpers)).ExcludeFromDescription();
        app.Map("/ws", context => sockets.HandleAsync(context, players)).ExcludeFromDescription();
        return app;
    }

    /// <summary>Exports only where an endpoint is named in the environment, as the OTLP exporter reads it.</summary>
    private static void AddTelemetry(IServiceCollection services)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")))
            return;
        services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder().AddMeter(ServerMeter.Name).AddOtlpExporter().Build());
        services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder().AddSource(ServerMeter.Name, "Microsoft.AspNetCore").AddOtlpExporter().Build());
        services.AddHostedService<TelemetryService>();
    }
}
