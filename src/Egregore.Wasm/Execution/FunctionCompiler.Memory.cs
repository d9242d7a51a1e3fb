using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <content>
/// Loads and stores. The address of an access's last byte is computed in 64 bits, where address, offset and width cannot wrap, and checked by the runtime as an
/// index of the memory's array; then one steps back to the first byte. So nothing outside the array is ever reached. Counted loops check before (FunctionCompiler.Loops).
/// </content>
internal sealed partial class FunctionCompiler
{
    /// <summary>Pushes a checked reference to an access's first byte.</summary>
    private void EmitAddress(Node address, long offset, int width)
    {
        if (counted?.IsBounded(address, offset + width) == true && counted.IsChecked)
        {
            EmitCheckedBefore(address, offset);
            return;
        }

        il.Emit(OpCodes.Ldloc, memory!);
        long last = offset + width - 1;
        if (address.Kind == NodeKind.Constant)
        {
            il.Emit(OpCodes.Ldc_I8, (uint)address.Immediate + last);
            il.Emit(OpCodes.Conv_I);
        }
        else
        {
            Emit(address);
            il.Emit(OpCodes.Conv_U);
            if (last > int.MaxValue)
            {
                il.Emit(OpCodes.Ldc_I8, last);
                il.Emit(OpCodes.Conv_I);
                il.Emit(OpCodes.Add);
            }
            else if (last > 0)
            {
                il.Emit(OpCodes.Ldc_I4, (int)last);
                il.Emit(OpCodes.Conv_I);
                il.Emit(OpCodes.Add);
            }
        }

        il.Emit(OpCodes.Ldelema, typeof(byte));
        if (width == 1) return;
        il.Emit(OpCodes.Ldc_I4, width - 1);
        il.Emit(OpCodes.Sub);
    }

    private void EmitLoad(Node node)
    {
        int width = 1 << OpCodeTable.Of(node.Op)!.AlignmentExponent;
        if (node.B is not null) Emit(node.B);
        EmitAddress(node.A!, node.Immediate, width);
        switch (node.Op)
        {
            case OpCode.I32Load: il.Emit(OpCodes.Ldind_I4); break;
            case OpCode.I64Load: il.Emit(OpCodes.Ldind_I8); break;
            case OpCode.F32Load: il.Emit(OpCodes.Ldind_R4); break;
            case OpCode.F64Load: il.Emit(OpCodes.Ldind_R8); break;
            case OpCode.I32Load8S: il.Emit(OpCodes.Ldind_I1); break;
            case OpCode.I32Load8U: il.Emit(OpCodes.Ldind_U1); break;
            case OpCode.I32Load16S: il.Emit(OpCodes.Ldind_I2); break;
            case OpCode.I32Load16U: il.Emit(OpCodes.Ldind_U2); break;
            case OpCode.I64Load8S: EmitWide(OpCodes.Ldind_I1, OpCodes.Conv_I8); break;
            case OpCode.I64Load8U: EmitWide(OpCodes.Ldind_U1, OpCodes.Conv_U8); break;
            case OpCode.I64Load16S: EmitWide(OpCodes.Ldind_I2, OpCodes.Conv_I8); break;
            case OpCode.I64Load16U: EmitWide(OpCodes.Ldind_U2, OpCodes.Conv_U8); break;
            case OpCode.I64Load32S: EmitWide(OpCodes.Ldind_I4, OpCodes.Conv_I8); break;
            case OpCode.I64Load32U: EmitWide(OpCodes.Ldind_U4, OpCodes.Conv_U8); break;
            default: EmitVectorLoad(node); break;
        }
    }

    private void EmitWide(System.Reflection.Emit.OpCode load, System.Reflection.Emit.OpCode convert)
    {
        il.Emit(load);
        il.Emit(convert);
    }

    private void EmitVectorLoad(Node node)
    {
        switch (node.Op)
        {
            case OpCode.V128Load: il.Emit(OpCodes.Ldobj, ClrTypes.Vector); break;
            case OpCode.V128Load8x8S: EmitExtend("V128Extend8x8S"); break;
            case OpCode.V128Load8x8U: EmitExtend("V128Extend8x8U"); break;
            case OpCode.V128Load16x4S: EmitExtend("V128Extend16x4S"); break;
            case OpCode.V128Load16x4U: EmitExtend("V128Extend16x4U"); break;
            case OpCode.V128Load32x2S: EmitExtend("V128Extend32x2S"); break;
            case OpCode.V128Load32x2U: EmitExtend("V128Extend32x2U"); break;
            case OpCode.V128Load8Splat: EmitThenCall(OpCodes.Ldind_U1, OpCode.I8x16Splat); break;
            case OpCode.V128Load16Splat: EmitThenCall(OpCodes.Ldind_U2, OpCode.I16x8Splat); break;
            case OpCode.V128Load32Splat: EmitThenCall(OpCodes.Ldind_I4, OpCode.I32x4Splat); break;
            case OpCode.V128Load64Splat: EmitThenCall(OpCodes.Ldind_I8, OpCode.I64x2Splat); break;
            case OpCode.V128Load32Zero:
                il.Emit(OpCodes.Ldind_U4);
                il.Emit(OpCodes.Call, KnownMethods.Zero32);
                break;
            case OpCode.V128Load64Zero:
                il.Emit(OpCodes.Ldind_I8);
                il.Emit(OpCodes.Call, KnownMethods.Zero64);
                break;
            case OpCode.V128Load8Lane: EmitLane(OpCodes.Ldind_U1, OpCode.I8x16ReplaceLane, node); break;
            case OpCode.V128Load16Lane: EmitLane(OpCodes.Ldind_U2, OpCode.I16x8ReplaceLane, node); break;
            case OpCode.V128Load32Lane: EmitLane(OpCodes.Ldind_I4, OpCode.I32x4ReplaceLane, node); break;
            case OpCode.V128Load64Lane: EmitLane(OpCodes.Ldind_I8, OpCode.I64x2ReplaceLane, node); break;
            default: throw new InvalidOperationException($"No load {node.Op}.");
        }
    }

    private void EmitExtend(string method)
    {
        il.Emit(OpCodes.Ldind_I8);
        il.Emit(OpCodes.Call, KnownMethods.Vector(method));
    }

    private void EmitThenCall(System.Reflection.Emit.OpCode load, OpCode op)
    {
        il.Emit(load);
        il.Emit(OpCodes.Call, KnownMethods.Operator(op));
    }

    private void EmitLane(System.Reflection.Emit.OpCode load, OpCode op, Node node)
    {
        il.Emit(load);
        il.Emit(OpCodes.Ldc_I4, (int)node.Immediate2);
        il.Emit(OpCodes.Call, KnownMethods.Operator(op));
    }

    private void StoreToMemory(ref InstructionReader reader)
    {
        Node value = Pop();
        Node address = Pop();
        if ((value.Effect & ~(Effect.Load | Effect.State)) != 0 || (address.Effect & Effect.Call) != 0)
        {
            // The value is known before the address is looked at, since it may trap otherwise or grow the memory.
            stack.Add(address);
            stack.Add(value);
            Spill(stack.Count - 1);
            value = Pop();
            if (stack[^1].Effect != 0) Spill(stack.Count - 1);
            address = Pop();
        }

        SpillEffects();
        EmitAddress(address, reader.Offset, 1 << OpCodeTable.Of(reader.Op)!.AlignmentExponent);
        Emit(value);
        switch (reader.Op)
        {
            case OpCode.I32Store: il.Emit(OpCodes.Stind_I4); break;
            case OpCode.I64Store32: EmitWide(OpCodes.Conv_I4, OpCodes.Stind_I4); break;
            case OpCode.I64Store: il.Emit(OpCodes.Stind_I8); break;
            case OpCode.F32Store: il.Emit(OpCodes.Stind_R4); break;
            case OpCode.F64Store: il.Emit(OpCodes.Stind_R8); break;
            case OpCode.I32Store8: il.Emit(OpCodes.Stind_I1); break;
            case OpCode.I64Store8: EmitWide(OpCodes.Conv_I4, OpCodes.Stind_I1); break;
            case OpCode.I32Store16: il.Emit(OpCodes.Stind_I2); break;
            case OpCode.I64Store16: EmitWide(OpCodes.Conv_I4, OpCodes.Stind_I2); break;
            case OpCode.V128Store: il.Emit(OpCodes.Stobj, ClrTypes.Vector); break;
            case OpCode.V128Store8Lane: EmitStoreLane(OpCode.I8x16ExtractLaneU, reader.Lane, OpCodes.Stind_I1); break;
            case OpCode.V128Store16Lane: EmitStoreLane(OpCode.I16x8ExtractLaneU, reader.Lane, OpCodes.Stind_I2); break;
            case OpCode.V128Store32Lane: EmitStoreLane(OpCode.I32x4ExtractLane, reader.Lane, OpCodes.Stind_I4); break;
            case OpCode.V128Store64Lane: EmitStoreLane(OpCode.I64x2ExtractLane, reader.Lane, OpCodes.Stind_I8); break;
            default: throw new InvalidOperationException($"No store {reader.Op}.");
        }
    }

    private void EmitStoreLane(OpCode op, byte lane, System.Reflection.Emit.OpCode store)
    {
        il.Emit(OpCodes.Ldc_I4, (int)lane);
        il.Emit(OpCodes.Call, KnownMethods.Operator(op));
        il.Emit(store);
    }
}
