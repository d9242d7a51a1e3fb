using Egregore.World.Journal;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

public sealed class SchemaPlanTests
{
    [Fact]
    public void Added_fields_and_tables_are_taken_over_and_removed_tables_are_kept()
    {
        World world = Played();
        WorldDefinition later = WorldDefinition.Of(new LaterGame(Items.Gone));
        SchemaPlan preview = SchemaPlan.Preview(later, world.Store);
        Assert.False(preview.IsRefused);
        Assert.Equal(
            [
                (SchemaStepKind.AddField, "block"), (SchemaStepKind.AddTable, "chest"), (SchemaStepKind.KeepTable, "friend"),
                (SchemaStepKind.KeepTable, "item"), (SchemaStepKind.KeepTable, "secret"),
            ],
            preview.Steps.Select(step => (step.Kind, step.Table)).OrderBy(step => step.Table));
        Assert.Contains("AddField: block: light: int", preview.Preview());
        RecoveredWorld recovered = WorldRecovery.Open(later, world.Store, new Output());
        Two.Block block = Assert.Single(recovered.Truth.Db.Table<Two.Block, long>().Rows);
        Assert.Equal((5L, (byte)2, 15), (block.Key, block.Kind, block.Light));
        // The plan is applied once, and a version that has the table again finds its rows.
        Assert.True(SchemaPlan.Preview(later, world.Store).IsEmpty);
        recovered = WorldRecovery.Open(WorldDefinition.Of(new LaterGame(Items.AsBefore)), world.Store, new Output());
        Assert.Contains(recovered.Schema.Steps, step => step is { Table: "item", Text: "is back; its rows were kept aside" });
        Assert.Equal(3, recovered.Truth.Db.Table<Item, ulong>().Find(1)!.Count);
        // Going back to the first version would lose a field, so it is refused.
        Assert.Throws<SchemaRefusedException>(world.Restart);
    }

    [Fact]
    public void Removed_tables_are_dropped_when_asked()
    {
        World world = Played();
        WorldDefinition later = WorldDefinition.Of(new LaterGame(Items.Gone));
        WorldRecovery.Open(later, world.Store, new Output(), recovery: new RecoveryOptions { DropRemovedTables = true });
        RecoveredWorld back = WorldRecovery.Open(WorldDefinition.Of(new LaterGame(Items.AsBefore)), world.Store, new Output());
        Assert.Equal(0, back.Truth.Db.Table<Item, ulong>().Count);
        Assert.Equal(1, back.Truth.Db.Table<Two.Block, long>().Count);
    }

    [Fact]
    public void A_changed_type_is_refused_with_a_reason_and_nothing_is_touched()
    {
        World world = Played();
        byte[] before = world.Truth.Db.StateHash();
        var exception = Assert.Throws<SchemaRefusedException>(() => WorldRecovery.Open(WorldDefinition.Of(new LaterGame(Items.Changed)), world.Store, new Output()));
        Assert.Contains("item: field count (id 2) was int and is long now", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, world.Restart().Truth.Db.StateHash());
    }

    private static World Played()
    {
        var world = new World();
        world.Truth.Run("put-block", new PutBlock { Key = 5, Kind = 2 }, default, world.Now);
        world.Truth.Run("put-item", World.Item(1, 3), default, world.Now);
        world.Truth.Run("put-secret", new PutSecret { Id = 1, Owner = 1, Text = "s" }, default, world.Now);
        world.Persist();
        return world;
    }

    private enum Items
    {
        Gone,
        AsBefore,
        Changed,
    }

    private sealed class LaterGame(Items items) : IGame
    {
        public string Name => "test-game";

        public int Version => 2;

        public void Define(WorldBuilder world)
        {
            world.Table<Two.Block, long>("block", block => block.Key);
            world.Table<Two.Chest, ulong>("chest", chest => chest.Id);
            if (items == Items.AsBefore)
            {
                world.Table<Item, ulong>("item", item => item.Id);
            }
            if (items == Items.Changed)
            {
                world.Table<Two.Item, ulong>("item", item => item.Id);
            }
        }
    }
}
