using System.Security.Cryptography;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena.Tests;

public sealed class TerrainTests
{
    [Fact]
    public void A_seed_is_one_land_for_ever()
    {
        var generator = new TerrainGenerator(0xE6E6_0EE5);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[TerrainGenerator.ChunkBytes];
        for (int x = -6; x <= 6; x++)
        {
            for (int z = -6; z <= 6; z++)
            {
                generator.Fill(x, z, chunk);
                hash.AppendData(chunk);
            }
        }
        generator.Fill(-4000, 4000, chunk);
        hash.AppendData(chunk);
        string land = Convert.ToHexStringLower(hash.GetHashAndReset());
        Assert.True(land == "d15381d87d2e3bf5acd4e8008d02b771ddbfa132460709fd48c08b2112206bc4", $"this land hashes to {land}: worlds that people built in would change under them");
    }

    [Fact]
    public void The_ground_of_a_chunk_is_the_ground_of_its_columns_and_every_kind_of_land_is_there()
    {
        var generator = new TerrainGenerator(7);
        byte[] chunk = new byte[TerrainGenerator.ChunkBytes];
        var seen = new int[16];
        for (int cx = -20; cx < 20; cx++)
        {
            for (int cz = -20; cz < 20; cz++)
            {
                generator.Fill(cx, cz, chunk);
                foreach (byte kind in chunk)
                    seen[kind]++;
                for (int i = 0; i < 256; i += 17)
                {
                    int ground = generator.GroundAt((cx << 4) + (i & 15), (cz << 4) + (i >> 4));
                    Assert.InRange(ground, 4, 56);
                    Assert.Equal(VoxelClass.Solid, VoxelWorld.Class((BlockKind)chunk[(i * 64) + ground]));
                    Assert.Equal((byte)BlockKind.Bedrock, chunk[i * 64]);
                }
            }
        }
        foreach (BlockKind kind in new[] { BlockKind.Grass, BlockKind.Sand, BlockKind.Water, BlockKind.Snow, BlockKind.Stone, BlockKind.Wood, BlockKind.Leaves, BlockKind.Bricks, BlockKind.Lamp })
            Assert.True(seen[(int)kind] > 0, $"no {kind} anywhere");
    }

    [Fact]
    public void The_plaza_is_flat_and_a_player_stands_on_it()
    {
        foreach (ulong seed in new ulong[] { 1, 2, 3, 4, 5 })
        {
            TerrainVoxels land = Walk.Land(seed);
            for (ulong peer = 1; peer < 200; peer++)
            {
                MoveState spawn = VoxelArenaGame.Spawn(new Egregore.Wire.PeerId(9, peer));
                MoveState after = VoxelMovement.Step(spawn, new MoveInput(MoveButtons.None, spawn.Yaw, 0), land, MovementLimits.Default);
                Assert.Equal(spawn, after);
            }
        }
    }

    [Fact]
    public void Keys_of_blocks_keep_their_place()
    {
        foreach (BlockAt at in new[] { new BlockAt(0, 0, 0), new BlockAt(-1, 63, 5), new BlockAt(65_000, 1, -65_000), new BlockAt(-8_388_608, 65_535, 8_388_607) })
            Assert.Equal(at, BlockAt.Of(at.Packed));
        Assert.Equal(new Egregore.World.Cell(-1, 1), new BlockAt(-1, 3, 16).Chunk);
    }

    [Fact]
    public void A_ray_meets_the_first_block_and_names_the_face()
    {
        TerrainVoxels land = Walk.Land(7);
        MoveState down = MoveState.AtBlock(2, 21, 2) with { Pitch = -127 };
        Assert.True(VoxelRaycast.Look(down, 6 * MoveState.BlockUnits, land, MovementLimits.Default, out VoxelHit hit));
        Assert.Equal(new VoxelHit(2, 20, 2, 0, 1, 0), hit);
        MoveState up = down with { Pitch = 127 };
        Assert.False(VoxelRaycast.Look(up, 6 * MoveState.BlockUnits, land, MovementLimits.Default, out _));
        land.Changes[(2, 22, -2)] = VoxelClass.Solid;
        MoveState ahead = down with { Pitch = 0 };
        Assert.True(VoxelRaycast.Look(ahead, 6 * MoveState.BlockUnits, land, MovementLimits.Default, out hit));
        Assert.Equal(new VoxelHit(2, 22, -2, 0, 0, 1), hit);
        Assert.False(VoxelRaycast.Look(ahead, 3 * MoveState.BlockUnits, land, MovementLimits.Default, out _));
    }

    [Fact]
    public void Sine_and_root_are_right()
    {
        for (int angle = 0; angle < 65_536; angle += 16)
            Assert.InRange(IntegerMath.Sin((ushort)angle) - (Math.Sin(angle * Math.PI / 32_768) * IntegerMath.One), -1.0, 1.0);
        foreach (ulong value in new ulong[] { 0, 1, 2, 3, 4, 15, 16, 17, 1UL << 40, (1UL << 40) - 1, 0xFFFF_FFFE_0000_0001 })
        {
            UInt128 root = IntegerMath.Sqrt(value);
            Assert.True(root * root <= value && (root + 1) * (root + 1) > value);
        }
    }
}
