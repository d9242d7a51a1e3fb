using Egregore.World;

namespace Egregore.Server.Tests.Support;

/// <summary>A game that writes down, in the order of their transactions, who comes (+) and who goes (-).</summary>
internal sealed class PresenceGame : IGame
{
    public string Name => "presence";

    public int Version => 1;

    public void Define(WorldBuilder world)
    {
        var marks = world.Table<Mark, uint>("marks", mark => mark.Id);
        world.OnConnect(context => Note(context.Db.Table(marks), context, "+"));
        world.OnDisconnect(context => Note(context.Db.Table(marks), context, "-"));
    }

    private static uint IdOf(Wire.PeerId peer) => (uint)peer.Low;

    /// <summary>What was written of a peer.</summary>
    public static Func<Received, bool> Says(Wire.PeerId peer, string text) => received => received.As<Wire.Delta>().Tables.Any(table => table.Upserts.Any(row =>
        Mark.TryRead(row.Bytes.Span, out var mark) == Wire.VerifyError.None && mark!.Id == IdOf(peer) && mark.Text == text));

    private static void Note(Table<Mark, uint> marks, ReducerContext context, string sign)
    {
        var id = IdOf(context.Sender);
        marks.Put(new Mark { Id = id, Text = (marks.Find(id)?.Text ?? "") + sign });
    }
}
