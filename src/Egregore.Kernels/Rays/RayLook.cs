namespace Egregore.Kernels.Rays;

/// <summary>What a kind of block does to a ray.</summary>
public enum RayForm : byte
{
    /// <summary>Rays pass, as through air.</summary>
    Open = 0,

    /// <summary>Rays end there.</summary>
    Solid = 1,

    /// <summary>Rays go through and take its colour, or are thrown back as by a mirror; between blocks of one such kind nothing is seen. The sun shines through.</summary>
    Clear = 2,
}

/// <summary>How a kind of block looks in a picture. Layout: u8 red, green, blue, form; u8 glow red, green, blue, gloss; u8 top red, green, blue, grain.</summary>
/// <param name="Red">Light it throws back, of 256; linear, as all colours here.</param>
/// <param name="Green">Light it throws back, of 256.</param>
/// <param name="Blue">Light it throws back, of 256.</param>
/// <param name="Form">What it does to a ray.</param>
/// <param name="GlowRed">Light it gives, in 1/16.</param>
/// <param name="GlowGreen">Light it gives, in 1/16.</param>
/// <param name="GlowBlue">Light it gives, in 1/16.</param>
public readonly record struct RayLook(byte Red, byte Green, byte Blue, RayForm Form, byte GlowRed = 0, byte GlowGreen = 0, byte GlowBlue = 0)
{
    /// <summary>Bytes of a look.</summary>
    public const int Bytes = 12;

    /// <summary>Share of the rays that are thrown back as by a mirror, seen from straight before it, of 256; more of those that graze. 0: none ever.</summary>
    public byte Gloss { get; init; }

    /// <summary>The colour of its upper side; null: as the other sides.</summary>
    public (byte Red, byte Green, byte Blue)? Top { get; init; }

    /// <summary>How much darker a part of its surface, a sixteenth of a block on a side, can be than another, of 256.</summary>
    public byte Grain { get; init; }

    internal void Write(Span<byte> destination)
    {
        (byte red, byte green, byte blue) = Top ?? (Red, Green, Blue);
        ReadOnlySpan<byte> bytes = [Red, Green, Blue, (byte)Form, GlowRed, GlowGreen, GlowBlue, Gloss, red, green, blue, Grain];
        bytes.CopyTo(destination);
    }
}
