using System.Collections.Immutable;

namespace Egregore.Wire;

/// <summary>The object form of a table that the generator wrote from a schema: rows, actions, messages that are not on a hot path.</summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IFlatTable<TSelf>
    where TSelf : class, IFlatTable<TSelf>
{
    /// <summary>What the schema says of the table.</summary>
    static abstract TableSchema Schema { get; }

    /// <summary>An upper bound, in bytes, of what <see cref="Write"/> needs.</summary>
    int SizeMax { get; }

    /// <summary>Verifies a buffer within <see cref="VerifyLimits.Default"/> and copies it; <paramref name="value"/> is null exactly when there is an error.</summary>
    static abstract VerifyError TryRead(ReadOnlySpan<byte> buffer, out TSelf? value);

    /// <summary>Verifies a buffer within <paramref name="limits"/> and copies it.</summary>
    static abstract VerifyError TryRead(ReadOnlySpan<byte> buffer, VerifyLimits limits, out TSelf? value);

    /// <summary>Writes the FlatBuffer from <c>destination[0]</c> on; the same values always give the same bytes.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too small.</exception>
    int Write(Span<byte> destination);
}

/// <summary>What a schema says of a table; compared between versions of a game.</summary>
/// <param name="Name">With its namespace, as in the schema.</param>
/// <param name="Fields">By id.</param>
/// <param name="Hash">64-bit FNV-1a over the table's fields and everything they refer to; the same on every machine and build.</param>
public sealed record TableSchema(string Name, ImmutableArray<FieldSchema> Fields, ulong Hash);

/// <summary>What a schema says of a field.</summary>
/// <param name="Id">Its slot in the vtable; never reused.</param>
/// <param name="Name">As in the schema.</param>
/// <param name="Type">As in the schema with full names: <c>ulong</c>, <c>[ubyte]</c>, <c>Egregore.Wire.PeerId</c>.</param>
/// <param name="Default">As in the schema; empty when it names none, <c>null</c> for an optional scalar.</param>
/// <param name="Required">Whether a buffer without it is refused.</param>
/// <param name="Deprecated">Whether it keeps its slot but is neither read nor written.</param>
public readonly record struct FieldSchema(int Id, string Name, string Type, string Default, bool Required, bool Deprecated);

/// <summary>Helpers over <see cref="IFlatTable{TSelf}"/>.</summary>
public static class FlatTable
{
    /// <summary>The value's FlatBuffer as an array of its own.</summary>
    public static byte[] ToArray<T>(this T value)
        where T : class, IFlatTable<T>
    {
        byte[] buffer = new byte[value.SizeMax];
        int length = value.Write(buffer);
        return length == buffer.Length ? buffer : buffer[..length];
    }
}
