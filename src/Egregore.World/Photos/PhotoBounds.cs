namespace Egregore.World.Photos;

/// <summary>A box of blocks: its lowest corner, and how many blocks it has along each axis.</summary>
public readonly record struct PhotoBounds(int X, int Y, int Z, int Width, int Height, int Depth);
