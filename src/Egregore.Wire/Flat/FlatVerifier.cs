using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Egregore.Wire;

/// <summary>
/// Walks an untrusted buffer before anything reads it. Generated code drives it field by field; every method answers
/// <see cref="VerifyError.None"/> or the reason to stop. It never throws and never allocates.
/// </summary>
/// <remarks>Layout: https://flatbuffers.dev/internals. Positions count from the buffer's first byte; alignment does too.</remarks>
public ref struct FlatVerifier
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _depthMax;
    private int _depth;
    private int _tablesLeft;
    private long _bytesLeft;

    private FlatVerifier(ReadOnlySpan<byte> buffer, VerifyLimits limits)
    {
        _buffer = buffer;
        _depthMax = limits.DepthMax;
        _tablesLeft = limits.TablesMax;
        _bytesLeft = 2L * buffer.Length;
    }

    /// <summary>Starts on a buffer: checks its length and finds the root table's position.</summary>
    public static VerifyError Begin(ReadOnlySpan<byte> buffer, VerifyLimits limits, out FlatVerifier verifier, out int root)
    {
        root = 0;
        verifier = default;
        if (buffer.Length > limits.SizeBytesMax)
        {
            return VerifyError.TooLarge;
        }
        if (buffer.Length < 8)
        {
            return VerifyError.TooSmall;
        }
        verifier = new FlatVerifier(buffer, limits);
        return verifier.Follow(0, out root);
    }

    /// <summary>Checks a table's head and vtable and goes one level down.</summary>
    public VerifyError EnterTable(int position, out FlatTableReader table)
    {
        table = default;
        if (++_depth > _depthMax)
        {
            return VerifyError.DepthExceeded;
        }
        if (--_tablesLeft < 0)
        {
            return VerifyError.TablesExceeded;
        }
        if ((position & 3) != 0)
        {
            return VerifyError.Misaligned;
        }
        if (position > _buffer.Length - 4)
        {
            return VerifyError.OffsetOutOfBounds;
        }
        long vtable = (long)position - BinaryPrimitives.ReadInt32LittleEndian(_buffer[position..]);
        if (vtable < 0 || vtable > _buffer.Length - 4)
        {
            return VerifyError.VtableOutOfBounds;
        }
        if ((vtable & 1) != 0)
        {
            return VerifyError.Misaligned;
        }
        int vtableBytes = BinaryPrimitives.ReadUInt16LittleEndian(_buffer[(int)vtable..]);
        int tableBytes = BinaryPrimitives.ReadUInt16LittleEndian(_buffer[((int)vtable + 2)..]);
        if (vtableBytes < 4 || (vtableBytes & 1) != 0 || tableBytes < 4)
        {
            return VerifyError.VtableInvalid;
        }
        if (vtable + vtableBytes > _buffer.Length)
        {
            return VerifyError.VtableOutOfBounds;
        }
        if (position + tableBytes > _buffer.Length)
        {
            return VerifyError.OffsetOutOfBounds;
        }
        table = new FlatTableReader(_buffer, position, (int)vtable, vtableBytes);
        return Spend(tableBytes);
    }

    /// <summary>Comes back up from a table.</summary>
    public void LeaveTable() => _depth--;

    /// <summary>Checks a field that stands inline: it is absent, or lies in its table and is aligned.</summary>
    /// <param name="table">The table it belongs to.</param>
    /// <param name="id">Its id in the schema.</param>
    /// <param name="size">Its length in bytes.</param>
    /// <param name="alignment">A power of two.</param>
    /// <param name="required">Whether absence is an error.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VerifyError Inline(in FlatTableReader table, int id, int size, int alignment, bool required = false)
    {
        int offset = table.Offset(id);
        if (offset == 0)
        {
            return required ? VerifyError.RequiredMissing : VerifyError.None;
        }
        if (offset < 4 || offset + size > table.TableBytes)
        {
            return VerifyError.VtableInvalid;
        }
        return ((table.Position + offset) & (alignment - 1)) == 0 ? VerifyError.None : VerifyError.Misaligned;
    }

    /// <summary>Checks a field that is an offset and follows it; <paramref name="target"/> is 0 when it is absent.</summary>
    public readonly VerifyError Reference(in FlatTableReader table, int id, bool required, out int target)
    {
        target = 0;
        VerifyError error = Inline(table, id, 4, 4, required);
        int offset = table.Offset(id);
        return error != VerifyError.None || offset == 0 ? error : Follow(table.Position + offset, out target);
    }

    /// <summary>Checks a vector of inline elements at <paramref name="position"/>.</summary>
    public VerifyError Vector(int position, int size, int alignment, out int count)
    {
        count = 0;
        if ((position & 3) != 0)
        {
            return VerifyError.Misaligned;
        }
        if (position > _buffer.Length - 4)
        {
            return VerifyError.VectorOutOfBounds;
        }
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_buffer[position..]);
        long bytes = length * (long)size;
        if (bytes > _buffer.Length - position - 4)
        {
            return VerifyError.VectorOutOfBounds;
        }
        // An empty vector has no element that could be out of place.
        if (length != 0 && ((position + 4) & (alignment - 1)) != 0)
        {
            return VerifyError.Misaligned;
        }
        count = (int)length;
        return Spend(4 + bytes);
    }

    /// <summary>Checks a field that is a vector of inline elements.</summary>
    public VerifyError VectorField(in FlatTableReader table, int id, bool required, int size, int alignment)
    {
        VerifyError error = Reference(table, id, required, out int target);
        return error != VerifyError.None || target == 0 ? error : Vector(target, size, alignment, out _);
    }

    /// <summary>Checks a field that is a vector of offsets; the elements are at <paramref name="first"/> and every 4 bytes behind it.</summary>
    public VerifyError OffsetVectorField(in FlatTableReader table, int id, bool required, out int first, out int count)
    {
        count = 0;
        VerifyError error = Reference(table, id, required, out int target);
        first = target + 4;
        return error != VerifyError.None || target == 0 ? error : Vector(target, 4, 4, out count);
    }

    /// <summary>Checks a field that is a string.</summary>
    public VerifyError StringField(in FlatTableReader table, int id, bool required)
    {
        VerifyError error = Reference(table, id, required, out int target);
        return error != VerifyError.None || target == 0 ? error : String(target);
    }

    /// <summary>Checks a field that is a vector of strings.</summary>
    public VerifyError StringVectorField(in FlatTableReader table, int id, bool required)
    {
        VerifyError error = OffsetVectorField(table, id, required, out int first, out int count);
        for (int i = 0; i < count && error == VerifyError.None; i++)
        {
            error = Follow(first + (4 * i), out int target);
            if (error == VerifyError.None)
            {
                error = String(target);
            }
        }
        return error;
    }

    /// <summary>Checks a union: its tag, a <c>ubyte</c> in the slot before, and its offset are both there or both absent.</summary>
    public readonly VerifyError UnionField(in FlatTableReader table, int id, bool required, out byte tag, out int target)
    {
        tag = 0;
        target = 0;
        VerifyError error = Inline(table, id - 1, 1, 1);
        if (error == VerifyError.None)
        {
            error = Reference(table, id, required, out target);
        }
        if (error != VerifyError.None)
        {
            return error;
        }
        tag = table.Get<byte>(id - 1);
        return (tag == 0) == (target == 0) ? VerifyError.None : VerifyError.UnionInvalid;
    }

    /// <summary>Follows the offset at <paramref name="position"/>, which the caller has found to lie in the buffer.</summary>
    public readonly VerifyError Follow(int position, out int target)
    {
        target = 0;
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(_buffer[position..]);
        if (offset == 0 || offset > (uint)(_buffer.Length - position))
        {
            return VerifyError.OffsetOutOfBounds;
        }
        target = position + (int)offset;
        return VerifyError.None;
    }

    private VerifyError String(int position)
    {
        VerifyError error = Vector(position, 1, 1, out int count);
        if (error != VerifyError.None)
        {
            return error;
        }
        int end = position + 4 + count;
        if (end >= _buffer.Length || _buffer[end] != 0)
        {
            return VerifyError.StringNotTerminated;
        }
        return Utf8.IsValid(_buffer.Slice(position + 4, count)) ? VerifyError.None : VerifyError.StringNotUtf8;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private VerifyError Spend(long bytes)
    {
        _bytesLeft -= bytes;
        return _bytesLeft < 0 ? VerifyError.OverlapExceeded : VerifyError.None;
    }
}
