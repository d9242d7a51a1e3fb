using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;

namespace Egregore.Wire;

/// <summary>A vector of scalars, enums or structs, in place.</summary>
/// <typeparam name="T">A blittable type with FlatBuffers' layout.</typeparam>
public readonly ref struct FlatVector<T>
    where T : unmanaged
{
    /// <summary>Over the elements' bytes.</summary>
    public FlatVector(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The elements' bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>How many elements there are.</summary>
    public int Count => Bytes.Length / Unsafe.SizeOf<T>();

    /// <summary>One element.</summary>
    public T this[int index] => FlatReader.Read<T>(Bytes.Slice(index * Unsafe.SizeOf<T>(), Unsafe.SizeOf<T>()));

    /// <summary>A copy.</summary>
    public ImmutableArray<T> ToImmutableArray()
    {
        if (Bytes.IsEmpty)
        {
            return [];
        }
        var builder = ImmutableArray.CreateBuilder<T>(Count);
        for (int i = 0; i < Count; i++)
        {
            builder.Add(this[i]);
        }
        return builder.MoveToImmutable();
    }
}

/// <summary>A vector of bools, in place: any byte but 0 is true.</summary>
public readonly ref struct FlatBoolVector
{
    /// <summary>Over the elements' bytes.</summary>
    public FlatBoolVector(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The elements' bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>How many elements there are.</summary>
    public int Count => Bytes.Length;

    /// <summary>One element.</summary>
    public bool this[int index] => Bytes[index] != 0;

    /// <summary>A copy.</summary>
    public ImmutableArray<bool> ToImmutableArray()
    {
        var builder = ImmutableArray.CreateBuilder<bool>(Count);
        foreach (byte value in Bytes)
        {
            builder.Add(value != 0);
        }
        return builder.MoveToImmutable();
    }
}

/// <summary>A vector of offsets to tables or strings, in place.</summary>
public readonly ref struct FlatOffsetVector
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _first;

    /// <summary>Over a verified buffer.</summary>
    public FlatOffsetVector(ReadOnlySpan<byte> buffer, int first, int count)
    {
        _buffer = buffer;
        _first = first;
        Count = count;
    }

    /// <summary>How many elements there are.</summary>
    public int Count { get; }

    /// <summary>The table that the element at <paramref name="index"/> leads to.</summary>
    public FlatTableReader Table(int index) => new(_buffer, Target(index));

    /// <summary>The string's UTF-8 bytes that the element at <paramref name="index"/> leads to.</summary>
    public ReadOnlySpan<byte> Utf8(int index)
    {
        int target = Target(index);
        return _buffer.Slice(target + 4, (int)BinaryPrimitives.ReadUInt32LittleEndian(_buffer[target..]));
    }

    private int Target(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        int position = _first + (4 * index);
        return position + (int)BinaryPrimitives.ReadUInt32LittleEndian(_buffer[position..]);
    }
}

/// <summary>A vector of strings, in place.</summary>
public readonly ref struct FlatStringVector
{
    private readonly FlatOffsetVector _offsets;

    /// <summary>Over the strings' offsets.</summary>
    public FlatStringVector(FlatOffsetVector offsets) => _offsets = offsets;

    /// <summary>How many strings there are.</summary>
    public int Count => _offsets.Count;

    /// <summary>One string as UTF-8, in place.</summary>
    public ReadOnlySpan<byte> this[int index] => _offsets.Utf8(index);

    /// <summary>One string as UTF-16.</summary>
    public string GetString(int index) => Encoding.UTF8.GetString(this[index]);

    /// <summary>A copy.</summary>
    public ImmutableArray<string> ToImmutableArray()
    {
        var builder = ImmutableArray.CreateBuilder<string>(Count);
        for (int i = 0; i < Count; i++)
        {
            builder.Add(GetString(i));
        }
        return builder.MoveToImmutable();
    }
}
