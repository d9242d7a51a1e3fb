using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Egregore.Wire;

/// <summary>
/// One table in a verified buffer; the generated views are typed faces of it. The default value is a table without fields.
/// </summary>
/// <remarks>
/// <c>position: int32 back to the vtable | fields</c>, vtable: <c>uint16 its bytes | uint16 the table's bytes | uint16 offset of field 0, 1, ...</c>
/// Reads copy nothing but the value asked for. Over an unverified buffer a read may throw or give nonsense, but stays inside of the span.
/// </remarks>
public readonly ref struct FlatTableReader
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _vtable;
    private readonly int _vtableBytes;

    /// <summary>The table at <paramref name="position"/> of a verified buffer.</summary>
    public FlatTableReader(ReadOnlySpan<byte> buffer, int position)
    {
        _buffer = buffer;
        Position = position;
        _vtable = position - BinaryPrimitives.ReadInt32LittleEndian(buffer[position..]);
        _vtableBytes = BinaryPrimitives.ReadUInt16LittleEndian(buffer[_vtable..]);
    }

    /// <summary>A table whose vtable the verifier has just found.</summary>
    internal FlatTableReader(ReadOnlySpan<byte> buffer, int position, int vtable, int vtableBytes)
    {
        _buffer = buffer;
        Position = position;
        _vtable = vtable;
        _vtableBytes = vtableBytes;
    }

    /// <summary>Where the table begins in its buffer.</summary>
    public int Position { get; }

    /// <summary>The length of the table's inline part.</summary>
    public int TableBytes => BinaryPrimitives.ReadUInt16LittleEndian(_buffer[(_vtable + 2)..]);

    /// <summary>A field's offset in the table, 0 when it is absent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Offset(int id)
    {
        int slot = 4 + (2 * id);
        return slot + 2 <= _vtableBytes ? BinaryPrimitives.ReadUInt16LittleEndian(_buffer[(_vtable + slot)..]) : 0;
    }

    /// <summary>Whether a field is present.</summary>
    public bool Has(int id) => Offset(id) != 0;

    /// <summary>A scalar, an enum or a struct, or its default.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Get<T>(int id, T absent = default)
        where T : unmanaged
    {
        int offset = Offset(id);
        return offset == 0 ? absent : FlatReader.Read<T>(_buffer[(Position + offset)..]);
    }

    /// <summary>A bool: any byte but 0 is true.</summary>
    public bool GetBool(int id, bool absent = false)
    {
        int offset = Offset(id);
        return offset == 0 ? absent : _buffer[Position + offset] != 0;
    }

    /// <summary>The elements of a vector of bytes or the text of a string, in place.</summary>
    public ReadOnlySpan<byte> GetBytes(int id)
    {
        int vector = Target(id);
        return vector == 0 ? default : _buffer.Slice(vector + 4, Count(vector));
    }

    /// <summary>A string as UTF-16; empty when it is absent.</summary>
    public string GetString(int id) => Encoding.UTF8.GetString(GetBytes(id));

    /// <summary>A vector of scalars, enums or structs.</summary>
    public FlatVector<T> GetVector<T>(int id)
        where T : unmanaged
    {
        int vector = Target(id);
        return vector == 0 ? default : new FlatVector<T>(_buffer.Slice(vector + 4, Count(vector) * Unsafe.SizeOf<T>()));
    }

    /// <summary>A vector of strings.</summary>
    public FlatStringVector GetStrings(int id) => new(GetOffsets(id));

    /// <summary>A vector of tables.</summary>
    public FlatOffsetVector GetOffsets(int id)
    {
        int vector = Target(id);
        return vector == 0 ? default : new FlatOffsetVector(_buffer, vector + 4, Count(vector));
    }

    /// <summary>A nested table; without fields when it is absent.</summary>
    public FlatTableReader GetTable(int id)
    {
        int table = Target(id);
        return table == 0 ? default : new FlatTableReader(_buffer, table);
    }

    /// <summary>Where its vtable begins.</summary>
    internal int VtablePosition => _vtable;

    /// <summary>The vtable's length.</summary>
    internal int VtableBytes => _vtableBytes;

    /// <summary>Where a field's offset leads to; 0 when it is absent.</summary>
    internal int Target(int id)
    {
        int offset = Offset(id);
        int position = Position + offset;
        return offset == 0 ? 0 : position + (int)BinaryPrimitives.ReadUInt32LittleEndian(_buffer[position..]);
    }

    private int Count(int vector) => (int)BinaryPrimitives.ReadUInt32LittleEndian(_buffer[vector..]);
}

/// <summary>Reads blittable values from spans, whatever their address's alignment.</summary>
public static class FlatReader
{
    /// <summary>A value from the first bytes of <paramref name="source"/>. FlatBuffers is little-endian, and so are all hosts that run this.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ReadOnlySpan<byte> source)
        where T : unmanaged
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Egregore.Wire reads structs in place and wants a little-endian processor");
        }
        return MemoryMarshal.Read<T>(source);
    }
}
