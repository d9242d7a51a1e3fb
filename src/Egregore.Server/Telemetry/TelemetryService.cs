using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Egregore.Server.Telemetry;

/// <summary>Keeps the exporters for as long as the host runs; the container disposes them, which sends what is left.</summary>
internal sealed class TelemetryService(MeterProvider meters, TracerProvider traces) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        meters.ForceFlush(2_000);
        traces.ForceFlush(2_000);
        return Task.CompletedTask;
    }
}
