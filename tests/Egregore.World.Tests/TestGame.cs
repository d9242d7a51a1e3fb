using Egregore.Wire;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

/// <summary>Blocks with cells, items by owner, secrets that only their owner and the owner's friends see.</summary>
public sealed class TestGame : IGame
{
    public string Name => "test-game";

    public int Version => 1;

    public TableDefinition<Block, long> Blocks { get; private set; } = null!;

    public TableDefinition<Item, ulong> Items { get; private set; } = null!;

    public TableDefinition<Secret, ulong> Secrets { get; private set; } = null!;

    public TableDefinition<Friend, ulong> Friends { get; private set; } = null!;

    public static (TestGame Game, WorldDefinition Definition) Create()
    {
        var game = new TestGame();
        return (game, WorldDefinition.Of(game));
    }

    public void Define(WorldBuilder world)
    {
        Blocks = world.Table<Block, long>("block", block => block.Key).Cell(block => new Cell(block.X >> 4, block.Z >> 4));
        Items = world.Table<Item, ulong>("item", item => item.Id).Index("owner", item => item.Owner);
        Friends = world.Table<Friend, ulong>("friend", friend => friend.Id).Index("a", friend => friend.A);
        Secrets = world.Table<Secret, ulong>("secret", secret => secret.Id).VisibleTo(SeesSecret, Friends);

        world.Reducer<PutBlock>("put-block", (ctx, args) =>
        {
            if (args.Kind == 0)
            {
                ctx.Reject("air is not placed");
            }
            if (ctx.Table(Blocks).Contains(args.Key))
            {
                ctx.Reject("occupied");
            }
            ctx.Table(Blocks).Insert(new Block { Key = args.Key, Kind = args.Kind, X = args.X, Z = args.Z });
        }).Predicted();
        world.Reducer<TakeBlock>("take-block", (ctx, args) =>
        {
            if (!ctx.Table(Blocks).Delete(args.Key))
            {
                ctx.Reject("no block");
            }
        }).Predicted();
        world.Reducer<PutItem>("put-item", (ctx, args) =>
        {
            ctx.Table(Items).Put(new Item { Id = args.Id, Owner = args.Owner, Count = args.Count, Name = args.Name });
            if (args.Fail == 1)
            {
                ctx.Reject("as asked");
            }
            if (args.Fail == 2)
            {
                throw new InvalidOperationException("a bug of the game");
            }
        }).Predicted();
        world.Reducer<TakeItem>("take-item", (ctx, args) => ctx.Table(Items).Delete(args.Id));
        world.Reducer<PutSecret>("put-secret", (ctx, args) =>
        {
            if (args.Delete)
            {
                ctx.Table(Secrets).Delete(args.Id);
                return;
            }
            ctx.Table(Secrets).Put(new Secret { Id = args.Id, Owner = args.Owner, Text = args.Text });
        });
        world.Reducer<PutFriend>("put-friend", (ctx, args) =>
        {
            if (args.Delete)
            {
                ctx.Table(Friends).Delete(args.Id);
                return;
            }
            ctx.Table(Friends).Put(new Friend { Id = args.Id, A = args.A, B = args.B });
        });
        world.Reducer<Later>("later", (ctx, args) =>
        {
            ctx.Schedule("ring", args, args.At);
        });
        world.Reducer<Later>("ring", (ctx, args) =>
        {
            int count = ctx.Table(Items).Find(args.Id)?.Count ?? 0;
            ctx.Table(Items).Put(new Item { Id = args.Id, Count = count + 1, Name = "rung" });
            if (args.Times > 1)
            {
                ctx.Schedule("ring", args with { Times = args.Times - 1 }, ctx.WorldTimeMs + 100);
            }
        }).Internal();
        world.Reducer<Roll>("roll", (ctx, args) => ctx.Table(Items).Put(new Item { Id = args.Id, Count = ctx.Random.Next(args.Sides) }));
        world.OnConnect(ctx =>
        {
            if (ctx.Sender.Low == 666)
            {
                ctx.Reject("banned");
            }
            ctx.Table(Items).Put(new Item { Id = ctx.Sender.Low + 1_000_000, Owner = ctx.Sender.Low, Name = "player" });
        });
        world.OnDisconnect(ctx => ctx.Table(Items).Delete(ctx.Sender.Low + 1_000_000));
    }

    public bool SeesSecret(PeerId viewer, Secret secret, Database db)
    {
        if (secret.Owner == viewer.Low)
        {
            return true;
        }
        foreach (Friend friend in db.Table(Friends).Where("a", secret.Owner))
        {
            if (friend.B == viewer.Low)
            {
                return true;
            }
        }
        return false;
    }
}
