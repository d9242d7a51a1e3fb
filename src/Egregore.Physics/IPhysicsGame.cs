using Egregore.World;

namespace Egregore.Physics;

/// <summary>A game with rigid bodies: its server moves them by tasks that helpers compute.</summary>
public interface IPhysicsGame : IGame
{
    /// <summary>Its bodies; valid after <see cref="IGame.Define"/>.</summary>
    IBodies Bodies { get; }
}
