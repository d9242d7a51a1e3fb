using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <content>From instructions to expressions and statements.</content>
internal sealed partial class FunctionCompiler
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Translate(ref InstructionReader reader)
    {
        switch (reader.Op)
        {
            case OpCode.Nop: break;
            case OpCode.Unreachable:
                SpillEffects();
                il.Emit(OpCodes.Br, TrapLabel(TrapCode.Unreachable));
                reachable = false;
                break;
            case OpCode.Block or OpCode.Loop or OpCode.If: EnterBlock(ref reader); break;
            case OpCode.Else: Else(); break;
            case OpCode.End: End(ref reader); break;
            case OpCode.Br: Jump(reader.Index); break;
            case OpCode.BrIf: JumpIf(reader.Index); break;
            case OpCode.BrTable: JumpTable(ref reader); break;
            case OpCode.Return: Return(); break;
            case OpCode.Call: Call((int)reader.Index); break;
            case OpCode.CallIndirect: CallIndirect((int)reader.Index, (int)reader.Index2); break;
            case OpCode.Drop: Drop(); break;
            case OpCode.Select or OpCode.SelectTyped: Select(); break;
            case OpCode.LocalGet: PushVariable(locals[reader.Index], release: false); break;
            case OpCode.LocalSet: Assign(locals[reader.Index]); break;
            case OpCode.LocalTee:
                Assign(locals[reader.Index]);
                PushVariable(locals[reader.Index], release: false);
                break;
            case OpCode.GlobalGet: PushGlobal((int)reader.Index); break;
            case OpCode.GlobalSet: SetGlobal((int)reader.Index); break;
            case OpCode.I32Const or OpCode.I64Const or OpCode.F32Const or OpCode.F64Const or OpCode.V128Const:
                stack.Add(new Node
                {
                    Kind = NodeKind.Constant,
                    Type = OpCodeTable.Of(reader.Op)!.Result,
                    Immediate = reader.Constant,
                    Immediate2 = reader.ConstantHigh,
                });
                break;
            case OpCode.RefNull: stack.Add(new Node { Kind = NodeKind.Constant, Type = reader.Type }); break;
            case OpCode.RefFunc:
                Push(new Node { Kind = NodeKind.Operator, Op = reader.Op, Type = ValueType.FuncRef, Immediate = reader.Index, Depth = 1 });
                break;
            case OpCode.RefIsNull: PushOperator(ref reader, ValueType.I32, null, Pop(), Effect.None); break;
            case OpCode.TableGet: TranslateTableGet(ref reader); break;
            case OpCode.TableSize:
                Push(new Node { Kind = NodeKind.Operator, Op = reader.Op, Type = ValueType.I32, Immediate = reader.Index, Effect = Effect.State, Depth = 1 });
                break;
            case OpCode.MemorySize:
                Push(new Node { Kind = NodeKind.Operator, Op = reader.Op, Type = ValueType.I32, Effect = Effect.State, Depth = 1 });
                break;
            case OpCode.MemoryGrow or OpCode.TableGrow or OpCode.TableSet or OpCode.TableFill or OpCode.TableCopy or OpCode.TableInit or OpCode.ElemDrop
                or OpCode.MemoryInit or OpCode.MemoryCopy or OpCode.MemoryFill or OpCode.DataDrop:
                BulkStatement(ref reader);
                break;
            default: TranslateTyped(ref reader); break;
        }
    }

    private void TranslateTyped(ref InstructionReader reader)
    {
        OpCodeInfo info = OpCodeTable.Of(reader.Op)!;
        if (info.AlignmentExponent >= 0 && info.Result == 0)
        {
            StoreToMemory(ref reader);
            return;
        }

        if (info.Operands.Length == 3)
        {
            // v128.bitselect, the only one of three.
            Node third = Pop();
            Node second = Pop();
            Node first = Pop();
            Push(new Node
            {
                Kind = NodeKind.Call,
                Op = reader.Op,
                Type = info.Result,
                Arguments = [first, second, third],
                Effect = first.Effect | second.Effect | third.Effect,
                Reads = first.Reads | second.Reads | third.Reads,
                Depth = Math.Max(first.Depth, Math.Max(second.Depth, third.Depth)) + 1,
            });
            return;
        }

        Node? b = info.Operands.Length > 1 ? Pop() : null;
        Node? a = Pop();
        Effect own = info.AlignmentExponent >= 0 ? Effect.Load : Effect.None;
        if (reader.Op is >= OpCode.I32DivS and <= OpCode.I32RemU or >= OpCode.I64DivS and <= OpCode.I64RemU
            or >= OpCode.I32TruncF32S and <= OpCode.I32TruncF64U or >= OpCode.I64TruncF32S and <= OpCode.I64TruncF64U)
        {
            own = b is { Kind: NodeKind.Constant, Immediate: not (0 or -1) } ? Effect.None : Effect.Trap;
        }

        if (own == Effect.Load && ((a.Effect & Effect.Call) != 0 || b is { Effect: not 0 }))
        {
            // The address and a vector that a lane goes into are known before memory is looked at.
            stack.Add(a);
            if (b is not null) stack.Add(b);
            Spill(stack.Count - 1);
            if (b is not null) b = Pop();
            if (stack[^1].Effect != 0) Spill(stack.Count - 1);
            a = Pop();
        }

        PushOperator(ref reader, info.Result, b, a, own);
    }

    private void PushOperator(ref InstructionReader reader, ValueType result, Node? b, Node a, Effect own)
    {
        bool access = own == Effect.Load;
        Push(new Node
        {
            Kind = NodeKind.Operator,
            Op = reader.Op,
            Type = result,
            A = a,
            B = b,
            Effect = own | a.Effect | (b?.Effect ?? 0),
            Reads = a.Reads | (b?.Reads ?? 0),
            Depth = Math.Max(a.Depth, b?.Depth ?? 0) + 1,
            Immediate = access ? reader.Offset : reader.Constant,
            Immediate2 = reader.Op == OpCode.I8x16Shuffle ? reader.ConstantHigh : reader.Lane,
        });
    }

    private void TranslateTableGet(ref InstructionReader reader)
    {
        Node index = Pop();
        Push(new Node
        {
            Kind = NodeKind.Operator,
            Op = reader.Op,
            Type = module.Tables[reader.Index].Element,
            A = index,
            Immediate = reader.Index,
            Effect = index.Effect | Effect.State | Effect.Trap,
            Reads = index.Reads,
            Depth = index.Depth + 1,
        });
    }

    private void Assign(Variable variable)
    {
        Node value = Pop();
        SpillConflicts(value.Effect);
        SpillReaders(variable);
        Emit(value);
        Store(variable);
    }

    private void Drop()
    {
        Node value = Pop();
        if (value.Effect == 0)
        {
            if (value is { Kind: NodeKind.Variable, Immediate: 1 }) temporaries.Add(value.Variable!);
            return;
        }

        SpillConflicts(value.Effect);
        Emit(value);
        il.Emit(OpCodes.Pop);
    }

    private void Select()
    {
        Node condition = Pop();
        Node second = Pop();
        Node first = Pop();
        Effect all = condition.Effect | second.Effect | first.Effect;
        if (all != 0)
        {
            // All three are evaluated, in this order.
            SpillConflicts(all);
            stack.Add(first);
            stack.Add(second);
            stack.Add(condition);
            Spill(stack.Count - 1);
            condition = Pop();
            if (stack[^1].Effect != 0) Spill(stack.Count - 1);
            second = Pop();
            if (stack[^1].Effect != 0) Spill(stack.Count - 1);
            first = Pop();
        }

        Variable result = Temporary(first.Type);
        Label done = il.DefineLabel();
        Emit(first);
        Store(result);
        Branch(condition, done, when: true);
        Emit(second);
        Store(result);
        il.MarkLabel(done);
        PushVariable(result, release: true);
    }

    private void PushGlobal(int index)
    {
        GlobalType global = module.Globals[index];
        Push(new Node
        {
            Kind = NodeKind.Operator,
            Op = OpCode.GlobalGet,
            Type = global.Type,
            Immediate = index,
            Effect = global.Mutable ? Effect.State : Effect.None,
            Depth = 1,
        });
    }

    private void SetGlobal(int index)
    {
        Node value = Pop();
        SpillEffects();
        if ((value.Effect & Effect.Call) != 0 && code.Layout.SharedGlobals[index])
        {
            // Nothing of the object is read before the call.
            stack.Add(value);
            SpillOne(stack.Count - 1);
            value = Pop();
        }

        il.Emit(OpCodes.Ldarg_0);
        FieldInfo field = code.Layout.Globals[index];
        if (code.Layout.SharedGlobals[index])
        {
            il.Emit(OpCodes.Ldfld, field);
            field = SharedField(module.Globals[index].Type);
        }

        Emit(value);
        il.Emit(OpCodes.Stfld, field);
    }

    private static FieldInfo SharedField(ValueType type) => typeof(Global).GetField(
        type switch
        {
            ValueType.I32 => nameof(Global.I32),
            ValueType.I64 => nameof(Global.I64),
            ValueType.F32 => nameof(Global.F32),
            ValueType.F64 => nameof(Global.F64),
            ValueType.V128 => nameof(Global.V128),
            _ => nameof(Global.Reference),
        },
        BindingFlags.NonPublic | BindingFlags.Instance)!;

    private void Call(int function)
    {
        FuncType callee = module.TypeOfFunction(function);
        var call = new Node { Kind = NodeKind.Call, Op = OpCode.Call, Immediate = function, Arguments = PopArguments(callee), Effect = Effect.Call };
        FinishCall(call, callee);
    }

    private Node[] PopArguments(FuncType callee)
    {
        int count = callee.Parameters.Length;
        Node[] arguments = [.. stack.Skip(stack.Count - count)];
        stack.RemoveRange(stack.Count - count, count);
        return arguments;
    }

    /// <summary>A call of one result waits as an expression; any other is a statement.</summary>
    private void FinishCall(Node call, FuncType callee)
    {
        if (callee.Results.Length == 1)
        {
            call.Type = callee.Results[0];
            foreach (Node argument in call.Arguments!)
            {
                call.Depth = Math.Max(call.Depth, argument.Depth + 1);
                call.Reads |= argument.Reads;
            }

            Push(call);
            return;
        }

        SpillEffects();
        Emit(call);
        PushResults(callee);
    }

    /// <summary>Takes the first result from IL's stack and the others from the store.</summary>
    private void PushResults(FuncType callee)
    {
        for (int i = 0; i < callee.Results.Length; i++)
        {
            if (i > 0) ThunkEmitter.LoadResult(il, LoadStore, i, callee.Results[i]);
            Variable result = Temporary(callee.Results[i]);
            Store(result);
            PushVariable(result, release: true);
        }
    }

    /// <summary>The function is looked up after the arguments are evaluated, but stands before them in the call: those with effects go into variables.</summary>
    private void CallIndirect(int typeIndex, int table)
    {
        FuncType callee = module.Types[typeIndex];
        SpillEffects();
        Node index = Pop();
        Node[] arguments = PopArguments(callee);
        Variable function = Temporary(ValueType.FuncRef);
        entries ??= il.DeclareLocal(typeof(object[]));
        Variable place = Temporary(ValueType.I32);
        Emit(index);
        Store(place);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, code.Layout.Tables[table]);
        il.Emit(OpCodes.Ldfld, KnownMethods.TableEntries);
        il.Emit(OpCodes.Stloc, entries);
        Load(place);
        il.Emit(OpCodes.Ldloc, entries);
        il.Emit(OpCodes.Ldlen);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Bge_Un, TrapLabel(TrapCode.UndefinedElement));
        il.Emit(OpCodes.Ldloc, entries);
        Load(place);
        il.Emit(OpCodes.Ldelem_Ref);
        Store(function);
        Load(function);
        il.Emit(OpCodes.Brfalse, TrapLabel(TrapCode.IndirectCallToNull));
        Load(function);
        il.Emit(OpCodes.Ldfld, KnownMethods.FuncTypeId);
        il.Emit(OpCodes.Ldc_I4, code.TypeId(typeIndex));
        il.Emit(OpCodes.Bne_Un, TrapLabel(TrapCode.IndirectCallTypeMismatch));
        EmitCallOf(() => Load(function), arguments, callee);
        temporaries.Add(place);
        temporaries.Add(function);
        PushResults(callee);
    }

    private void BulkStatement(ref InstructionReader reader)
    {
        MethodInfo method = KnownMethods.BulkMethod(reader.Op);
        int operands = reader.Op switch
        {
            OpCode.ElemDrop or OpCode.DataDrop => 0,
            OpCode.MemoryGrow => 1,
            OpCode.TableGrow or OpCode.TableSet => 2,
            _ => 3,
        };
        SpillEffects();
        Node[] arguments = [.. stack.Skip(stack.Count - operands)];
        stack.RemoveRange(stack.Count - operands, operands);
        switch (reader.Op)
        {
            case OpCode.TableGrow or OpCode.TableSet or OpCode.TableFill:
                LoadTable((int)reader.Index);
                break;
            case OpCode.TableCopy:
                LoadTable((int)reader.Index);
                LoadTable((int)reader.Index2);
                break;
            case OpCode.TableInit:
                il.Emit(OpCodes.Ldarg_0);
                LoadTable((int)reader.Index2);
                break;
            default:
                il.Emit(OpCodes.Ldarg_0);
                break;
        }

        foreach (Node argument in arguments) Emit(argument);
        if (reader.Op is OpCode.TableInit or OpCode.MemoryInit or OpCode.ElemDrop or OpCode.DataDrop) il.Emit(OpCodes.Ldc_I4, (int)reader.Index);
        il.Emit(OpCodes.Call, method);
        if (reader.Op is not (OpCode.MemoryGrow or OpCode.TableGrow)) return;
        Variable result = Temporary(ValueType.I32);
        Store(result);
        PushVariable(result, release: true);
        if (reader.Op == OpCode.MemoryGrow) ReloadMemory();
    }

    private void LoadTable(int table)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, code.Layout.Tables[table]);
    }
}
