using System.Buffers.Binary;
using Egregore.World;
using Egregore.World.Area;

namespace Egregore.Server.Tests.Support;

/// <summary>A game with one table, one reducer and walkers whose state is 20 bytes: x, y, z (1/256 block), then eight bytes of looks.</summary>
internal sealed class LineGame : IGame
{
    public const int IdMax = 1000;
    public const int StateBytes = 20;

    /// <summary>Furthest step of one tick, in 1/256 block.</summary>
    public const int StepMax = 256;

    public string Name => "line";

    public int Version => 1;

    public static byte[] State(int x, int z, byte look = 0)
    {
        var state = new byte[StateBytes];
        BinaryPrimitives.WriteInt32LittleEndian(state, x);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(8), z);
        state[12] = look;
        return state;
    }

    public void Define(WorldBuilder world)
    {
        var marks = world.Table<Mark, uint>("marks", mark => mark.Id);
        world.Reducer<SetMark>("set-mark", (context, arguments) =>
        {
            if (arguments.Id > IdMax)
                context.Reject("no such place");
            context.Db.Table(marks).Put(new Mark { Id = arguments.Id, Text = arguments.Text });
        });
        world.Reducer<SetMark>("fail", (_, _) => throw new InvalidOperationException("a bug of the game"));
        world.Reflex(new Rules());
    }

    private sealed class Rules : IReflexRules, IRoomStates
    {
        public int StateSizeBytes => StateBytes;

        public int TickRateHz => 20;

        public int LookBytes => 6;

        public ReflexPosition Position(ReadOnlySpan<byte> state) => new(
            BinaryPrimitives.ReadInt32LittleEndian(state), BinaryPrimitives.ReadInt32LittleEndian(state[4..]), BinaryPrimitives.ReadInt32LittleEndian(state[8..]));

        public Verdict Check(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> next, int ticks, Database world)
        {
            var (from, to) = (Position(previous), Position(next));
            return Math.Abs((long)to.X - from.X) > (long)StepMax * ticks || Math.Abs((long)to.Z - from.Z) > (long)StepMax * ticks ? Verdict.Reject("too fast") : Verdict.Accept;
        }

        public void Pack(ReadOnlySpan<byte> state, Span<byte> look) => state.Slice(12, 6).CopyTo(look);

        public void Unpack(ReflexPosition position, ReadOnlySpan<byte> look, Span<byte> state)
        {
            BinaryPrimitives.WriteInt32LittleEndian(state, position.X);
            BinaryPrimitives.WriteInt32LittleEndian(state[4..], position.Y);
            BinaryPrimitives.WriteInt32LittleEndian(state[8..], position.Z);
            look.CopyTo(state[12..]);
        }
    }
}
