using Egregore.Server.Sessions;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Server.Hosting;

/// <summary>Opens the journal and the world in it; what the environment does not let pass becomes one clear line here.</summary>
internal static class WorldStorage
{
    public static IJournalStore OpenStore(ServerOptions options) => throw new EgregoreEnvironmentException("no store yet " + options.DataFolder);

    public static WorldHost OpenWorld(IServiceProvider services)
    {
        var options = services.GetRequiredService<ServerOptions>();
        var definition = services.GetRequiredService<WorldDefinition>();
        var truth = new TruthOptions { SessionsMax = options.SessionsMax, ResumeWithinMs = options.ResumeSeconds * 1000L };
        return new WorldHost(
            options,
            output => new Truth(definition, truth, output),
            services.GetRequiredService<IJournalStore>(),
            services.GetRequiredService<SessionTable>(),
            services.GetRequiredService<CommandQueue>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger("Egregore.Server"));
    }
}
