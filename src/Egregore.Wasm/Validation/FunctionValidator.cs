using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Validation;

/// <summary>
/// Validates function bodies by the algorithm of the specification's appendix 7.3: a stack of operand types, a stack of blocks. One validator serves all
/// functions of a module; its stacks are reused.
/// </summary>
internal sealed partial class FunctionValidator
{
    /// <summary>The type of an operand that unreachable code made up: it is whatever is asked for.</summary>
    private const ValueType Unknown = 0;

    private readonly ModuleDefinition module;
    private readonly StoreLimits limits;
    private readonly HashSet<int> declared;
    private ValueType[] operands = [];
    private int operandCount;
    private Block[] blocks = new Block[32];
    private int blockCount;
    private ValueType[] locals = new ValueType[64];
    private int localCount;
    private int function;
    private int at;
    private int calls;
    private int accesses;
    private int argumentsMax;

    /// <summary>A validator for the functions of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="limits">Its limits.</param>
    /// <param name="declared">The functions that <c>ref.func</c> may name.</param>
    public FunctionValidator(ModuleDefinition module, StoreLimits limits, HashSet<int> declared)
    {
        this.module = module;
        this.limits = limits;
        this.declared = declared;
    }

    private struct Block
    {
        public OpCode Op;
        public int Type;
        public int Height;
        public bool Unreachable;
    }

    /// <summary>Validates one body; gives what the compiler wants to know of it.</summary>
    /// <param name="body">Its index, imported functions not counted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FunctionTraits Validate(int body)
    {
        int instructions = 0;
        calls = accesses = argumentsMax = 0;
        function = module.ImportedFunctions + body;
        Slice slice = module.Bodies[body];
        FuncType type = module.TypeOfFunction(function);
        var reader = new InstructionReader(module.Bytes, ReadLocals(slice, type), slice.End);
        operandCount = 0;
        blockCount = 0;
        functionType = type;
        Enter(OpCode.Block, FunctionBlock);
        while (blockCount > 0)
        {
            if (reader.AtEnd) ByteReader.Malformed("unexpected end of section or function", slice.End);
            reader.Read();
            instructions++;
            at = reader.Start;
            if (OpCodeTable.Of(reader.Op) is { } info) ValidateTyped(ref reader, info);
            else ValidateOther(ref reader);
        }

        if (!reader.AtEnd) ByteReader.Malformed("END opcode expected", reader.Position);
        return new FunctionTraits(instructions, calls, accesses, argumentsMax);
    }

    /// <summary>Reads the locals' declarations; gives the offset of the first instruction.</summary>
    private int ReadLocals(Slice body, FuncType type)
    {
        localCount = 0;
        AddLocals(type.Parameters, body.Start);
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        int groups = reader.Count(nameof(StoreLimits.LocalsMax), int.MaxValue);
        ulong total = (ulong)localCount;
        for (int i = 0; i < groups; i++)
        {
            int start = reader.Position;
            uint count = reader.U32();
            ValueType local = reader.ValueType();
            total += count;
            if (total > uint.MaxValue) ByteReader.Malformed("too many locals", start);
            if (total > (ulong)limits.LocalsMax) continue;
            if (locals.Length < (int)total) Array.Resize(ref locals, Math.Max((int)total, locals.Length * 2));
            locals.AsSpan(localCount, (int)count).Fill(local);
            localCount = (int)total;
        }

        if (total > (ulong)limits.LocalsMax) throw new LimitException(nameof(StoreLimits.LocalsMax), limits.LocalsMax, body.Start);
        return reader.Position;
    }

    private void AddLocals(ReadOnlySpan<ValueType> types, int offset)
    {
        if (types.Length > limits.LocalsMax) throw new LimitException(nameof(StoreLimits.LocalsMax), limits.LocalsMax, offset);
        if (locals.Length < types.Length) Array.Resize(ref locals, types.Length * 2);
        types.CopyTo(locals);
        localCount = types.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ValidateTyped(ref InstructionReader reader, OpCodeInfo info)
    {
        if (info.AlignmentExponent >= 0)
        {
            NeedMemory();
            accesses++;
            if (reader.Align > (uint)info.AlignmentExponent) Invalid("alignment must not be larger than natural");
            if (reader.Op is >= OpCode.V128Load8Lane and <= OpCode.V128Store64Lane) NeedLane(reader.Lane, 16 >> info.AlignmentExponent);
        }
        else if ((int)reader.Op >= 0x100 || reader.Op is OpCode.MemorySize or OpCode.MemoryGrow)
        {
            ValidateImmediates(ref reader);
        }

        ValueType[] needed = info.Operands;
        for (int i = needed.Length - 1; i >= 0; i--) Pop(needed[i]);
        if (info.Result != 0) Push(info.Result);
    }

    private void ValidateImmediates(ref InstructionReader reader)
    {
        switch (reader.Op)
        {
            case OpCode.MemorySize or OpCode.MemoryGrow or OpCode.MemoryCopy or OpCode.MemoryFill:
                NeedMemory();
                break;
            case OpCode.MemoryInit:
                NeedMemory();
                NeedData(reader.Index);
                break;
            case OpCode.DataDrop:
                NeedData(reader.Index);
                break;
            case OpCode.TableInit:
                ValueType table = TableAt(reader.Index2);
                if (table != ElementsAt(reader.Index)) Invalid("type mismatch");
                break;
            case OpCode.ElemDrop:
                ElementsAt(reader.Index);
                break;
            case OpCode.TableCopy:
                if (TableAt(reader.Index) != TableAt(reader.Index2)) Invalid("type mismatch");
                break;
            case OpCode.TableSize:
                TableAt(reader.Index);
                break;
            case OpCode.I8x16Shuffle:
                for (int i = 0; i < 8; i++)
                {
                    NeedLane((byte)(reader.Constant >> (8 * i)), 32);
                    NeedLane((byte)(reader.ConstantHigh >> (8 * i)), 32);
                }

                break;
            case >= OpCode.I8x16ExtractLaneS and <= OpCode.I8x16ReplaceLane: NeedLane(reader.Lane, 16); break;
            case >= OpCode.I16x8ExtractLaneS and <= OpCode.I16x8ReplaceLane: NeedLane(reader.Lane, 8); break;
            case OpCode.I32x4ExtractLane or OpCode.I32x4ReplaceLane or OpCode.F32x4ExtractLane or OpCode.F32x4ReplaceLane: NeedLane(reader.Lane, 4); break;
            case OpCode.I64x2ExtractLane or OpCode.I64x2ReplaceLane or OpCode.F64x2ExtractLane or OpCode.F64x2ReplaceLane: NeedLane(reader.Lane, 2); break;
        }
    }

    private void NeedMemory()
    {
        if (module.Memories.Length == 0) Invalid("unknown memory 0");
    }

    private void NeedData(uint index)
    {
        if (module.DataCount < 0 && module.Data.Length > 0) ByteReader.Malformed("data count section required", at);
        if (index >= (uint)module.Data.Length) Invalid($"unknown data segment {index}");
    }

    private void NeedLane(byte lane, int lanes)
    {
        if (lane >= lanes) Invalid("invalid lane index");
    }

    private ValueType TableAt(uint index)
    {
        if (index >= (uint)module.Tables.Length) Invalid($"unknown table {index}");
        return module.Tables[index].Element;
    }

    private ValueType ElementsAt(uint index)
    {
        if (index >= (uint)module.Elements.Length) Invalid($"unknown elem segment {index}");
        return module.Elements[index].Type;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(ValueType type)
    {
        if (operandCount == operands.Length) GrowOperands();
        operands[operandCount++] = type;
    }

    private void GrowOperands()
    {
        if (operandCount >= limits.OperandsMax) throw new LimitException(nameof(StoreLimits.OperandsMax), limits.OperandsMax, at);
        Array.Resize(ref operands, Math.Min(Math.Max(64, operands.Length * 2), limits.OperandsMax));
    }

    private void Push(ReadOnlySpan<ValueType> types)
    {
        foreach (ValueType type in types) Push(type);
    }

    private ValueType Pop()
    {
        ref Block block = ref blocks[blockCount - 1];
        if (operandCount > block.Height) return operands[--operandCount];
        if (!block.Unreachable) Invalid("type mismatch");
        return Unknown;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pop(ValueType expected)
    {
        ValueType found = Pop();
        if (found != expected && found != Unknown) Invalid("type mismatch");
    }

    private void Pop(ReadOnlySpan<ValueType> types)
    {
        for (int i = types.Length - 1; i >= 0; i--) Pop(types[i]);
    }

    [DoesNotReturn]
    private void Invalid(string reason) => throw new InvalidModuleException(reason, at, function);
}
