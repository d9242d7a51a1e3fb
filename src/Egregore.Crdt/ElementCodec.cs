using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Egregore.Crdt;

/// <summary>How a set's elements become bytes. Equal elements have equal bytes, and only those.</summary>
public interface IElementCodec<T>
{
    /// <summary>Bytes of an element; negative: it cannot be encoded.</summary>
    int Size(T element);

    /// <summary>Writes exactly <see cref="Size"/> bytes.</summary>
    void Write(T element, Span<byte> destination);

    /// <summary>Reads bytes that came from anyone; false: they are no element.</summary>
    bool TryRead(ReadOnlySpan<byte> source, out T element);
}

/// <summary>Text as UTF-8.</summary>
public sealed class Utf8ElementCodec : IElementCodec<string>
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The codec; it holds no state.</summary>
    public static Utf8ElementCodec Instance { get; } = new();

    /// <inheritdoc/>
    public int Size(string element)
    {
        for (int i = 0; i < element.Length; i++)
        {
            if (char.IsHighSurrogate(element[i]) && i + 1 < element.Length && char.IsLowSurrogate(element[i + 1])) i++;
            else if (char.IsSurrogate(element[i])) return -1;
        }
        return Strict.GetByteCount(element);
    }

    /// <inheritdoc/>
    public void Write(string element, Span<byte> destination) => Strict.GetBytes(element, destination);

    /// <inheritdoc/>
    public bool TryRead(ReadOnlySpan<byte> source, out string element)
    {
        bool valid = Utf8.IsValid(source);
        element = valid ? Strict.GetString(source) : "";
        return valid;
    }
}

/// <summary>Numbers as eight bytes, big-endian.</summary>
public sealed class UInt64ElementCodec : IElementCodec<ulong>
{
    /// <summary>The codec; it holds no state.</summary>
    public static UInt64ElementCodec Instance { get; } = new();

    /// <inheritdoc/>
    public int Size(ulong element) => sizeof(ulong);

    /// <inheritdoc/>
    public void Write(ulong element, Span<byte> destination) => BinaryPrimitives.WriteUInt64BigEndian(destination, element);

    /// <inheritdoc/>
    public bool TryRead(ReadOnlySpan<byte> source, out ulong element)
    {
        bool valid = source.Length == sizeof(ulong);
        element = valid ? BinaryPrimitives.ReadUInt64BigEndian(source) : 0;
        return valid;
    }
}
