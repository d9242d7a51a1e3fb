namespace Egregore.World.Photos;

/// <summary>A game of which pictures can be traced: its server cuts what the rays may see out of its voxels, and helpers trace it.</summary>
public interface IPhotoGame : IGame
{
    /// <summary>What there is to be seen; valid after <see cref="IGame.Define"/>.</summary>
    IPhotoSource Photos { get; }
}
