using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Binary;

/// <summary>
/// Reads a function's body or a constant expression one instruction at a time: after <see cref="Read"/> the fields hold the instruction and its immediates.
/// The bytes of an instruction are those from <see cref="Start"/> up to <see cref="Position"/>, so whoever rewrites a body copies that slice, or writes other
/// bytes in its place. Only the form is checked here; the validator checks the meaning.
/// </summary>
internal ref struct InstructionReader
{
    /// <summary><see cref="BlockType"/> of a block without parameters and results.</summary>
    public const int EmptyBlock = -0x40;

    private readonly ReadOnlySpan<byte> bytes;
    private ByteReader reader;

    /// <summary>A reader of the module's bytes from one offset up to another.</summary>
    public InstructionReader(ReadOnlySpan<byte> module, int start, int end)
    {
        bytes = module;
        reader = new ByteReader(module, start, end);
    }

    /// <summary>The instruction.</summary>
    public OpCode Op;

    /// <summary>The offset of its first byte in the module.</summary>
    public int Start;

    /// <summary>
    /// The first index: label, function, local, global, table, type (of <c>call_indirect</c>), data or element segment, or the destination of <c>table.copy</c>.
    /// </summary>
    public uint Index;

    /// <summary>The second index: table (of <c>call_indirect</c> and <c>table.init</c>), or the source of <c>table.copy</c>.</summary>
    public uint Index2;

    /// <summary>A block's type: an index of the module's types, or the negative of a value type's byte, or <see cref="EmptyBlock"/>.</summary>
    public int BlockType;

    /// <summary>The exponent of an access's alignment.</summary>
    public uint Align;

    /// <summary>The offset of an access to memory.</summary>
    public uint Offset;

    /// <summary>The lane.</summary>
    public byte Lane;

    /// <summary>A constant: an integer, the bits of a float, or the low half of a vector (of <c>i8x16.shuffle</c>'s lanes too).</summary>
    public long Constant;

    /// <summary>The high half of a vector.</summary>
    public long ConstantHigh;

    /// <summary>The type of <c>ref.null</c> or of the typed <c>select</c>.</summary>
    public ValueType Type;

    /// <summary>Types that the typed <c>select</c> names; only 1 is valid.</summary>
    public int TypeCount;

    /// <summary>Labels of <c>br_table</c> without the default, which is <see cref="Index"/>; read them with <see cref="Labels"/>.</summary>
    public int LabelCount;

    private int labelsStart;

    /// <summary>The offset behind the instruction.</summary>
    public readonly int Position => reader.Position;

    public readonly bool AtEnd => reader.AtEnd;

    /// <summary>Reads on from another offset.</summary>
    public void Seek(int position) => reader.Position = position;

    /// <summary>A reader of the labels of <c>br_table</c>: <see cref="LabelCount"/> times <see cref="ByteReader.U32"/>.</summary>
    public readonly ByteReader Labels() => new(bytes, labelsStart, reader.End);

    /// <summary>Reads the next instruction.</summary>
    /// <exception cref="MalformedModuleException">There is none, or it is not one of WebAssembly 2.0.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Read()
    {
        Start = reader.Position;
        byte op = reader.Byte();
        Op = (OpCode)op;
        switch (op)
        {
            case 0x00 or 0x01 or 0x05 or 0x0B or 0x0F or 0x1A or 0x1B or 0xD1:
            case >= 0x45 and <= 0xC4:
                break;
            case 0x02 or 0x03 or 0x04:
                BlockType = ReadBlockType();
                break;
            case 0x0C or 0x0D or 0x10 or 0xD2:
            case >= 0x20 and <= 0x26:
                Index = reader.U32();
                break;
            case >= 0x28 and <= 0x3E:
                Align = reader.U32();
                Offset = reader.U32();
                break;
            case 0x41:
                Constant = reader.S32();
                break;
            case 0x42:
                Constant = reader.S64();
                break;
            case 0x43:
                Constant = reader.Fixed32();
                break;
            case 0x44:
                Constant = (long)reader.Fixed64();
                break;
            case 0x0E:
                ReadLabels();
                break;
            case 0x11:
                Index = reader.U32();
                Index2 = reader.U32();
                break;
            case 0x1C:
                TypeCount = reader.Count(nameof(StoreLimits.TypeValuesMax), int.MaxValue);
                for (int i = 0; i < TypeCount; i++) Type = reader.ValueType();
                break;
            case 0x3F or 0x40:
                Zero();
                break;
            case 0xD0:
                Type = reader.ReferenceType();
                break;
            case 0xFC:
                ReadBulk();
                break;
            case 0xFD:
                ReadVector();
                break;
            default:
                ByteReader.Malformed("illegal opcode", Start);
                break;
        }
    }

    private int ReadBlockType()
    {
        int at = reader.Position;
        long type = reader.S33();
        if (type >= 0) return (int)Math.Min(type, int.MaxValue);
        int code = (int)(type & 0x7F);
        if (reader.Position != at + 1 || (code != 0x40 && !ByteReader.IsValueType((byte)code))) ByteReader.Malformed("malformed block type", at);
        return -code;
    }

    private void ReadLabels()
    {
        LabelCount = reader.Count(nameof(StoreLimits.FunctionBytesMax), int.MaxValue);
        labelsStart = reader.Position;
        for (int i = 0; i < LabelCount; i++) reader.U32();
        Index = reader.U32();
    }

    private void Zero()
    {
        if (reader.Byte() != 0) ByteReader.Malformed("zero byte expected", reader.Position - 1);
    }

    private void ReadBulk()
    {
        uint sub = reader.U32();
        if (sub > 17) ByteReader.Malformed("illegal opcode", Start);
        Op = (OpCode)(0xFC00 | sub);
        switch (Op)
        {
            case OpCode.MemoryInit:
                Index = reader.U32();
                Zero();
                break;
            case OpCode.MemoryCopy:
                Zero();
                Zero();
                break;
            case OpCode.MemoryFill:
                Zero();
                break;
            case OpCode.TableInit or OpCode.TableCopy:
                Index = reader.U32();
                Index2 = reader.U32();
                break;
            case OpCode.DataDrop or OpCode.ElemDrop or OpCode.TableGrow or OpCode.TableSize or OpCode.TableFill:
                Index = reader.U32();
                break;
        }
    }

    private void ReadVector()
    {
        uint sub = reader.U32();
        if (sub > 255) ByteReader.Malformed("illegal opcode", Start);
        Op = (OpCode)(0xFD00 | sub);
        if (OpCodeTable.Of(Op) is not { } info) ByteReader.Malformed("illegal opcode", Start);
        else if (info.AlignmentExponent >= 0)
        {
            Align = reader.U32();
            Offset = reader.U32();
            if (Op is >= OpCode.V128Load8Lane and <= OpCode.V128Store64Lane) Lane = reader.Byte();
        }
        else if (Op is OpCode.V128Const or OpCode.I8x16Shuffle)
        {
            ReadOnlySpan<byte> vector = reader.Slice(16);
            Constant = BinaryPrimitives.ReadInt64LittleEndian(vector);
            ConstantHigh = BinaryPrimitives.ReadInt64LittleEndian(vector[8..]);
        }
        else if (Op is >= OpCode.I8x16ExtractLaneS and <= OpCode.F64x2ReplaceLane)
        {
            Lane = reader.Byte();
        }
    }
}
