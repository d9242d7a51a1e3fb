using System.Numerics;
using Egregore.World;
using Egregore.World.Photos;
using VoxelArena.Terrain;

namespace VoxelArena;

/// <summary>The arena as a traced picture takes it: its blocks, and crates as blocks where they stand. People and rubble are not in it. For one thread.</summary>
public sealed class ArenaPhotos : IPhotoSource
{
    /// <summary>What stands for a crate among the kinds of blocks.</summary>
    public const byte CrateKind = (byte)BlockKind.Lamp + 1;

    private readonly VoxelArenaGame _game;
    private readonly byte[] _chunk = new byte[TerrainGenerator.ChunkBytes];

    internal ArenaPhotos(VoxelArenaGame game) => _game = game;

    /// <inheritdoc/>
    /// <remarks>The means of the page's textures, as linear light (web/src/game/tiles.ts), a little brighter where grain darkens them.</remarks>
    public IReadOnlyList<PhotoLook> Looks { get; } = MakeLooks();

    /// <inheritdoc/>
    /// <remarks>The page's sun and sky (web/src/game/sky.ts).</remarks>
    public PhotoLight Light { get; } = new(
        Vector3.Normalize(new Vector3(0.48f, 0.72f, 0.34f)), new Vector3(0.98f, 0.84f, 0.62f), new Vector3(0.17f, 0.39f, 0.76f), new Vector3(0.55f, 0.72f, 0.86f), SunSize: 0.03f);

    /// <inheritdoc/>
    public int Layers => TerrainGenerator.Height;

    /// <inheritdoc/>
    public int LowestY => 0;

    /// <inheritdoc/>
    public void Copy(Database world, in PhotoBounds bounds, Span<byte> kinds)
    {
        kinds.Clear();
        var voxels = new VoxelWorld(_game.Terrain, world.Table(_game.Blocks));
        (int low, int high) = (Math.Max(0, bounds.Y), Math.Min(TerrainGenerator.Height, bounds.Y + bounds.Height));
        for (int chunkX = bounds.X >> 4; chunkX <= (bounds.X + bounds.Width - 1) >> 4; chunkX++)
        {
            for (int chunkZ = bounds.Z >> 4; chunkZ <= (bounds.Z + bounds.Depth - 1) >> 4; chunkZ++)
            {
                voxels.CopyChunk(chunkX, chunkZ, _chunk);
                Copy(bounds, chunkX << 4, chunkZ << 4, low, high, kinds);
                foreach (Body body in world.Table(_game.BodyRows).InCell(new Cell(chunkX, chunkZ)))
                    Stand(bounds, body, kinds);
            }
        }

        // Below the world is rock, as for whoever walks on it.
        if (bounds.Y < 0)
            kinds[..(Math.Min(bounds.Height, -bounds.Y) * bounds.Width * bounds.Depth)].Fill((byte)BlockKind.Bedrock);
    }

    private void Copy(in PhotoBounds bounds, int x0, int z0, int low, int high, Span<byte> kinds)
    {
        for (int z = Math.Max(z0, bounds.Z); z < Math.Min(z0 + 16, bounds.Z + bounds.Depth); z++)
        {
            for (int x = Math.Max(x0, bounds.X); x < Math.Min(x0 + 16, bounds.X + bounds.Width); x++)
            {
                ReadOnlySpan<byte> column = _chunk.AsSpan((((z & 15) << 4) + (x & 15)) * TerrainGenerator.Height, TerrainGenerator.Height);
                int at = ((((low - bounds.Y) * bounds.Depth) + z - bounds.Z) * bounds.Width) + x - bounds.X;
                for (int y = low; y < high; y++, at += bounds.Width * bounds.Depth)
                    kinds[at] = column[y];
            }
        }
    }

    private static void Stand(in PhotoBounds bounds, Body body, Span<byte> kinds)
    {
        (int x, int y, int z) = ((body.At.X >> 12) - bounds.X, (body.At.Y >> 12) - bounds.Y, (body.At.Z >> 12) - bounds.Z);
        if (body.Kind != BodyKind.Crate || (uint)x >= (uint)bounds.Width || (uint)y >= (uint)bounds.Height || (uint)z >= (uint)bounds.Depth)
            return;
        ref byte cell = ref kinds[(((y * bounds.Depth) + z) * bounds.Width) + x];
        if (cell == (byte)BlockKind.Air)
            cell = CrateKind;
    }

    private static PhotoLook[] MakeLooks()
    {
        var looks = new PhotoLook[CrateKind + 1];
        Solid(BlockKind.Bedrock, 16, 16, 19, 120);
        Solid(BlockKind.Stone, 64, 66, 69, 70);
        Solid(BlockKind.Dirt, 66, 33, 15, 80);
        looks[(int)BlockKind.Grass] = new PhotoLook(PhotoForm.Solid, 60, 48, 15) { Top = (52, 116, 21), Grain = 80 };
        Solid(BlockKind.Sand, 184, 153, 78, 45);
        looks[(int)BlockKind.Water] = new PhotoLook(PhotoForm.Clear, 70, 140, 200) { Gloss = 6 };
        looks[(int)BlockKind.Snow] = new PhotoLook(PhotoForm.Solid, 116, 100, 94) { Top = (214, 228, 243), Grain = 14 };
        looks[(int)BlockKind.Wood] = new PhotoLook(PhotoForm.Solid, 39, 21, 9) { Top = (75, 44, 17), Grain = 110 };
        Solid(BlockKind.Leaves, 24, 72, 12, 130);
        Solid(BlockKind.Planks, 122, 66, 25, 70);
        Solid(BlockKind.Bricks, 116, 38, 25, 110);
        Solid(BlockKind.Cobble, 54, 54, 56, 130);
        looks[(int)BlockKind.Glass] = new PhotoLook(PhotoForm.Clear, 236, 246, 250) { Gloss = 14 };
        looks[(int)BlockKind.Lamp] = new PhotoLook(PhotoForm.Solid, 206, 155, 75) { Glow = (26, 17, 8), Grain = 40 };
        looks[CrateKind] = new PhotoLook(PhotoForm.Solid, 100, 52, 18) { Grain = 110 };
        return looks;

        void Solid(BlockKind kind, byte red, byte green, byte blue, byte grain) => looks[(int)kind] = new PhotoLook(PhotoForm.Solid, red, green, blue) { Grain = grain };
    }
}
