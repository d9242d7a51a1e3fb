using Egregore.Physics;
using Egregore.World;
using Egregore.World.Movement;
using Egregore.World.Photos;
using VoxelArena.Terrain;

namespace VoxelArena;

/// <summary>
/// The arena: a land from a seed in which players walk, dig, build, throw crates and blast. Its rows are the players, every block that differs from the land, and the bodies.
/// </summary>
public sealed partial class VoxelArenaGame : IPhysicsGame, IPhotoGame
{
    /// <param name="seed">Of the land; truth tells it with its welcome.</param>
    /// <param name="tickRateHz">Movement ticks a second, 10 to 60.</param>
    /// <param name="terrainChunksMax">As <see cref="TerrainCache"/> says.</param>
    public VoxelArenaGame(ulong seed, int tickRateHz = 20, int terrainChunksMax = 256)
    {
        Terrain = new TerrainCache(new TerrainGenerator(seed), terrainChunksMax);
        Rules = new ArenaRules(Terrain, MovementLimits.For(tickRateHz));
        Bodies = new ArenaBodies(this);
        Photos = new ArenaPhotos(this);
    }

    /// <inheritdoc/>
    public string Name => "voxel-arena";

    /// <inheritdoc/>
    public int Version => 1;

    /// <summary>The land.</summary>
    public TerrainCache Terrain { get; }

    /// <summary>How players move.</summary>
    public ArenaRules Rules { get; }

    /// <summary>What was dug and placed. Handles are set by <see cref="Define"/>.</summary>
    public TableDefinition<Block, ulong> Blocks { get; private set; } = null!;

    /// <summary>Everybody who was ever here.</summary>
    public TableDefinition<Player, Egregore.Wire.PeerId> Players { get; private set; } = null!;

    /// <summary>Crates and rubble.</summary>
    public TableDefinition<Body, ulong> BodyRows { get; private set; } = null!;

    /// <inheritdoc/>
    public IBodies Bodies { get; }

    /// <inheritdoc/>
    public IPhotoSource Photos { get; }

    private TableDefinition<Pace, Egregore.Wire.PeerId> Paces { get; set; } = null!;

    private TableDefinition<Sweep, uint> Sweeps { get; set; } = null!;

    /// <inheritdoc/>
    public void Define(WorldBuilder world)
    {
        Blocks = world.Table<Block, ulong>("blocks", block => block.At).Cell(block => BlockAt.Of(block.At).Chunk);
        Players = world.Table<Player, Egregore.Wire.PeerId>("players", player => player.Peer.Id).Index("near", Near);
        Paces = world.Table<Pace, Egregore.Wire.PeerId>("paces", pace => pace.Peer.Id).VisibleTo((viewer, pace, db) => false);
        BodyRows = world.Table<Body, ulong>("bodies", body => body.Id)
            .Index("awake", body => body.Awake)
            .Index("rubble", body => body.Kind == BodyKind.Rubble)
            .Cell(body => new Cell(body.At.X >> 16, body.At.Z >> 16));
        Sweeps = world.Table<Sweep, uint>("sweeps", sweep => sweep.Id).VisibleTo((viewer, sweep, db) => false);

        world.OnConnect(Arrive);
        world.OnDisconnect(Leave);
        world.Reducer<SetName>("set_name", Rename).Predicted();
        world.Reducer<PlaceBlock>("place_block", Place).Predicted();
        world.Reducer<DigBlock>("dig_block", Dig).Predicted();
        world.Reducer<ThrowCrate>("throw_crate", ThrowCrate).Predicted();
        world.Reducer<PlaceCrate>("place_crate", PlaceCrate).Predicted();
        world.Reducer<Blast>("blast", Explode).Predicted();
        world.Reducer<PlayerMoved>("player_moved", Moved).Internal();
        world.Reducer<MoveBodies>("move_bodies", MoveBodies).Internal();
        world.Reducer<SweepBodies>("sweep_bodies", SweepBodies).Internal();
        world.Reflex(Rules);
    }

    /// <summary>Where a player stands who was never here: on a ring around the middle of the plaza.</summary>
    public static MoveState Spawn(Egregore.Wire.PeerId peer)
    {
        ushort angle = (ushort)(peer.Low * 0x9E37);
        (int x, int z) = (IntegerMath.Sin(angle) * 5 / IntegerMath.One, IntegerMath.Cos(angle) * 5 / IntegerMath.One);
        return MoveState.AtBlock(x, TerrainGenerator.PlazaLevel + 1, z) with { Yaw = angle, Flags = MoveFlags.Grounded };
    }
}
