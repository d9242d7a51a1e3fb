namespace Egregore.Wire;

/// <summary>Why a buffer was refused before any of its fields was read. Only <see cref="None"/> means that reading is safe.</summary>
public enum VerifyError : byte
{
    /// <summary>The buffer is sound.</summary>
    None = 0,

    /// <summary>Too short to hold what it must.</summary>
    TooSmall,

    /// <summary>Longer than <see cref="VerifyLimits.SizeBytesMax"/>.</summary>
    TooLarge,

    /// <summary>A table, vtable, vector or field does not stand at a multiple of its alignment, counted from the buffer's first byte.</summary>
    Misaligned,

    /// <summary>An offset leads outside of the buffer, or to itself.</summary>
    OffsetOutOfBounds,

    /// <summary>A table's vtable is not wholly inside of the buffer.</summary>
    VtableOutOfBounds,

    /// <summary>A vtable's own sizes contradict each other, or a field stands outside of its table.</summary>
    VtableInvalid,

    /// <summary>A vector or string is not wholly inside of the buffer.</summary>
    VectorOutOfBounds,

    /// <summary>A string lacks the zero byte behind it.</summary>
    StringNotTerminated,

    /// <summary>A string is not UTF-8.</summary>
    StringNotUtf8,

    /// <summary>Tables nest deeper than <see cref="VerifyLimits.DepthMax"/>; a cycle ends here too.</summary>
    DepthExceeded,

    /// <summary>More tables than <see cref="VerifyLimits.TablesMax"/>, shared ones counted each time they are met.</summary>
    TablesExceeded,

    /// <summary>Offsets share so much that reading would touch more than twice the buffer's length: a small buffer must not cost like a large one.</summary>
    OverlapExceeded,

    /// <summary>A field that the schema marks <c>required</c> is absent.</summary>
    RequiredMissing,

    /// <summary>A union names a member without a value, or has a value without naming a member.</summary>
    UnionInvalid,

    /// <summary>A union's tag is not one this build knows, so its value cannot be verified.</summary>
    UnknownUnionType,
}

/// <summary>Bounds that a buffer from a peer must keep.</summary>
/// <param name="SizeBytesMax">Longest buffer, in bytes.</param>
/// <param name="DepthMax">Deepest nesting of tables; the root is 1.</param>
/// <param name="TablesMax">Most tables in one buffer.</param>
public readonly record struct VerifyLimits(int SizeBytesMax, int DepthMax, int TablesMax)
{
    /// <summary>64 KiB, 16 levels, 4096 tables.</summary>
    public static VerifyLimits Default => new(64 * 1024, 16, 4096);

    /// <summary>The default bounds with another length; tables may be as many as a buffer of that length honestly holds (one in 16 bytes, at least 4096).</summary>
    public static VerifyLimits OfSize(int sizeBytesMax) => new(sizeBytesMax, 16, Math.Max(4096, sizeBytesMax / 16));
}
