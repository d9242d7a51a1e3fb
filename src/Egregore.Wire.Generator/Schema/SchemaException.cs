namespace Egregore.Wire.Generator.Schema;

/// <summary>What is wrong with a schema; each value is one diagnostic id (docs/wire.md lists them).</summary>
internal enum SchemaErrorKind
{
    /// <summary>EGFB001: the text is not a FlatBuffers schema.</summary>
    Syntax = 1,

    /// <summary>EGFB002: FlatBuffers has it, this generator does not.</summary>
    Unsupported = 2,

    /// <summary>EGFB003: a name that no declaration in the file has.</summary>
    UnknownType = 3,

    /// <summary>EGFB004: a declaration that FlatBuffers itself refuses (duplicates, ids with gaps, values out of range).</summary>
    Invalid = 4,
}

/// <summary>A place in a schema file; both numbers count from 0.</summary>
internal readonly struct SchemaPosition(int line, int column)
{
    public int Line { get; } = line;

    public int Column { get; } = column;
}

/// <summary>Ends the reading of one schema file; becomes one build error at its place.</summary>
internal sealed class SchemaException(SchemaErrorKind kind, SchemaPosition position, string message) : Exception(message)
{
    public SchemaErrorKind Kind { get; } = kind;

    public SchemaPosition Position { get; } = position;
}
