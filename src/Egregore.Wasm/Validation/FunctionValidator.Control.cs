using System.Runtime.CompilerServices;
using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Validation;

/// <content>Blocks, branches, calls, and what is typed by locals, globals and tables.</content>
internal sealed partial class FunctionValidator
{
    /// <summary>The type of the block that is the function itself.</summary>
    private const int FunctionBlock = int.MinValue;

    private static readonly ValueType[] Singles = [.. Enumerable.Range(0, 128).Select(i => (ValueType)i)];

    private FuncType functionType = null!;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ValidateOther(ref InstructionReader reader)
    {
        switch (reader.Op)
        {
            case OpCode.LocalGet:
                Push(LocalAt(reader.Index));
                break;
            case OpCode.LocalSet:
                Pop(LocalAt(reader.Index));
                break;
            case OpCode.LocalTee:
                Pop(LocalAt(reader.Index));
                Push(LocalAt(reader.Index));
                break;
            case OpCode.GlobalGet:
                Push(GlobalAt(reader.Index).Type);
                break;
            case OpCode.GlobalSet:
                if (!GlobalAt(reader.Index).Mutable) Invalid("global is immutable");
                Pop(GlobalAt(reader.Index).Type);
                break;
            case OpCode.Nop:
                break;
            case OpCode.Unreachable:
                Unreachable();
                break;
            case OpCode.Block or OpCode.Loop:
                NeedBlockType(reader.BlockType);
                Pop(Parameters(reader.BlockType));
                Enter(reader.Op, reader.BlockType);
                break;
            case OpCode.If:
                NeedBlockType(reader.BlockType);
                Pop(ValueType.I32);
                Pop(Parameters(reader.BlockType));
                Enter(reader.Op, reader.BlockType);
                break;
            case OpCode.Else:
                if (blocks[blockCount - 1].Op != OpCode.If) ByteReader.Malformed("END opcode expected", at);
                int type = Leave().Type;
                Enter(OpCode.Else, type);
                break;
            case OpCode.End:
                Block block = Leave();
                if (block.Op == OpCode.If && !Parameters(block.Type).SequenceEqual(Results(block.Type))) Invalid("type mismatch");
                Push(Results(block.Type));
                break;
            case OpCode.Br:
                Pop(LabelAt(reader.Index));
                Unreachable();
                break;
            case OpCode.BrIf:
                Pop(ValueType.I32);
                Pop(LabelAt(reader.Index));
                Push(LabelAt(reader.Index));
                break;
            case OpCode.BrTable:
                ValidateBranchTable(ref reader);
                break;
            case OpCode.Return:
                Pop(functionType.Results);
                Unreachable();
                break;
            case OpCode.Call:
                if (reader.Index >= (uint)module.FunctionTypes.Length) Invalid($"unknown function {reader.Index}");
                Call(module.TypeOfFunction((int)reader.Index));
                break;
            case OpCode.CallIndirect:
                if (TableAt(reader.Index2) != ValueType.FuncRef) Invalid("type mismatch");
                if (reader.Index >= (uint)module.Types.Length) Invalid("unknown type");
                Pop(ValueType.I32);
                Call(module.Types[reader.Index]);
                break;
            case OpCode.Drop:
                Pop();
                break;
            case OpCode.Select:
                ValidateSelect();
                break;
            case OpCode.SelectTyped:
                if (reader.TypeCount != 1) Invalid("invalid result arity");
                Pop(ValueType.I32);
                Pop(reader.Type);
                Pop(reader.Type);
                Push(reader.Type);
                break;
            default:
                ValidateReferences(ref reader);
                break;
        }
    }

    private void ValidateReferences(ref InstructionReader reader)
    {
        switch (reader.Op)
        {
            case OpCode.RefNull:
                Push(reader.Type);
                break;
            case OpCode.RefIsNull:
                if (Pop() is not (ValueType.FuncRef or ValueType.ExternRef or Unknown)) Invalid("type mismatch");
                Push(ValueType.I32);
                break;
            case OpCode.RefFunc:
                if (reader.Index >= (uint)module.FunctionTypes.Length) Invalid($"unknown function {reader.Index}");
                if (!declared.Contains((int)reader.Index)) Invalid("undeclared function reference");
                Push(ValueType.FuncRef);
                break;
            case OpCode.TableGet:
                ValueType element = TableAt(reader.Index);
                Pop(ValueType.I32);
                Push(element);
                break;
            case OpCode.TableSet:
                Pop(TableAt(reader.Index));
                Pop(ValueType.I32);
                break;
            case OpCode.TableGrow:
                Pop(ValueType.I32);
                Pop(TableAt(reader.Index));
                Push(ValueType.I32);
                break;
            case OpCode.TableFill:
                Pop(ValueType.I32);
                Pop(TableAt(reader.Index));
                Pop(ValueType.I32);
                break;
            default:
                ByteReader.Malformed("illegal opcode", at);
                break;
        }
    }

    private void ValidateSelect()
    {
        Pop(ValueType.I32);
        ValueType second = Pop();
        ValueType first = Pop();
        if (first is ValueType.FuncRef or ValueType.ExternRef || second is ValueType.FuncRef or ValueType.ExternRef) Invalid("type mismatch");
        if (first != second && first != Unknown && second != Unknown) Invalid("type mismatch");
        Push(first == Unknown ? second : first);
    }

    /// <summary>All labels take as many values; each is held against the operands as they stand, since unreachable ones fit any type.</summary>
    private void ValidateBranchTable(ref InstructionReader reader)
    {
        Pop(ValueType.I32);
        int arity = LabelAt(reader.Index).Length;
        ByteReader labels = reader.Labels();
        for (int i = 0; i < reader.LabelCount; i++)
        {
            ReadOnlySpan<ValueType> types = LabelAt(labels.U32());
            if (types.Length != arity) Invalid("type mismatch");
            CheckTop(types);
        }

        Pop(LabelAt(reader.Index));
        Unreachable();
    }

    private void CheckTop(ReadOnlySpan<ValueType> types)
    {
        ref Block block = ref blocks[blockCount - 1];
        for (int i = 0; i < types.Length; i++)
        {
            int place = operandCount - 1 - i;
            if (place < block.Height)
            {
                if (!block.Unreachable) Invalid("type mismatch");
                return;
            }

            ValueType found = operands[place];
            if (found != types[^(i + 1)] && found != Unknown) Invalid("type mismatch");
        }
    }

    private void Call(FuncType type)
    {
        calls++;
        argumentsMax = Math.Max(argumentsMax, type.Parameters.Length);
        Pop(type.Parameters);
        Push(type.Results);
    }

    private void Enter(OpCode op, int type)
    {
        if (blockCount > limits.NestingMax) throw new LimitException(nameof(StoreLimits.NestingMax), limits.NestingMax, at);
        if (blockCount == blocks.Length) Array.Resize(ref blocks, blocks.Length * 2);
        blocks[blockCount++] = new Block { Op = op, Type = type, Height = operandCount };
        Push(Parameters(type));
    }

    /// <summary>Takes the block's results and the block itself.</summary>
    private Block Leave()
    {
        Block block = blocks[blockCount - 1];
        Pop(Results(block.Type));
        if (operandCount != block.Height) Invalid("type mismatch");
        blockCount--;
        return block;
    }

    private void Unreachable()
    {
        ref Block block = ref blocks[blockCount - 1];
        operandCount = block.Height;
        block.Unreachable = true;
    }

    /// <summary>What a branch to a label takes: a loop's parameters, or another block's results.</summary>
    private ReadOnlySpan<ValueType> LabelAt(uint label)
    {
        if (label >= (uint)blockCount) Invalid("unknown label");
        ref Block block = ref blocks[blockCount - 1 - (int)label];
        return block.Op == OpCode.Loop ? Parameters(block.Type) : Results(block.Type);
    }

    private ValueType LocalAt(uint index)
    {
        if (index >= (uint)localCount) Invalid($"unknown local {index}");
        return locals[index];
    }

    private GlobalType GlobalAt(uint index)
    {
        if (index >= (uint)module.Globals.Length) Invalid($"unknown global {index}");
        return module.Globals[index];
    }

    private void NeedBlockType(int type)
    {
        if (type >= module.Types.Length) Invalid("unknown type");
    }

    private ReadOnlySpan<ValueType> Parameters(int type) => type >= 0 ? module.Types[type].Parameters : default;

    private ReadOnlySpan<ValueType> Results(int type) =>
        type >= 0 ? module.Types[type].Results
        : type == FunctionBlock ? functionType.Results
        : type == InstructionReader.EmptyBlock ? default
        : Singles.AsSpan(-type, 1);
}
