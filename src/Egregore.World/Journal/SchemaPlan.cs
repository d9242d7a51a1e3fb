using System.Collections.Immutable;
using Egregore.Wire;

namespace Egregore.World.Journal;

/// <summary>What a step of a <see cref="SchemaPlan"/> does.</summary>
public enum SchemaStepKind
{
    /// <summary>A table that the kept rows do not have; it begins empty.</summary>
    AddTable,

    /// <summary>A table that this version lacks; its rows are kept aside in the journal, and come back with a version that has it.</summary>
    KeepTable,

    /// <summary>A table that this version lacks; its rows are dropped.</summary>
    DropTable,

    /// <summary>A field that old rows do not have; they read its default.</summary>
    AddField,

    /// <summary>The same field under another name.</summary>
    RenameField,

    /// <summary>A field that is no longer read; its bytes go when its row is written next.</summary>
    DeprecateField,

    /// <summary>Cannot be applied; the text says why, and what to do instead.</summary>
    Refuse,
}

/// <summary>One step, with a text for a person.</summary>
public sealed record SchemaStep(SchemaStepKind Kind, string Table, string Text);

/// <summary>What lies between the rows kept and this version of the game: shown before it is applied, and never a wipe.</summary>
public sealed record SchemaPlan(ImmutableArray<SchemaStep> Steps)
{
    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => Steps.IsEmpty;

    /// <summary>Whether a step cannot be applied; the world does not start then, and its journal stays as it is.</summary>
    public bool IsRefused => Steps.Any(step => step.Kind == SchemaStepKind.Refuse);

    /// <summary>The steps as lines for a person.</summary>
    public IReadOnlyList<string> Preview() => [.. Steps.Select(step => $"{step.Kind}: {step.Table}: {step.Text}")];

    /// <summary>Previews what opening a store with this version of a game will do; changes nothing.</summary>
    /// <exception cref="JournalStoreException">The store cannot be read.</exception>
    public static SchemaPlan Preview(WorldDefinition definition, IJournalStore store, bool dropRemovedTables = false)
    {
        foreach (ulong number in store.Snapshots())
        {
            foreach (ReadOnlyMemory<byte> part in store.ReadSnapshot(number))
            {
                if (SnapshotReader.TryReadHeader(part.Span, out SnapshotHeader? header))
                {
                    return Compare(header!.Tables, definition, dropRemovedTables);
                }
                break;
            }
        }
        return new SchemaPlan([]);
    }

    internal static SchemaPlan Compare(IReadOnlyList<StoredTable> stored, WorldDefinition definition, bool dropRemovedTables)
    {
        ImmutableArray<SchemaStep>.Builder steps = ImmutableArray.CreateBuilder<SchemaStep>();
        foreach (TableDefinition table in definition.AllTables)
        {
            StoredTable? old = stored.FirstOrDefault(candidate => candidate.Id == table.Id);
            if (old is null)
            {
                steps.Add(new SchemaStep(SchemaStepKind.AddTable, table.Name, "begins empty"));
                continue;
            }
            if (old.IsKept)
            {
                steps.Add(new SchemaStep(SchemaStepKind.AddTable, table.Name, "is back; its rows were kept aside"));
            }
            if (old.KeyType != table.KeyType)
            {
                Refuse(steps, table.Name, $"its key was {old.KeyType} and is {table.KeyType} now: add a table under another name and move rows in a reducer");
            }
            if (old.Hash != table.Schema.Hash)
            {
                CompareFields(steps, table.Name, old, table.Schema);
            }
        }
        foreach (StoredTable old in stored)
        {
            // A table that was kept aside before and stays so is no step.
            if (!definition.AllTables.Any(table => table.Id == old.Id) && (dropRemovedTables || !old.IsKept))
            {
                steps.Add(dropRemovedTables
                    ? new SchemaStep(SchemaStepKind.DropTable, old.Name, "is gone from the game; its rows are dropped")
                    : new SchemaStep(SchemaStepKind.KeepTable, old.Name, "is gone from the game; its rows are kept aside"));
            }
        }
        return new SchemaPlan(steps.ToImmutable());
    }

    private static void CompareFields(ImmutableArray<SchemaStep>.Builder steps, string table, StoredTable old, TableSchema now)
    {
        foreach (FieldSchema field in now.Fields)
        {
            FieldSchema? before = Find(old.Fields, field.Id);
            if (before is null)
            {
                if (field.Required)
                {
                    Refuse(steps, table, $"new field {field.Name} is required, and rows kept do not have it: make it optional");
                }
                else
                {
                    steps.Add(new SchemaStep(SchemaStepKind.AddField, table, $"{field.Name}: {field.Type}"));
                }
                continue;
            }
            FieldSchema was = before.Value;
            if (was.Type != field.Type)
            {
                Refuse(steps, table, $"field {field.Name} (id {field.Id}) was {was.Type} and is {field.Type} now: deprecate it and add another");
            }
            else if (was.Default != field.Default)
            {
                Refuse(steps, table, $"the default of {field.Name} was '{was.Default}' and is '{field.Default}' now: rows that left it out would read otherwise");
            }
            else if (field.Required && !was.Required)
            {
                Refuse(steps, table, $"field {field.Name} is required now, and rows kept may not have it");
            }
            else if (field.Deprecated && !was.Deprecated)
            {
                steps.Add(new SchemaStep(SchemaStepKind.DeprecateField, table, field.Name));
            }
            else if (was.Name != field.Name)
            {
                steps.Add(new SchemaStep(SchemaStepKind.RenameField, table, $"{was.Name} to {field.Name}"));
            }
        }
        foreach (FieldSchema was in old.Fields)
        {
            if (Find(now.Fields, was.Id) is null)
            {
                Refuse(steps, table, $"field {was.Name} (id {was.Id}) is gone: mark it deprecated instead, so that its id is not used again");
            }
        }
    }

    private static FieldSchema? Find(ImmutableArray<FieldSchema> fields, int id)
    {
        foreach (FieldSchema field in fields)
        {
            if (field.Id == id)
            {
                return field;
            }
        }
        return null;
    }

    private static void Refuse(ImmutableArray<SchemaStep>.Builder steps, string table, string text) => steps.Add(new SchemaStep(SchemaStepKind.Refuse, table, text));
}

/// <summary>A table as a snapshot describes it; kept: the version that wrote the snapshot did not have it.</summary>
internal sealed record StoredTable(string Name, uint Id, string KeyType, string SchemaName, ulong Hash, ImmutableArray<FieldSchema> Fields, bool IsKept)
{
    public static StoredTable Of(TableDefinition table) =>
        new(table.Name, table.Id, table.KeyType, table.Schema.Name, table.Schema.Hash, table.Schema.Fields, IsKept: false);
}

/// <summary>Rows of tables that this version of the game lacks, as bytes by key.</summary>
internal sealed class KeptTables
{
    private readonly Dictionary<uint, KeptTable> _byId = [];
    private readonly List<KeptTable> _tables = [];

    public IReadOnlyList<KeptTable> Tables => _tables;

    public KeptTable? Find(uint id) => _byId.GetValueOrDefault(id);

    public void Add(StoredTable table)
    {
        var kept = new KeptTable(table with { IsKept = true });
        _byId.Add(table.Id, kept);
        _tables.Add(kept);
    }
}

internal sealed class KeptTable(StoredTable table)
{
    public StoredTable Table { get; } = table;

    /// <summary>By the key's bytes in hexadecimal, so in the order of the bytes.</summary>
    public SortedDictionary<string, byte[]> Rows { get; } = new(StringComparer.Ordinal);

    public void Apply(ReadOnlySpan<byte> key, ReadOnlySpan<byte> row, bool delete)
    {
        string name = Convert.ToHexString(key);
        if (delete)
        {
            Rows.Remove(name);
        }
        else
        {
            Rows[name] = row.ToArray();
        }
    }
}
