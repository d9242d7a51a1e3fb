namespace Egregore.World;

/// <summary>A game: a class library that registers its tables, reducers and rules. The same definition runs in truth, in a client's cache and in a replay.</summary>
public interface IGame
{
    /// <summary>Short name, such as <c>voxel-arena</c>; at most 64 characters.</summary>
    string Name { get; }

    /// <summary>The game's version; rising. Rows of an older version are carried over as SchemaPlan says.</summary>
    int Version { get; }

    /// <summary>Registers everything. Called once for each <see cref="WorldDefinition"/>; must register the same things each time.</summary>
    void Define(WorldBuilder world);
}
