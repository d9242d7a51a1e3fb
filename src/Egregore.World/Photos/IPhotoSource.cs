namespace Egregore.World.Photos;

/// <summary>
/// A game's voxels as a picture takes them. Truth calls it on its own thread; an implementation reads tables and nothing else. What it gives goes to strangers: kinds of blocks, no names.
/// </summary>
public interface IPhotoSource
{
    /// <summary>How each kind looks, by its number; at most 256. Kinds beyond are passed by rays.</summary>
    IReadOnlyList<PhotoLook> Looks { get; }

    /// <summary>Sun and sky.</summary>
    PhotoLight Light { get; }

    /// <summary>Layers that can hold anything, from the first one on: y is <see cref="LowestY"/> to <see cref="LowestY"/> + <see cref="Layers"/> - 1. At most 128.</summary>
    int Layers { get; }

    /// <summary>The lowest of them, in blocks.</summary>
    int LowestY { get; }

    /// <summary>Copies kinds of blocks.</summary>
    /// <param name="world">The tables.</param>
    /// <param name="bounds">Which blocks; they may lie outside of the world.</param>
    /// <param name="kinds">One byte for each block, at <c>(y * depth + z) * width + x</c>.</param>
    void Copy(Database world, in PhotoBounds bounds, Span<byte> kinds);
}
