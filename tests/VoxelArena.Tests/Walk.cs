using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena.Tests;

/// <summary>Seeded walks over the arena's land, as a lively player would press the keys.</summary>
internal sealed class Walk(ulong seed, MovementLimits limits)
{
    private ulong _random = (seed * 0x9E3779B97F4A7C15) | 1;
    private MoveInput _input;
    private int _hold;

    public MoveState State { get; set; }

    public static TerrainVoxels Land(ulong seed) => new(new TerrainCache(new TerrainGenerator(seed), 1024));

    public static MoveState OnGround(TerrainVoxels land, int x, int z)
    {
        int y = TerrainGenerator.Height;
        while (land.At(x, y - 1, z) == VoxelClass.Air)
            y--;
        return MoveState.AtBlock(x, y, z);
    }

    public int Next(int below)
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return (int)(_random % (ulong)below);
    }

    public MoveState Step(TerrainVoxels land)
    {
        if (_hold-- <= 0)
        {
            _hold = Next(30);
            _input = new MoveInput((MoveButtons)Next(128), (ushort)Next(65_536), (sbyte)(Next(255) - 127));
            if (Next(3) > 0)
                _input = _input with { Buttons = (_input.Buttons | MoveButtons.Forward) & ~MoveButtons.Back };
        }
        return State = VoxelMovement.Step(State, _input with { Yaw = (ushort)(_input.Yaw + (_hold * 300)) }, land, limits);
    }
}

/// <summary>The land alone, for movement without tables.</summary>
internal sealed class TerrainVoxels(TerrainCache terrain) : IVoxelSource
{
    public Dictionary<(int X, int Y, int Z), VoxelClass> Changes { get; } = [];

    public VoxelClass At(int x, int y, int z) => Changes.Count != 0 && Changes.TryGetValue((x, y, z), out VoxelClass voxel) ? voxel : VoxelWorld.Class(terrain.At(x, y, z));
}
