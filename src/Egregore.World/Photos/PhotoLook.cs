namespace Egregore.World.Photos;

/// <summary>What a kind of block does to light.</summary>
public enum PhotoForm : byte
{
    /// <summary>Nothing: air.</summary>
    Open = 0,

    /// <summary>Light ends there.</summary>
    Solid = 1,

    /// <summary>Light goes through and takes its colour: water, glass.</summary>
    Clear = 2,
}

/// <summary>How a kind of block looks in a picture. Colours are linear light, of 256.</summary>
/// <param name="Form">What it does to light.</param>
/// <param name="Red">Light thrown back, or let through.</param>
/// <param name="Green">Light thrown back, or let through.</param>
/// <param name="Blue">Light thrown back, or let through.</param>
public readonly record struct PhotoLook(PhotoForm Form, byte Red, byte Green, byte Blue)
{
    /// <summary>The colour of the upper side; null: as the others.</summary>
    public (byte Red, byte Green, byte Blue)? Top { get; init; }

    /// <summary>Light that it gives, in 1/16.</summary>
    public (byte Red, byte Green, byte Blue) Glow { get; init; }

    /// <summary>Share of the light that it throws back as a mirror does, of 256, seen from straight before it; 0: none ever.</summary>
    public byte Gloss { get; init; }

    /// <summary>How much darker a spot of it can be than another, of 256.</summary>
    public byte Grain { get; init; }
}
