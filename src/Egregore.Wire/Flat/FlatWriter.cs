using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Egregore.Wire;

/// <summary>
/// Writes a FlatBuffer front to back into the caller's span: a table first, what it refers to behind it, each offset patched when its
/// target is placed. Generated code and codecs drive it; the same values always give the same bytes.
/// </summary>
/// <remarks>
/// Every byte written is defined (padding is zero). Nothing is allocated. A span that is too small ends in <see cref="ArgumentException"/>,
/// and what was written so far is then without meaning.
/// </remarks>
public ref struct FlatWriter
{
    private readonly Span<byte> _buffer;

    /// <summary>Starts a buffer at the span's first byte and leaves room for the root's offset.</summary>
    public FlatWriter(Span<byte> destination)
    {
        _buffer = destination;
        Reserve(4);
    }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether two numbers are the same bits: -0 differs from 0, NaN is itself.</summary>
    public static bool IsSame(float left, float right) => BitConverter.SingleToInt32Bits(left) == BitConverter.SingleToInt32Bits(right);

    /// <inheritdoc cref="IsSame(float, float)"/>
    public static bool IsSame(double left, double right) => BitConverter.DoubleToInt64Bits(left) == BitConverter.DoubleToInt64Bits(right);

    /// <summary>Starts a table behind what is written: its vtable, then itself.</summary>
    /// <param name="slots">The highest present field's id + 1; slots behind it are not written.</param>
    /// <param name="alignedTo8">Whether a present field wants 8-byte alignment; such fields must then be added first.</param>
    /// <returns>The table's position.</returns>
    public int BeginTable(int slots, bool alignedTo8)
    {
        int vtableBytes = 4 + (2 * slots);
        int table = (Length + vtableBytes + 3) & ~3;
        if (alignedTo8 && (table & 7) == 0)
        {
            table += 4;
        }
        int vtable = table - vtableBytes;
        Reserve(table + 4 - Length);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[vtable..], (ushort)vtableBytes);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer[table..], vtableBytes);
        return table;
    }

    /// <summary>Ends a table's inline part; what it refers to follows.</summary>
    public readonly void EndTable(int table, int slots) =>
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[(table - (2 * slots) - 2)..], checked((ushort)(Length - table)));

    /// <summary>Adds a scalar or an enum. Fields of one table are added by falling alignment, so that they need no padding.</summary>
    public void Add<T>(int table, int slots, int id, T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(Slot(table, slots, id, Unsafe.SizeOf<T>()), value);
    }

    /// <summary>Adds a struct: room for it, all zero, that the caller fills.</summary>
    public Span<byte> Slot(int table, int slots, int id, int size)
    {
        int position = Reserve(size);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[(table - (2 * (slots - id)))..], (ushort)(position - table));
        return _buffer.Slice(position, size);
    }

    /// <summary>Adds an offset to be patched later; gives its position.</summary>
    public int AddOffset(int table, int slots, int id)
    {
        int position = Length;
        Slot(table, slots, id, 4);
        return position;
    }

    /// <summary>Lets the offset at <paramref name="at"/> lead to <paramref name="target"/>, which lies behind it.</summary>
    public readonly void Patch(int at, int target) => BinaryPrimitives.WriteUInt32LittleEndian(_buffer[at..], (uint)(target - at));

    /// <summary>Writes a vector behind what is written and patches the offset at <paramref name="at"/>; the elements' room is given back, all zero.</summary>
    public Span<byte> Vector(int at, int count, int size, int alignment)
    {
        Align(alignment);
        int position = Reserve(4);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[position..], (uint)count);
        Patch(at, position);
        int bytes = checked(count * size);
        return _buffer.Slice(Reserve(bytes), bytes);
    }

    /// <summary>Writes a vector of scalars or enums; structs are written one by one into <see cref="Vector"/>.</summary>
    public void Values<T>(int at, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        MemoryMarshal.AsBytes(values).CopyTo(Vector(at, values.Length, Unsafe.SizeOf<T>(), Unsafe.SizeOf<T>()));
    }

    /// <summary>Writes a vector of bytes.</summary>
    public void Bytes(int at, ReadOnlySpan<byte> values) => values.CopyTo(Vector(at, values.Length, 1, 1));

    /// <summary>Writes a string as UTF-8 with the zero byte behind it; a lone surrogate becomes U+FFFD.</summary>
    public void String(int at, string value)
    {
        Encoding.UTF8.GetBytes(value, Vector(at, Encoding.UTF8.GetByteCount(value), 1, 1));
        Reserve(1);
    }

    /// <summary>Writes a vector of offsets, each to be patched; gives the first one's position.</summary>
    public int OffsetVector(int at, int count)
    {
        Vector(at, count, 4, 4);
        return Length - (4 * count);
    }

    /// <summary>Writes a vector of strings.</summary>
    public void Strings(int at, ReadOnlySpan<string> values)
    {
        int element = OffsetVector(at, values.Length);
        foreach (string value in values)
        {
            String(element, value);
            element += 4;
        }
    }

    /// <summary>Aligns to 4, and so that the byte behind a 4-byte length stands at a multiple of <paramref name="alignment"/>.</summary>
    private void Align(int alignment)
    {
        int position = (Length + 3) & ~3;
        if (alignment > 4 && ((position + 4) & (alignment - 1)) != 0)
        {
            position += 4;
        }
        Reserve(position - Length);
    }

    private int Reserve(int bytes)
    {
        int position = Length;
        if (bytes > _buffer.Length - position)
        {
            ThrowTooSmall();
        }
        _buffer.Slice(position, bytes).Clear();
        Length = position + bytes;
        return position;
    }

    private static void ThrowTooSmall() => throw new ArgumentException("The destination is too small for the buffer; SizeMax says how much it may need.", "destination");
}
