using Egregore.World.Movement;

namespace Egregore.Physics;

/// <summary>Solid voxels as few boxes: runs along x, grown along z, then along y.</summary>
internal static class SolidBoxes
{
    /// <summary>Adds boxes that cover every solid block within the bounds, none twice.</summary>
    /// <param name="voxels">The world.</param>
    /// <param name="bounds">Where to look.</param>
    /// <param name="max">Boxes at most.</param>
    /// <param name="boxes">Takes them, from below.</param>
    /// <returns>Whether all of them found room.</returns>
    public static bool Collect(IVoxelSource voxels, in BlockBounds bounds, int max, List<BlockBounds> boxes)
    {
        var (width, height, depth) = (bounds.MaxX - bounds.MinX + 1, bounds.MaxY - bounds.MinY + 1, bounds.MaxZ - bounds.MinZ + 1);
        var open = new bool[width * height * depth];
        for (var y = 0; y < height; y++)
        {
            for (var z = 0; z < depth; z++)
            {
                for (var x = 0; x < width; x++)
                    open[At(x, y, z)] = voxels.At(bounds.MinX + x, bounds.MinY + y, bounds.MinZ + z) is VoxelClass.Solid or VoxelClass.Unknown;
            }
        }

        for (var y = 0; y < height; y++)
        {
            for (var z = 0; z < depth; z++)
            {
                for (var x = 0; x < width; x++)
                {
                    if (!open[At(x, y, z)])
                        continue;
                    if (boxes.Count >= max)
                        return false;
                    var (toX, toZ, toY) = (x, z, y);
                    while (toX + 1 < width && open[At(toX + 1, y, z)])
                        toX++;
                    while (toZ + 1 < depth && All(x, toX, y, y, toZ + 1, toZ + 1))
                        toZ++;
                    while (toY + 1 < height && All(x, toX, toY + 1, toY + 1, z, toZ))
                        toY++;
                    for (var takenY = y; takenY <= toY; takenY++)
                    {
                        for (var takenZ = z; takenZ <= toZ; takenZ++)
                            open.AsSpan(At(x, takenY, takenZ), toX - x + 1).Clear();
                    }

                    boxes.Add(new BlockBounds(bounds.MinX + x, bounds.MinY + y, bounds.MinZ + z, bounds.MinX + toX, bounds.MinY + toY, bounds.MinZ + toZ));
                }
            }
        }

        return true;

        int At(int x, int y, int z) => (((y * depth) + z) * width) + x;

        bool All(int fromX, int toX, int fromY, int toY, int fromZ, int toZ)
        {
            for (var y = fromY; y <= toY; y++)
            {
                for (var z = fromZ; z <= toZ; z++)
                {
                    if (open.AsSpan(At(fromX, y, z), toX - fromX + 1).Contains(false))
                        return false;
                }
            }

            return true;
        }
    }
}
