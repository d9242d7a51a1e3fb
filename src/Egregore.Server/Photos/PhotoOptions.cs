using static Egregore.Server.OptionBounds;

namespace Egregore.Server.Photos;

/// <summary>Pictures that helpers trace for players.</summary>
public sealed record PhotoOptions
{
    /// <summary>Whether players may ask for pictures. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Widest and highest picture, pixels a side, 16 to 4,096. Default 1,920.</summary>
    public int SideMax { get; init; } = 1_920;

    /// <summary>Pixels times rays a pixel of one picture, 1,024 to 268,435,456: what it costs. Default 33,177,600, 1,920 by 1,080 with 16.</summary>
    public int SamplesMax { get; init; } = 33_177_600;

    /// <summary>From the start of a player's picture to the start of the next one, seconds, 0 to 3,600. Default 5.</summary>
    public int EverySeconds { get; init; } = 5;

    /// <summary>Pictures at one time in this world, each of another player, 1 to 256. Default 16.</summary>
    public int PhotosMax { get; init; } = 16;

    /// <summary>How far the eye may be from where truth knows its player to be, blocks, 1 to 64. Default 8.</summary>
    public int EyeBlocksMax { get; init; } = 8;

    /// <summary>Tiles of one picture that wait or are computed at one time, 1 to 1,024. Default 48.</summary>
    public int TilesInFlight { get; init; } = 48;

    /// <summary>A helper's time for a tile, milliseconds, 100 to 60,000. Default 6,000.</summary>
    public int TileMs { get; init; } = 6_000;

    /// <summary>How often a tile is asked for, 1 to 16; then the picture stays unfinished. Default 3.</summary>
    public int TriesMax { get; init; } = 3;

    /// <summary>Longest time for a picture, seconds, 1 to 3,600. Default 300.</summary>
    public int PhotoSeconds { get; init; } = 300;

    /// <summary>The first option out of its bounds, in words, or null.</summary>
    public string? Problem() =>
        Range(SideMax, 16, 4_096, nameof(SideMax))
        ?? Range(SamplesMax, 1_024, 268_435_456, nameof(SamplesMax))
        ?? Range(EverySeconds, 0, 3_600, nameof(EverySeconds))
        ?? Range(PhotosMax, 1, 256, nameof(PhotosMax))
        ?? Range(EyeBlocksMax, 1, 64, nameof(EyeBlocksMax))
        ?? Range(TilesInFlight, 1, 1_024, nameof(TilesInFlight))
        ?? Range(TileMs, 100, 60_000, nameof(TileMs))
        ?? Range(TriesMax, 1, 16, nameof(TriesMax))
        ?? Range(PhotoSeconds, 1, 3_600, nameof(PhotoSeconds));
}
