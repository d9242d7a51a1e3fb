using System.Numerics;
using Egregore.World;
using Egregore.World.Photos;

namespace Egregore.Server.Tests.Support;

/// <summary>The walkers of <see cref="LineGame"/> on a floor with a lamp post every eight blocks, of which pictures can be taken.</summary>
internal sealed class PhotoGame : IPhotoGame, IPhotoSource
{
    public const int FloorY = 10;

    private readonly LineGame _line = new();

    public string Name => "photo";

    public int Version => 1;

    public IPhotoSource Photos => this;

    public IReadOnlyList<PhotoLook> Looks { get; } =
    [
        default,
        new PhotoLook(PhotoForm.Solid, 150, 60, 40) { Grain = 60 },
        new PhotoLook(PhotoForm.Solid, 40, 40, 40) { Glow = (20, 14, 8) },
    ];

    public PhotoLight Light { get; } = new(Vector3.Normalize(new Vector3(1, 2, 0.5f)), new Vector3(1, 0.9f, 0.7f), new Vector3(0.2f, 0.4f, 0.8f), new Vector3(0.5f, 0.7f, 0.9f), 0.03f);

    public int Layers => 24;

    public int LowestY => 0;

    public void Define(WorldBuilder world) => _line.Define(world);

    public void Copy(Database world, in PhotoBounds bounds, Span<byte> kinds)
    {
        for (var y = 0; y < bounds.Height; y++)
        {
            for (var z = 0; z < bounds.Depth; z++)
            {
                for (var x = 0; x < bounds.Width; x++)
                    kinds[(((y * bounds.Depth) + z) * bounds.Width) + x] = KindAt(x + bounds.X, y + bounds.Y, z + bounds.Z);
            }
        }
    }

    private static byte KindAt(int x, int y, int z) => (byte)(y < FloorY ? 1 : y < FloorY + 4 && (x & 7) == 0 && (z & 7) == 0 ? 2 : 0);
}
