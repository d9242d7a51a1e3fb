using System.Numerics;
using Egregore.Physics;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Client;
using Egregore.World.Journal;
using Egregore.World.Movement;

namespace VoxelArena.Tests;

/// <summary>A truth with its journal in memory, Ann who stands on the plaza, and a stand-in for physics: bodies fall straight down onto blocks.</summary>
internal sealed class BodyWorld : ITruthOutput, IDisposable
{
    public static readonly PeerId Ann = new(1, 1);

    private const float FrameS = 0.1f;
    private const float Gravity = 20;

    private readonly MemoryJournal _journal = new();
    private readonly ulong _session;
    private ClientCache? _cache;
    private uint _frame;

    public BodyWorld()
    {
        Truth = WorldRecovery.Open(WorldDefinition.Of(Game), _journal, this, new TruthOptions()).Truth;
        _session = Truth.Open(Ann, 0, 0, Now).Session;
    }

    public VoxelArenaGame Game { get; } = new(7);

    public Truth Truth { get; }

    public ClientCache Cache => _cache!;

    /// <summary>Of all Deltas that were sent.</summary>
    public long DeltaBytes { get; private set; }

    public long Now { get; set; } = 1_000_000;

    public Player Feet => Truth.Db.Table(Game.Players).Find(Ann)!;

    public List<Body> Bodies => [.. Truth.Db.Table(Game.BodyRows).Rows];

    public Body? Find(ulong id) => Truth.Db.Table(Game.BodyRows).Find(id);

    public BlockKind KindAt(BlockAt at) => new VoxelWorld(Game.Terrain, Truth.Db.Table(Game.Blocks)).KindAt(at.X, at.Y, at.Z);

    public ThrowCrate ThrowArgs(ushort yaw, sbyte pitch, int? feetX = null) => new() { FeetX = feetX ?? Feet.X, FeetY = Feet.Y, FeetZ = Feet.Z, Yaw = yaw, Pitch = pitch };

    public string Throw(ushort yaw, sbyte pitch, int? feetX = null) => Run("throw_crate", ThrowArgs(yaw, pitch, feetX));

    /// <summary>By somebody of whose place truth knows nothing.</summary>
    public string ThrowUnseen(int feetX) => Truth.Run("throw_crate", ThrowArgs(0, 0, feetX), new PeerId(9, 9), Now).Text;

    public string Stack(BlockAt at, int? feetX = null, int times = 1)
    {
        string text = "";
        for (int i = 0; i < times && text.Length == 0; i++)
            text = Run("place_crate", new PlaceCrate { X = at.X, Y = at.Y, Z = at.Z, FeetX = feetX ?? Feet.X, FeetY = Feet.Y, FeetZ = Feet.Z });
        return text;
    }

    public string Blast(BlockAt at, byte radius, int? feetX = null) =>
        Run("blast", new Blast { X = at.X, Y = at.Y, Z = at.Z, Radius = radius, FeetX = feetX ?? Feet.X, FeetY = Feet.Y, FeetZ = Feet.Z });

    public string Place(BlockAt at) =>
        Run("place_block", new PlaceBlock { X = at.X, Y = at.Y, Z = at.Z, Kind = BlockKind.Bricks, FeetX = Feet.X, FeetY = Feet.Y, FeetZ = Feet.Z });

    public string Dig(BlockAt at) => Run("dig_block", new DigBlock { X = at.X, Y = at.Y, Z = at.Z, FeetX = Feet.X, FeetY = Feet.Y, FeetZ = Feet.Z });

    /// <summary>Writes one body's place and rotation, as physics would.</summary>
    public void Move(Body body)
    {
        var step = new BodyStep(body.Id, body.Touched, body.At, body.Velocity, body.Spin, body.Rotation, body.Awake);
        Assert.Equal("", Truth.Run("move_bodies", new MoveBodies { Frame = ++_frame, Bodies = [step] }, default, Now).Text);
    }

    /// <summary>Lets all bodies sleep where they are.</summary>
    public void Sleep()
    {
        var bodies = new List<BodyState>();
        Game.Bodies.ReadAwake(Truth.Db, bodies);
        Game.Bodies.Commit(Truth, ++_frame, bodies.Select(body => body with { Awake = false }).ToArray(), Now);
    }

    /// <summary>A frame of a tenth of a second in which every body that is awake flies on, tumbles, and bounces off the ground at a height; gives the bytes that it took.</summary>
    public long Fly(float ground)
    {
        var bodies = new List<BodyState>();
        Game.Bodies.ReadAwake(Truth.Db, bodies);
        Pass(100);
        Game.Bodies.Commit(Truth, ++_frame, bodies.Select(body => Fly(body, ground)).ToArray(), Now);
        long before = DeltaBytes;
        Persist();
        Truth.Flush();
        return DeltaBytes - before;
    }

    /// <summary>Frames of a tenth of a second until every body sleeps.</summary>
    public void Settle()
    {
        var bodies = new List<BodyState>();
        for (int frames = 0; frames < 200; frames++)
        {
            bodies.Clear();
            Game.Bodies.ReadAwake(Truth.Db, bodies);
            if (bodies.Count == 0)
                return;
            IVoxelSource voxels = Game.Bodies.Voxels(Truth.Db);
            Pass(100);
            Game.Bodies.Commit(Truth, ++_frame, bodies.Select(body => Fall(body, voxels)).ToArray(), Now);
        }
        Assert.Fail("bodies do not come to rest");
    }

    /// <summary>Truth's own ticks.</summary>
    public void Pass(long ms)
    {
        for (long end = Now + ms; Now < end;)
        {
            Now = Math.Min(end, Now + 500);
            Truth.Tick(Now);
        }
    }

    public ReplayReport Replay()
    {
        Persist();
        return JournalReplay.Run(WorldDefinition.Of(new VoxelArenaGame(7)), _journal);
    }

    /// <summary>A cache of Ann's that has subscribed to the bodies.</summary>
    public void Follow()
    {
        _cache = new ClientCache(WorldDefinition.Of(Game), Ann);
        Subscribe subscribe = _cache.Subscribed(new Subscribe { Id = 1, TableName = "bodies", Area = true, CellX = 0, CellZ = 0, Radius = 4 });
        _cache.Connected(sameSession: false, resumed: false);
        Truth.Subscribe(_session, subscribe.ToArray());
        Persist();
        Truth.Flush();
    }

    /// <summary>What truth did goes to the cache, with its answer to a request.</summary>
    public void Answer(uint request)
    {
        Persist();
        Truth.Flush();
        _cache!.Receive(Kind.ActionResult, new ActionResult { Request = request, Transaction = Truth.Transaction }.ToArray());
    }

    public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
    {
        DeltaBytes += kind == Kind.Delta ? payload.Length : 0;
        if (_cache is not null && kind == Kind.Delta)
            Assert.Equal(RefusalCode.None, _cache.Receive(kind, payload));
    }

    public void ReducerFailed(string reducer, Exception exception) => Assert.Fail($"{reducer}: {exception}");

    public void Dispose() => _journal.Dispose();

    private static BodyState Fly(in BodyState body, float ground)
    {
        Vector3 velocity = (body.Velocity - new Vector3(0, Gravity * FrameS, 0)) * 0.98f;
        Vector3 spin = body.Spin * 0.92f;
        if (body.Y / (float)BodyState.BlockUnits + (velocity.Y * FrameS) < ground)
        {
            // What bounces spins the other way.
            velocity.Y = MathF.Abs(velocity.Y) * 0.7f;
            spin = new Vector3(velocity.Z, 1, -velocity.X);
        }
        Vector3 way = velocity * (FrameS * BodyState.BlockUnits);
        Quaternion turn = new Quaternion(spin * (FrameS / 2), 0) * body.Rotation;
        return body with
        {
            X = body.X + (int)way.X,
            Y = body.Y + (int)way.Y,
            Z = body.Z + (int)way.Z,
            Velocity = velocity,
            Spin = spin,
            Rotation = Quaternion.Normalize(body.Rotation + turn),
        };
    }

    private static BodyState Fall(in BodyState body, IVoxelSource voxels)
    {
        float speed = body.Velocity.Y - (Gravity * FrameS);
        int half = (int)(body.Half.Y * BodyState.BlockUnits);
        int y = body.Y + (int)(speed * FrameS * BodyState.BlockUnits);
        int under = (y - half) >> 12;
        if (y - half < 0 || (speed < 0 && voxels.At(body.X >> 12, under, body.Z >> 12) == VoxelClass.Solid))
            return body with { Y = ((under + 1) << 12) + half, Velocity = Vector3.Zero, Spin = Vector3.Zero, Awake = false };
        return body with { Y = y, Velocity = new Vector3(0, speed, 0), Rotation = Quaternion.Normalize(body.Rotation + new Quaternion(0.1f, 0, 0, 0)) };
    }

    private string Run<TArgs>(string reducer, TArgs args)
        where TArgs : class, IFlatTable<TArgs> => Truth.Run(reducer, args, Ann, Now).Text;

    private void Persist()
    {
        if (Truth.TakeGroup() is not { } group)
            return;
        _journal.Append(group.Number, group.Bytes.Span);
        Truth.Persisted(group);
    }
}
