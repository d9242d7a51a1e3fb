using System.Globalization;
using System.Text;
using Egregore.World;
using Egregore.World.Movement;

namespace VoxelArena;

// Who is here, under which name, and where they come back to.
public sealed partial class VoxelArenaGame
{
    /// <summary>Most characters of a name.</summary>
    public const int NameLengthMax = 20;

    private const int WorldRadius = 65_000;

    private void Arrive(ReducerContext ctx)
    {
        Player? known = ctx.Db.Table(Players).Find(ctx.Sender);
        MoveState spawn = Spawn(ctx.Sender);
        ctx.Db.Table(Players).Put(known is not null ? known with { Online = true } : new Player
        {
            Peer = PeerRef.Of(ctx.Sender),
            Name = "Guest " + ctx.Sender.ToString()[..4],
            Colour = ColourOf(ctx.Sender.Low),
            Online = true,
            X = spawn.X,
            Y = spawn.Y,
            Z = spawn.Z,
        });
    }

    private void Leave(ReducerContext ctx)
    {
        if (ctx.Db.Table(Players).Find(ctx.Sender) is { } player)
            ctx.Db.Table(Players).Put(player with { Online = false });
        ctx.Db.Table(Paces).Delete(ctx.Sender);
    }

    private void Rename(ReducerContext ctx, SetName args)
    {
        string name = args.Name.Trim();
        if (name.Length == 0)
            ctx.Reject("A name needs a letter or a digit.");
        if (name.EnumerateRunes().Count() > NameLengthMax)
            ctx.Reject($"A name has at most {NameLengthMax} characters.");
        if (!name.EnumerateRunes().All(IsNameRune) || !name.EnumerateRunes().Any(Rune.IsLetterOrDigit))
            ctx.Reject("A name is made of letters, digits, spaces, - and _.");
        if (ctx.Db.Table(Players).Find(ctx.Sender) is not { } player)
        {
            ctx.Reject("You are not here.");
            return;
        }
        ctx.Db.Table(Players).Put(player with { Name = name, Colour = args.Colour == 0 ? player.Colour : args.Colour & 0xFFFFFF });
    }

    private void Moved(ReducerContext ctx, PlayerMoved args)
    {
        if (ctx.Db.Table(Players).Find(args.Peer.Id) is { } player)
            ctx.Db.Table(Players).Put(player with { X = args.X, Y = args.Y, Z = args.Z });
    }

    // The chunk a player is in; nowhere while away.
    private static Cell Near(Player player) =>
        player.Online ? new BlockAt(player.X >> 12, 0, player.Z >> 12).Chunk : new Cell(int.MinValue, int.MinValue);

    private static bool IsNameRune(Rune rune) =>
        rune.Value is ' ' or '-' or '_' || (Rune.IsLetterOrDigit(rune) && Rune.GetUnicodeCategory(rune) != UnicodeCategory.ModifierLetter);

    /// <summary>A bright colour of a peer's own.</summary>
    private static uint ColourOf(ulong low) => (low % 6) switch
    {
        0 => 0xE4572E,
        1 => 0x2E86AB,
        2 => 0x76B041,
        3 => 0xFFC914,
        4 => 0x9B5DE5,
        _ => 0xF15BB5,
    };
}
