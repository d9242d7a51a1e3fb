namespace Egregore.Server.Hosting;

/// <summary>Starts and stops the world with its application. Stopping begins before the web server stops, so that it need not wait for sessions.</summary>
internal sealed class WorldService(WorldHost world, IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(world.BeginStop);
        world.Faulted += _ =>
        {
            Environment.ExitCode = 70;
            lifetime.StopApplication();
        };
        world.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        world.Stop();
        return Task.CompletedTask;
    }
}
