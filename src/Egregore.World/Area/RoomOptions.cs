namespace Egregore.World.Area;

/// <summary>The bounds of a <see cref="RoomBroadcaster"/>. Distances are in blocks, rates in Hz of the world's tick, sizes in bytes.</summary>
public sealed record RoomOptions
{
    /// <summary>Everybody in sight at every tick, whatever it costs up to 64 KiB a second: for small arenas with good lines, and to compare with servers that have no rates by attention.</summary>
    public static RoomOptions FullRate => new() { Focus = new RoomOptions().AttendedMax, SmallCrowdBytesPerSecond = 65_536, LargeCrowdBytesPerSecond = 65_536 };

    /// <summary>Largest number of bodies in the room at once. 1 to 65,535; default 1,024.</summary>
    public int Capacity { get; init; } = 1024;

    /// <summary>Ticks a second of the host that calls the room. 1 to 60; default 20.</summary>
    public int TickRateHz { get; init; } = 20;

    /// <summary>Radius within which a viewer attends to others, in blocks, horizontally. 1 to 96 (a packed position is exact within 128 blocks of its frame's cell); default 64.</summary>
    public int SightBlocks { get; init; } = 64;

    /// <summary>How many of the nearest are sent at every tick. 0 to <see cref="AttendedMax"/>; default 5.</summary>
    public int Focus { get; init; } = 5;

    /// <summary>Rate of those who stand just outside the focus, in Hz. 1 to <see cref="TickRateHz"/>; default 4.</summary>
    public int NearRateHz { get; init; } = 4;

    /// <summary>Rate at the rim of the sight, in Hz; between the two it falls in a line with distance. 1 to <see cref="NearRateHz"/>; default 1.</summary>
    public int FarRateHz { get; init; } = 1;

    /// <summary>Most bodies a viewer attends to; the nearest win. 1 to 1,024; default 128.</summary>
    public int AttendedMax { get; init; } = 128;

    /// <summary>Ticks between two looks around of one viewer: who is in sight, who is nearest. 1 to 200; default 20.</summary>
    public int LookAroundTicks { get; init; } = 20;

    /// <summary>Bytes of a game's own part of a packed state, behind handle and position. 0 to 64; default 6.</summary>
    public int LookBytes { get; init; } = 6;

    /// <summary>Bytes a second that a viewer with at most <see cref="SmallCrowd"/> others in sight may be sent, everything counted. Default 4,000.</summary>
    public int SmallCrowdBytesPerSecond { get; init; } = 4000;

    /// <summary>The crowd up to which <see cref="SmallCrowdBytesPerSecond"/> holds. Default 20.</summary>
    public int SmallCrowd { get; init; } = 20;

    /// <summary>Bytes a second that a viewer with <see cref="LargeCrowd"/> or more others in sight may be sent; between the two bounds it grows in a line. Default 10,000.</summary>
    public int LargeCrowdBytesPerSecond { get; init; } = 10000;

    /// <summary>The crowd from which <see cref="LargeCrowdBytesPerSecond"/> holds. Default 100.</summary>
    public int LargeCrowd { get; init; } = 100;

    /// <summary>The first option out of its bounds, in words, or null when all are within them.</summary>
    public string? Problem()
    {
        if (Capacity is < 1 or > ushort.MaxValue)
            return $"Capacity is {Capacity}; it must be 1 to 65535";
        if (TickRateHz is < 1 or > 60)
            return $"TickRateHz is {TickRateHz}; it must be 1 to 60";
        if (SightBlocks is < 1 or > 96)
            return $"SightBlocks is {SightBlocks}; it must be 1 to 96";
        if (AttendedMax is < 1 or > 1024)
            return $"AttendedMax is {AttendedMax}; it must be 1 to 1024";
        if (Focus < 0 || Focus > AttendedMax)
            return $"Focus is {Focus}; it must be 0 to {AttendedMax}";
        if (NearRateHz < 1 || NearRateHz > TickRateHz)
            return $"NearRateHz is {NearRateHz}; it must be 1 to {TickRateHz}";
        if (FarRateHz < 1 || FarRateHz > NearRateHz)
            return $"FarRateHz is {FarRateHz}; it must be 1 to {NearRateHz}";
        if (LookAroundTicks is < 1 or > 200)
            return $"LookAroundTicks is {LookAroundTicks}; it must be 1 to 200";
        if (LookBytes is < 0 or > 64)
            return $"LookBytes is {LookBytes}; it must be 0 to 64";
        if (SmallCrowd < 1 || LargeCrowd <= SmallCrowd)
            return $"SmallCrowd is {SmallCrowd} and LargeCrowd {LargeCrowd}; they must be positive and rise";
        return SmallCrowdBytesPerSecond < 1 || LargeCrowdBytesPerSecond < SmallCrowdBytesPerSecond
            ? $"SmallCrowdBytesPerSecond is {SmallCrowdBytesPerSecond} and LargeCrowdBytesPerSecond {LargeCrowdBytesPerSecond}; they must be positive and not fall"
            : null;
    }
}
