using System.CommandLine;
using System.Text.Json;
using Egregore.Server;
using Egregore.Storage.Sqlite;
using Egregore.World;
using Egregore.World.Journal;
using VoxelArena;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore replay</c>: runs a journal's actions again and compares what they do with what the journal says they did.</summary>
internal sealed class ReplayCommand : Command
{
    private readonly Argument<string> _journal = new("journal") { Description = "The journal's file, or the folder given to serve --data", DefaultValueFactory = _ => "data" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of the world's terrain; the one kept beside the journal when left out" };
    private readonly Option<bool> _json = new("--json") { Description = "The report as one JSON line" };

    public ReplayCommand()
        : base("replay", "Run a journal again and compare the state's hash; changes nothing")
    {
        Add(_journal);
        Add(_seed);
        Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        var path = Find(result.GetValue(_journal)!);
        try
        {
            using var store = new SqliteJournalStore(path, new SqliteJournalOptions { ReadOnly = true });
            var report = JournalReplay.Run(WorldDefinition.Of(new VoxelArenaGame(result.GetValue(_seed) ?? WorldSeed.Read(Path.GetDirectoryName(Path.GetFullPath(path))!) ?? 1)), store);
            if (result.GetValue(_json))
                Console.WriteLine(JsonSerializer.Serialize(report, CliJson.Default.ReplayReport));
            else
                Print(path, report);
            return report is { IsEqual: true, Damage: null } ? ExitCodes.Success : ExitCodes.Failed;
        }
        catch (Exception e) when (e is JournalStoreException or SchemaRefusedException)
        {
            throw new EgregoreEnvironmentException($"{path}: {e.Message}", e);
        }
    }

    private static void Print(string path, ReplayReport report)
    {
        Console.WriteLine($"{path}: {report.Transactions} transactions run again from snapshot {report.Snapshot}");
        foreach (var mismatch in report.Mismatches)
            Console.WriteLine($"  transaction {mismatch.Transaction}, {mismatch.Reducer}: {mismatch.Reason}");
        if (report.Damage is { } damage)
            Console.WriteLine($"  damaged: {damage}");
        Console.WriteLine($"  state   {report.StateHash}");
        Console.WriteLine($"  journal {report.JournalHash}");
        Console.WriteLine(report.IsEqual ? "equal" : $"DIFFERENT ({report.MismatchCount} transactions)");
    }

    private static string Find(string path)
    {
        if (File.Exists(path))
            return path;
        var found = Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.db", SearchOption.TopDirectoryOnly).Order(StringComparer.Ordinal).ToArray() : [];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new EgregoreEnvironmentException($"no journal at {path}; name its file, or the folder given to serve --data"),
            _ => throw new EgregoreEnvironmentException($"{path} holds {found.Length} journals ({string.Join(", ", found.Select(Path.GetFileName))}); name one of them"),
        };
    }
}
