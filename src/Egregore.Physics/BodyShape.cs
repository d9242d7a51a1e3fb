namespace Egregore.Physics;

/// <summary>What a body is to the others.</summary>
public enum BodyShape : byte
{
    /// <summary>A box with three half extents.</summary>
    Box = 0,

    /// <summary>A ball; its radius is the first half extent.</summary>
    Ball = 1,
}
