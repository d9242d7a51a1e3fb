using Egregore.World;

namespace Egregore.Storage.KillTarget;

/// <summary>The smallest world: counters that grow.</summary>
public sealed class CounterGame : IGame
{
    public string Name => "counter";

    public int Version => 1;

    public TableDefinition<Counter, ulong> Counters { get; private set; } = null!;

    public void Define(WorldBuilder world)
    {
        Counters = world.Table<Counter, ulong>("counter", counter => counter.Id).Index("value", counter => counter.Value);
        world.Reducer<Add>("add", (ctx, args) =>
        {
            if (args.Amount == 0)
            {
                ctx.Reject("nothing to add");
            }
            Table<Counter, ulong> counters = ctx.Table(Counters);
            ulong value = counters.Find(args.Id)?.Value ?? 0;
            counters.Put(new Counter { Id = args.Id, Value = value + args.Amount, Note = args.Note });
        });
    }
}
