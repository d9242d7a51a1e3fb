using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Egregore.Browser.Interop;
using Egregore.Mesh;
using Egregore.Peer;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Movement;
using VoxelArena;
using VoxelArena.Terrain;

namespace Egregore.Browser;

/// <summary>The voxel arena in a tab: input becomes movement ticks and actions, and what the participant knows becomes the frame that the picture draws.</summary>
internal sealed partial class ArenaTab
{
    private const uint PlayersSubscription = 1;
    private const uint BlocksSubscription = 2;
    private const uint BodiesSubscription = 3;
    private const byte BlastRadius = 3, WideBlastRadius = 4;
    private const int CatchUpTicksMax = 10;
    private const int AreaSlack = 2;
    private const int AreaSettlesMs = 1_500;

    private readonly VoxelArenaGame _game;
    private readonly TabHost _host;
    private readonly Participant _participant;
    private readonly string _name;
    private readonly double _tickMs;
    private readonly byte[] _state = new byte[MoveState.SizeBytes];
    private readonly ChunkFeed _chunks = new();
    private readonly BodyFeed _bodies;
    private MoveState _previous;
    private MoveState _current;
    private double _nextTickMs;
    private long _nowMs;
    private bool _spawned;
    private bool _snap;
    private bool _wasLive;
    private KnownArea _area;
    private KnownArea? _nextArea;
    private long _nextAreaAtMs;
    private int _view = 6;
    private StateTrace? _trace;

    public ArenaTab(StartOptions options, long nowMs)
    {
        _game = new VoxelArenaGame(ulong.Parse(options.Seed), options.TickRateHz);
        _tickMs = 1000.0 / options.TickRateHz;
        _name = options.Name;
        _host = new TabHost(options.Socket);
        var definition = WorldDefinition.Of(_game);
        var seed = BinaryPrimitives.ReadUInt64LittleEndian(Crypto.Random(8));
        _participant = new Participant(Crypto.PublicKey(), options.Name, definition, new ParticipantOptions(), seed, _host, nowMs);
        _host.Participant = _participant;
        _participant.Welcomed += OnWelcome;
        _participant.Corrected += OnCorrection;
        _participant.RefusedByTruth += refusal => Page.Toast(Page.Warning, refusal.Text);
        _participant.Cache.Settled = OnSettled;
        _participant.Cache.Watch(_game.Blocks, (before, after) => _chunks.Changed(BlockAt.Of((after ?? before)!.At).Chunk));
        _bodies = new BodyFeed(PeerRef.Of(_participant.Self));
        _participant.Cache.Watch(_game.BodyRows, _bodies.Changed);
        _participant.Cache.Watch(_game.Players, (_, _) => _peopleVersion++);
        Photos = new PhotoFeed(_participant);
        _participant.Subscribe(new Subscribe { Id = PlayersSubscription, TableName = _game.Players.Name });
    }

    /// <summary>The picture that the page asked for.</summary>
    public PhotoFeed Photos { get; }

    /// <summary>One frame: takes the input, runs the ticks that are due, and writes what is to be drawn.</summary>
    public ReadOnlySpan<byte> Step(double nowMs, ReadOnlySpan<byte> input)
    {
        var read = FrameInput.Read(input);
        Take(nowMs, read.Queues);
        _participant.Tick(_nowMs);
        if (!_spawned)
            TrySpawn();
        _view = Math.Clamp((int)read.ViewDistance, 2, 12);
        if (_spawned)
        {
            Advance(nowMs, read.Move);
            FollowArea();
            Act(read);
        }

        _host.Flush();
        Write(nowMs, read);
        return _frame.Written;
    }

    /// <summary>Between two frames: takes what has just come and answers what is to be answered, so that neither waits for a frame.</summary>
    public void Receive(double nowMs, int queues)
    {
        Take(nowMs, queues);
        _host.Flush();
    }

    /// <summary>JSON of <see cref="StateTrace"/>; the first call turns it on.</summary>
    public string Trace() => (_trace ??= new StateTrace()).Take();

    private void Take(double nowMs, int queues)
    {
        _nowMs = (long)nowMs;
        _game.Rules.NowMs = _nowMs + _participant.TruthOffsetMs;
        _host.Pump(_nowMs, queues);
        _trace?.Read(_participant.Neighbours, nowMs);
    }

    /// <summary>A chunk as it is now, in the picture's order: <c>(y * 16 + z) * 16 + x</c>.</summary>
    public byte[] Chunk(int chunkX, int chunkZ)
    {
        new VoxelWorld(_game.Terrain, Rows).CopyChunk(chunkX, chunkZ, _column);
        var picture = new byte[TerrainGenerator.ChunkBytes];
        for (var column = 0; column < 256; column++)
            for (var y = 0; y < TerrainGenerator.Height; y++)
                picture[(y << 8) | column] = _column[(column * TerrainGenerator.Height) + y];
        return picture;
    }

    private readonly byte[] _column = new byte[TerrainGenerator.ChunkBytes];

    private Table<Block, ulong> Rows => _participant.Cache.Db.Table(_game.Blocks);

    /// <summary>The voxels for the own body: where rows are missing, the land as it was made.</summary>
    private VoxelWorld Voxels => new(_game.Terrain, Rows);

    private void OnWelcome(Welcome welcome)
    {
        Rtc.Configure(string.Join('\n', welcome.IceServers));
        if (_wasLive)
            Page.Toast(Page.Good, welcome.Resumed ? "The server is back: same session." : "The server is back.");
        else
            _participant.Act("set_name", new SetName { Name = _name, Colour = 0 }, _nowMs);
        _wasLive = true;
    }

    private void OnCorrection(ReadOnlyMemory<byte> state)
    {
        if (!MoveState.TryRead(state.Span, out var corrected))
            return;
        _previous = _current = corrected;
        _snap = true;
    }

    private void OnSettled(ActionResult result)
    {
        if (result.Code != RefusalCode.None && result.Text.Length > 0)
            Page.Toast(Page.Warning, result.Text);
    }

    /// <summary>The own row has come, and with it where the player left off.</summary>
    private void TrySpawn()
    {
        if (_participant.Cache.Db.Table(_game.Players).Find(_participant.Self) is not { } row)
            return;
        var spawn = VoxelArenaGame.Spawn(_participant.Self);
        _current = _previous = spawn with { X = row.X, Y = row.Y, Z = row.Z };
        _spawned = true;
        _snap = true;
        _nextTickMs = _nowMs;
        Subscribe(Here(), _view + AreaSlack);
    }

    private void Advance(double nowMs, MoveInput input)
    {
        var ticks = 0;
        while (_nextTickMs <= nowMs)
        {
            if (ticks++ == CatchUpTicksMax)
            {
                // The tab slept: the time is gone, and nobody moves faster to make up for it.
                _nextTickMs = nowMs + _tickMs;
                break;
            }

            _nextTickMs += _tickMs;
            // Nobody falls through ground that is not here yet.
            if (!_chunks.GroundReady)
                input = input with { Buttons = MoveButtons.None };
            _previous = _current;
            _current = VoxelMovement.Step(_current, input, Voxels, _game.Rules.Limits);
            _current.Write(_state);
            _participant.SendReflex(_state, _nowMs);
            _trace?.Left(_participant.ReflexTick, nowMs);
        }
    }

    /// <summary>Keeps the subscription around the player. Neighbours are judged only where the blocks are known, which the new area is a moment later.</summary>
    private void FollowArea()
    {
        var radius = _view + AreaSlack;
        if (_nextArea is { } next && _nowMs >= _nextAreaAtMs)
        {
            _game.Rules.Known = next;
            _nextArea = null;
        }

        if (_area.Radius != radius || _area.Middle.DistanceTo(Here()) >= AreaSlack)
            Subscribe(Here(), radius);
    }

    private void Subscribe(Cell middle, int radius)
    {
        _area = new KnownArea(middle, radius);
        _nextArea = _area;
        _nextAreaAtMs = _nowMs + AreaSettlesMs;
        _participant.Subscribe(new Subscribe { Id = BlocksSubscription, TableName = _game.Blocks.Name, CellX = middle.X, CellZ = middle.Z, Radius = (ushort)radius });
        _participant.Subscribe(new Subscribe { Id = BodiesSubscription, TableName = _game.BodyRows.Name, CellX = middle.X, CellZ = middle.Z, Radius = (ushort)radius });
    }

    private void Act(in FrameInput input)
    {
        switch (input.Action)
        {
            case FrameInput.Throw:
                _participant.Act("throw_crate", new ThrowCrate { FeetX = _current.X, FeetY = _current.Y, FeetZ = _current.Z, Yaw = input.Move.Yaw, Pitch = input.Move.Pitch }, _nowMs);
                break;
            case FrameInput.Blast:
                ActBlast(input);
                break;
            case FrameInput.Dig or FrameInput.Place or FrameInput.Crate when TryTarget(input, VoxelArenaGame.ReachBlocks, out var hit):
                Act(input, hit);
                break;
            case FrameInput.Crate:
                Page.Toast(Page.Info, "Look at the place where the crate is to stand.");
                break;
        }
    }

    private void Act(in FrameInput input, in VoxelHit hit)
    {
        if (input.Action == FrameInput.Dig)
            _participant.Act("dig_block", new DigBlock { X = hit.X, Y = hit.Y, Z = hit.Z, FeetX = _current.X, FeetY = _current.Y, FeetZ = _current.Z }, _nowMs);
        else if (input.Action == FrameInput.Crate)
            _participant.Act("place_crate", new PlaceCrate
            {
                X = hit.X + hit.NormalX,
                Y = hit.Y + hit.NormalY,
                Z = hit.Z + hit.NormalZ,
                FeetX = _current.X,
                FeetY = _current.Y,
                FeetZ = _current.Z,
            }, _nowMs);
        else
            _participant.Act("place_block", new PlaceBlock
            {
                X = hit.X + hit.NormalX,
                Y = hit.Y + hit.NormalY,
                Z = hit.Z + hit.NormalZ,
                Kind = (BlockKind)input.Block,
                FeetX = _current.X,
                FeetY = _current.Y,
                FeetZ = _current.Z,
            }, _nowMs);
    }

    private void ActBlast(in FrameInput input)
    {
        var radius = input.Move.Buttons.HasFlag(MoveButtons.Sprint) ? WideBlastRadius : BlastRadius;
        if (TryTarget(input, VoxelArenaGame.BlastReachBlocks, out var hit))
            _participant.Act("blast", new Blast { X = hit.X, Y = hit.Y, Z = hit.Z, Radius = radius, FeetX = _current.X, FeetY = _current.Y, FeetZ = _current.Z }, _nowMs);
        else
            Page.Toast(Page.Info, $"There is nothing to blast within {VoxelArenaGame.BlastReachBlocks} blocks.");
    }

    private bool TryTarget(in FrameInput input, int reachBlocks, out VoxelHit hit)
    {
        var eye = _current with { Yaw = input.Move.Yaw, Pitch = input.Move.Pitch };
        return VoxelRaycast.Look(eye, reachBlocks * MoveState.BlockUnits, Voxels, _game.Rules.Limits, out hit);
    }

    private Cell Here() => new(_current.X >> 16, _current.Z >> 16);

    /// <summary>What the page hands over when the player walks in (web/src/edge/frame.ts, StartOptions).</summary>
    internal sealed record StartOptions(string Name, string Socket, string Seed, int TickRateHz);

    internal sealed record Person(uint Handle, string Peer, string Name, bool Self);

    internal sealed record BlockKindInfo(int Id, string Name, string Texture, bool Placeable);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(StartOptions))]
    [JsonSerializable(typeof(PhotoFeed.Asked))]
    [JsonSerializable(typeof(List<Person>))]
    [JsonSerializable(typeof(BlockKindInfo[]))]
    internal sealed partial class Json : JsonSerializerContext;
}
