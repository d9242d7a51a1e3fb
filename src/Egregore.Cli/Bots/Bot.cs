using Egregore.Peer;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Movement;
using VoxelArena;

namespace Egregore.Cli.Bots;

/// <summary>One bot: it has a home in the square and roams around it, looks about, jumps where it is stuck, and now and then digs or places a block.</summary>
internal sealed class Bot
{
    private const int SightCells = 4;
    private const int ActEveryTicks = 60;
    private const int LookDown = -60;
    private const int TurnEveryTicks = 20;
    private const int GoalTurns = 8;
    private const int RoamBlocks = 24;

    // A walker's eyes are never still: up to a fifth of a radian a tick, and three quarters off its way.
    private const int WobblePerTick = 2_086;
    private const int WobbleMax = 7_823;

    private readonly VoxelArenaGame _game;
    private readonly DeterministicRandom _random;
    private readonly SwarmOptions _options;
    private readonly byte[] _bytes = new byte[MoveState.SizeBytes];
    private MoveState _state;
    private Cell _area;
    private int _turnAtTick;
    private int _turnsLeft;
    private readonly int _homeX;
    private readonly int _homeZ;
    private int _goalX;
    private int _goalZ;
    private int _tick;
    private int _way;
    private int _wobble;
    private bool _spawned;

    public Bot(VoxelArenaGame game, WorldDefinition world, BotHost host, EcdsaP256 key, string name, ulong seed, SwarmOptions options, long nowMs)
    {
        _game = game;
        _options = options;
        _random = new DeterministicRandom(seed);
        _homeX = InSquare(options.SideBlocks);
        _homeZ = InSquare(options.SideBlocks);
        (_goalX, _goalZ) = (_homeX, _homeZ);
        Host = host;
        Participant = new Participant(key.PublicKey, name, world, new ParticipantOptions(), seed, host, nowMs);
        host.Participant = Participant;
        Participant.Welcomed += welcome =>
        {
            if (host.Links is { } links)
                links.IceServers = welcome.IceServers;
            if (!welcome.Resumed)
                Participant.Act("set_name", new SetName { Name = name }, nowMs);
        };
        Participant.Corrected += state => MoveState.TryRead(state.Span, out _state);
        Participant.Subscribe(new Subscribe { Id = 1, TableName = game.Players.Name });
    }

    public BotHost Host { get; }

    public Participant Participant { get; }

    /// <summary>One movement tick.</summary>
    public void Step(long nowMs)
    {
        Host.Pump(nowMs);
        Participant.Tick(nowMs);
        if (_spawned)
            Walk(nowMs);
        else if (Participant.Cache.Db.Table(_game.Players).Find(Participant.Self) is { } row)
            Spawn(row);
        Host.Flush();
    }

    private void Spawn(Player row)
    {
        _state = VoxelArenaGame.Spawn(Participant.Self) with { X = row.X, Y = row.Y, Z = row.Z };
        _spawned = true;
        FollowArea(force: true);
    }

    private void Walk(long nowMs)
    {
        _tick++;
        if (_tick >= _turnAtTick)
        {
            _turnAtTick = _tick + TurnEveryTicks;
            if (--_turnsLeft <= 0)
                ChooseGoal();
            // Yaw 0 looks to -z, a quarter turn to -x.
            _way = (int)(Math.Atan2(_state.X - _goalX, _state.Z - _goalZ) / Math.Tau * 65_536);
        }

        _wobble = Math.Clamp(_wobble + _random.Next((2 * WobblePerTick) + 1) - WobblePerTick, -WobbleMax, WobbleMax);

        var stuck = _state is { VelocityX: 0, VelocityZ: 0 };
        var buttons = MoveButtons.Forward | MoveButtons.Sprint | (stuck || _state.Flags.HasFlag(MoveFlags.Swimming) ? MoveButtons.Jump : MoveButtons.None);
        _state = VoxelMovement.Step(_state, new MoveInput(buttons, (ushort)(_way + _wobble), 0), _game.Rules.Voxels(Participant.Cache.Db), _game.Rules.Limits);
        _state.Write(_bytes);
        Participant.SendReflex(_bytes, nowMs);
        FollowArea(force: false);
        if (!_options.WalkOnly && _tick % ActEveryTicks == 0)
            Build(nowMs);
    }

    private void Build(long nowMs)
    {
        var eye = _state with { Pitch = LookDown };
        if (!VoxelRaycast.Look(eye, VoxelArenaGame.ReachBlocks * MoveState.BlockUnits, _game.Rules.Voxels(Participant.Cache.Db), _game.Rules.Limits, out var hit))
            return;
        if (_random.Next(2) == 0)
            Participant.Act("dig_block", new DigBlock { X = hit.X, Y = hit.Y, Z = hit.Z, FeetX = _state.X, FeetY = _state.Y, FeetZ = _state.Z }, nowMs);
        else
            Participant.Act("place_block", new PlaceBlock
            {
                X = hit.X + hit.NormalX,
                Y = hit.Y + hit.NormalY,
                Z = hit.Z + hit.NormalZ,
                Kind = BlockKind.Planks,
                FeetX = _state.X,
                FeetY = _state.Y,
                FeetZ = _state.Z,
            }, nowMs);
    }

    private bool IsHome => Math.Abs(_state.X - _homeX) + Math.Abs(_state.Z - _homeZ) < 4 * RoamBlocks * MoveState.BlockUnits;

    private void ChooseGoal()
    {
        _turnsLeft = GoalTurns;
        (_goalX, _goalZ) = IsHome ? (_homeX + InSquare(2 * RoamBlocks), _homeZ + InSquare(2 * RoamBlocks)) : (_homeX, _homeZ);
    }

    /// <summary>A place on one axis of a square around the origin.</summary>
    private int InSquare(int sideBlocks) => (_random.Next(sideBlocks) - (sideBlocks / 2)) * MoveState.BlockUnits;

    private void FollowArea(bool force)
    {
        var here = new Cell(_state.X >> 16, _state.Z >> 16);
        if (!force && _area.DistanceTo(here) < 2)
            return;
        _area = here;
        Participant.Subscribe(new Subscribe { Id = 2, TableName = _game.Blocks.Name, CellX = here.X, CellZ = here.Z, Radius = SightCells });
    }
}
