using System.Reflection;
using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <content>From expressions to IL.</content>
internal sealed partial class FunctionCompiler
{
    /// <summary>Evaluates an expression onto IL's stack.</summary>
    private void Emit(Node node)
    {
        switch (node.Kind)
        {
            case NodeKind.Constant:
                EmitConstant(node);
                break;
            case NodeKind.Variable:
                Load(node.Variable!);
                if (node.Immediate == 1) temporaries.Add(node.Variable!);
                break;
            case NodeKind.Call:
                EmitCall(node);
                break;
            default:
                EmitOperator(node);
                break;
        }
    }

    private void PushZero(ValueType type)
    {
        switch (type)
        {
            case ValueType.I32: il.Emit(OpCodes.Ldc_I4_0); break;
            case ValueType.I64: il.Emit(OpCodes.Ldc_I8, 0L); break;
            case ValueType.F32: il.Emit(OpCodes.Ldc_R4, 0f); break;
            case ValueType.F64: il.Emit(OpCodes.Ldc_R8, 0d); break;
            case ValueType.V128:
                il.Emit(OpCodes.Ldc_I8, 0L);
                il.Emit(OpCodes.Ldc_I8, 0L);
                il.Emit(OpCodes.Call, KnownMethods.CreateVector);
                break;
            default: il.Emit(OpCodes.Ldnull); break;
        }
    }

    private void EmitConstant(Node node)
    {
        switch (node.Type)
        {
            case ValueType.I32:
                il.Emit(OpCodes.Ldc_I4, (int)node.Immediate);
                break;
            case ValueType.I64:
                il.Emit(OpCodes.Ldc_I8, node.Immediate);
                break;
            case ValueType.F32:
                float single = BitConverter.Int32BitsToSingle((int)node.Immediate);
                if (float.IsNaN(single)) EmitHiddenSingle((int)node.Immediate);
                else il.Emit(OpCodes.Ldc_R4, single);
                break;
            case ValueType.F64:
                double value = BitConverter.Int64BitsToDouble(node.Immediate);
                if (double.IsNaN(value)) EmitHiddenDouble(node.Immediate);
                else il.Emit(OpCodes.Ldc_R8, value);
                break;
            case ValueType.V128:
                il.Emit(OpCodes.Ldc_I8, node.Immediate);
                il.Emit(OpCodes.Ldc_I8, node.Immediate2);
                il.Emit(OpCodes.Call, KnownMethods.CreateVector);
                break;
            default:
                il.Emit(OpCodes.Ldnull);
                break;
        }
    }

    /// <summary>A constant that the just-in-time compiler does not see: it makes NaNs quiet, and folds operations with 0 and 1 that would have.</summary>
    private void EmitHiddenSingle(int bits)
    {
        il.Emit(OpCodes.Ldc_I4, bits);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, KnownMethods.ContextZero);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Call, KnownMethods.Int32BitsToSingle);
    }

    private void EmitHiddenDouble(long bits)
    {
        il.Emit(OpCodes.Ldc_I8, bits);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, KnownMethods.ContextZero);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Call, KnownMethods.Int64BitsToDouble);
    }

    private void EmitCall(Node node)
    {
        if (node.Op != OpCode.Call)
        {
            foreach (Node argument in node.Arguments!) Emit(argument);
            il.Emit(OpCodes.Call, KnownMethods.Operator(node.Op));
            return;
        }

        int function = (int)node.Immediate;
        FuncType callee = module.TypeOfFunction(function);
        if (function < module.ImportedFunctions)
        {
            EmitCallOf(
                () =>
                {
                    il.Emit(OpCodes.Ldarg_0);
                    il.Emit(OpCodes.Ldfld, code.Layout.Imports[function]);
                },
                node.Arguments!,
                callee);
            return;
        }

        il.Emit(OpCodes.Ldarg_0);
        EmitCallsLeft();
        foreach (Node argument in node.Arguments!) Emit(argument);
        if (lot.Direct(function) is { } direct)
        {
            il.Emit(OpCodes.Call, direct);
        }
        else
        {
            il.Emit(OpCodes.Ldc_I8, code.SlotAddress(function));
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Ldind_I);
            il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, ClrTypes.ReturnType(callee), ClrTypes.SignatureOf(callee, code.Layout.Type), null);
        }

        ReloadMemory();
    }

    /// <summary>Calls a function object.</summary>
    private void EmitCallOf(Action load, Node[] arguments, FuncType callee)
    {
        load();
        il.Emit(OpCodes.Ldfld, KnownMethods.FuncContext);
        EmitCallsLeft();
        foreach (Node argument in arguments) Emit(argument);
        load();
        il.Emit(OpCodes.Ldfld, KnownMethods.FuncCode);
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, ClrTypes.ReturnType(callee), ClrTypes.SignatureOf(callee, typeof(object)), null);
        ReloadMemory();
    }

    private void EmitCallsLeft()
    {
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Sub);
    }

    private void EmitOperator(Node node)
    {
        if (OpCodeTable.Of(node.Op) is { AlignmentExponent: >= 0 })
        {
            EmitLoad(node);
            return;
        }

        switch (node.Op)
        {
            case OpCode.GlobalGet:
                int global = (int)node.Immediate;
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldfld, code.Layout.Globals[global]);
                if (code.Layout.SharedGlobals[global]) il.Emit(OpCodes.Ldfld, SharedField(node.Type));
                return;
            case OpCode.MemorySize:
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldfld, KnownMethods.MemoryData);
                il.Emit(OpCodes.Ldlen);
                il.Emit(OpCodes.Conv_I4);
                il.Emit(OpCodes.Ldc_I4, 16);
                il.Emit(OpCodes.Shr_Un);
                return;
            case OpCode.TableSize:
                LoadTable((int)node.Immediate);
                il.Emit(OpCodes.Ldfld, KnownMethods.TableEntries);
                il.Emit(OpCodes.Ldlen);
                il.Emit(OpCodes.Conv_I4);
                return;
            case OpCode.TableGet:
                LoadTable((int)node.Immediate);
                Emit(node.A!);
                il.Emit(OpCodes.Call, KnownMethods.BulkMethod(OpCode.TableGet));
                return;
            case OpCode.RefFunc:
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldc_I4, (int)node.Immediate);
                il.Emit(OpCodes.Call, KnownMethods.FunctionAt);
                return;
            case OpCode.RefIsNull:
                Emit(node.A!);
                il.Emit(OpCodes.Ldnull);
                il.Emit(OpCodes.Ceq);
                return;
        }

        if (HasFoldableConstant(node)) EmitUnfolded(node);
        else EmitNumeric(node);
    }

    /// <summary>Float arithmetic that the just-in-time compiler folds to its other operand, which is not the same for a signalling NaN.</summary>
    private static bool HasFoldableConstant(Node node) =>
        node.Op is >= OpCode.F32Add and <= OpCode.F32Div or >= OpCode.F64Add and <= OpCode.F64Div && (IsFoldable(node.A!) || IsFoldable(node.B!));

    private static bool IsFoldable(Node node)
    {
        if (node.Kind != NodeKind.Constant) return false;
        double value = node.Type == ValueType.F32 ? BitConverter.Int32BitsToSingle((int)node.Immediate) : BitConverter.Int64BitsToDouble(node.Immediate);
        return value is 0 or 1 or -1;
    }

    private void EmitUnfolded(Node node)
    {
        EmitHiding(node.A!);
        EmitHiding(node.B!);
        il.Emit(node.Op switch
        {
            OpCode.F32Add or OpCode.F64Add => OpCodes.Add,
            OpCode.F32Sub or OpCode.F64Sub => OpCodes.Sub,
            OpCode.F32Mul or OpCode.F64Mul => OpCodes.Mul,
            _ => OpCodes.Div,
        });
    }

    private void EmitHiding(Node node)
    {
        if (!IsFoldable(node)) Emit(node);
        else if (node.Type == ValueType.F32) EmitHiddenSingle((int)node.Immediate);
        else EmitHiddenDouble(node.Immediate);
    }

    private void EmitNumeric(Node node)
    {
        OpCode op = node.Op;
        if (op is OpCode.I32Xor or OpCode.I64Xor && MixedVariable(node) is not null)
        {
            EmitMix(node);
            return;
        }

        if (MayRotate(node))
        {
            EmitRotation(node);
            return;
        }

        Emit(node.A!);
        if (op is OpCode.I32Eqz or OpCode.I64Eqz)
        {
            il.Emit(OpCodes.Ldc_I4_0);
            if (op == OpCode.I64Eqz) il.Emit(OpCodes.Conv_I8);
            il.Emit(OpCodes.Ceq);
            return;
        }

        if (node.B is not null) Emit(node.B);
        if (Comparisons.ValueOf(op) is { } comparison)
        {
            il.Emit(comparison.Compare);
            if (!comparison.Negate) return;
            il.Emit(OpCodes.Ldc_I4_0);
            il.Emit(OpCodes.Ceq);
            return;
        }

        switch (op)
        {
            case OpCode.I32Add or OpCode.I64Add or OpCode.F32Add or OpCode.F64Add: il.Emit(OpCodes.Add); break;
            case OpCode.I32Sub or OpCode.I64Sub or OpCode.F32Sub or OpCode.F64Sub: il.Emit(OpCodes.Sub); break;
            case OpCode.I32Mul or OpCode.I64Mul or OpCode.F32Mul or OpCode.F64Mul: il.Emit(OpCodes.Mul); break;
            case OpCode.F32Div or OpCode.F64Div: il.Emit(OpCodes.Div); break;
            case OpCode.I32And or OpCode.I64And: il.Emit(OpCodes.And); break;
            case OpCode.I32Or or OpCode.I64Or: il.Emit(OpCodes.Or); break;
            case OpCode.I32Xor or OpCode.I64Xor: il.Emit(OpCodes.Xor); break;
            case OpCode.I32Shl or OpCode.I64Shl: EmitShift(node, OpCodes.Shl); break;
            case OpCode.I32ShrS or OpCode.I64ShrS: EmitShift(node, OpCodes.Shr); break;
            case OpCode.I32ShrU or OpCode.I64ShrU: EmitShift(node, OpCodes.Shr_Un); break;
            case OpCode.I32WrapI64 or OpCode.I64Extend32S:
                il.Emit(OpCodes.Conv_I4);
                if (op == OpCode.I64Extend32S) il.Emit(OpCodes.Conv_I8);
                break;
            case OpCode.F32Neg or OpCode.F64Neg: il.Emit(OpCodes.Neg); break;
            case OpCode.F32ConvertI32S: il.Emit(OpCodes.Conv_R4); break;
            case OpCode.F64ConvertI32S or OpCode.F64ConvertI64S or OpCode.F64PromoteF32: il.Emit(OpCodes.Conv_R8); break;
            case OpCode.F32DemoteF64: il.Emit(OpCodes.Call, KnownMethods.Demote); break;
            case OpCode.F32ReinterpretI32: EmitReinterpret(); break;
            case OpCode.I64ExtendI32S: il.Emit(OpCodes.Conv_I8); break;
            case OpCode.I64ExtendI32U: il.Emit(OpCodes.Conv_U8); break;
            case OpCode.I32Extend8S: il.Emit(OpCodes.Conv_I1); break;
            case OpCode.I32Extend16S: il.Emit(OpCodes.Conv_I2); break;
            case OpCode.I64Extend8S:
                il.Emit(OpCodes.Conv_I1);
                il.Emit(OpCodes.Conv_I8);
                break;
            case OpCode.I64Extend16S:
                il.Emit(OpCodes.Conv_I2);
                il.Emit(OpCodes.Conv_I8);
                break;
            default:
                EmitOperatorCall(node);
                break;
        }
    }

    private void EmitShift(Node node, System.Reflection.Emit.OpCode shift)
    {
        bool wide = node.Type == ValueType.I64;
        if (wide) il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Ldc_I4, wide ? 63 : 31);
        il.Emit(OpCodes.And);
        il.Emit(shift);
    }

    private void EmitOperatorCall(Node node)
    {
        if (node.Op == OpCode.I8x16Shuffle)
        {
            il.Emit(OpCodes.Ldc_I8, node.Immediate);
            il.Emit(OpCodes.Ldc_I8, node.Immediate2);
            il.Emit(OpCodes.Call, KnownMethods.CreateVector);
        }
        else if (node.Op is >= OpCode.I8x16ExtractLaneS and <= OpCode.F64x2ReplaceLane)
        {
            il.Emit(OpCodes.Ldc_I4, (int)node.Immediate2);
        }

        il.Emit(OpCodes.Call, KnownMethods.Operator(node.Op));
    }
}
