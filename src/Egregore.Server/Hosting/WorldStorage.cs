using System.Security.Cryptography;
using Egregore.Server.Photos;
using Egregore.Server.Sessions;
using Egregore.Server.Work;
using Egregore.Storage.Sqlite;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Server.Hosting;

/// <summary>Opens the journal and the world in it.</summary>
internal static partial class WorldStorage
{
    public static IJournalStore OpenStore(ServerOptions options) =>
        new SqliteJournalStore(options.JournalPath, new SqliteJournalOptions { JournalSizeBytesMax = options.JournalBytesMax });

    public static WorldHost OpenWorld(IServiceProvider services)
    {
        var options = services.GetRequiredService<ServerOptions>();
        var definition = services.GetRequiredService<WorldDefinition>();
        var store = services.GetRequiredService<IJournalStore>();
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Egregore.Server");
        var truth = new TruthOptions
        {
            SessionsMax = 2 * options.SessionsMax,
            ResumeWithinMs = options.ResumeSeconds * 1000L,
            RandomSeed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
        };
        return new WorldHost(
            options,
            output => Recover(definition, store, output, truth, log),
            store,
            services.GetRequiredService<SessionTable>(),
            services.GetRequiredService<CommandQueue>(),
            PhysicsHost.Of(services.GetRequiredService<IGame>(), services.GetRequiredService<WorkHost>(), log),
            PhotoHost.Of(services.GetRequiredService<IGame>(), definition, options, services.GetRequiredService<WorkHost>()),
            new WorkReporter(services.GetRequiredService<WorkHost>(), options.Helpers),
            services.GetRequiredService<TimeProvider>(),
            log);
    }

    private static Truth Recover(WorldDefinition definition, IJournalStore store, ITruthOutput output, TruthOptions options, ILogger log)
    {
        var world = WorldRecovery.Open(definition, store, output, options);
        if (world.Damage is { } damage)
            LogDamage(log, damage.ToString(), world.Truth.Transaction, world.SetAside ?? "");
        foreach (var step in world.Schema.Preview())
            LogSchema(log, step);
        return world.Truth;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the journal was damaged: {Damage}. The world goes on from its last good transaction, {Transaction}; the damaged file is kept as {Aside}")]
    private static partial void LogDamage(ILogger log, string damage, ulong transaction, string aside);

    [LoggerMessage(Level = LogLevel.Information, Message = "schema: {Step}")]
    private static partial void LogSchema(ILogger log, string step);
}
