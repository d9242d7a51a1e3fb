using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <content>
/// Counted loops are compiled twice. The first copy checks every access, so that what traps traps where it did; it finds which addresses are bounded before the loop. These
/// are checked once: where they hold the second copy runs, which does not check them again. Memory cannot move or shrink in between, as such a loop calls nothing.
/// </content>
internal sealed partial class FunctionCompiler
{
    /// <summary>The loop of which a copy is being compiled.</summary>
    private CountedLoop? counted;

    /// <summary>The first byte of memory, in a second copy.</summary>
    private LocalBuilder? memoryStart;

    private void EnterCountedLoop(Block loop, InstructionReader reader)
    {
        if (traits.Accesses == 0 || traits.Instructions > LargeInstructions) return;
        if (loop.Parameters.Length + loop.Results.Length > 0 || CountedLoop.Find(reader, locals, il) is not { } found) return;
        loop.Counted = counted = found;
        il.Emit(OpCodes.Br, found.Guard);
    }

    /// <summary>Ends a copy; after the first one: the check, and the start of the second.</summary>
    private void EndCountedLoop(Block loop, ref InstructionReader reader)
    {
        CountedLoop found = loop.Counted!;
        if (found.IsChecked)
        {
            counted = null;
            il.MarkLabel(found.Done);
            return;
        }

        if (reachable) il.Emit(OpCodes.Br, found.Done);
        il.MarkLabel(found.Guard);
        if (found.Bounds.Count == 0)
        {
            // No address is bounded: the copy is the loop as it is.
            counted = null;
            il.Emit(OpCodes.Br, loop.Target);
            il.MarkLabel(found.Done);
            return;
        }

        EmitGuard(found, loop.Target);
        found.IsChecked = true;
        stack.RemoveRange(loop.Height, stack.Count - loop.Height);
        reachable = true;
        reader.Seek(found.Start);
        var again = new Block { Op = OpCode.Loop, Results = [], Height = loop.Height, EnteredReachable = true, Target = il.DefineLabel(), Counted = found };
        blocks.Add(again);
        il.MarkLabel(again.Target);
    }

    /// <summary>Branches where a bound might not hold; behind it memory has a first byte.</summary>
    private void EmitGuard(CountedLoop loop, Label otherwise)
    {
        if (loop.Bounds.Any(bound => Reads(bound.Address, loop.Counter)))
        {
            LoadWide(loop.Counter);
            EmitLimit(loop.Test);
            il.Emit(loop.Test.AtEnd ? OpCodes.Bge_Un : OpCodes.Bgt_Un, otherwise);
            if (loop.Test.IsExact && loop.Step > 1)
            {
                EmitLimit(loop.Test);
                LoadWide(loop.Counter);
                il.Emit(OpCodes.Sub);
                il.Emit(OpCodes.Ldc_I8, loop.Step - 1);
                il.Emit(OpCodes.And);
                il.Emit(OpCodes.Brtrue, otherwise);
            }
        }

        foreach ((Node address, long end) in loop.Bounds)
        {
            EmitBound(loop, address);
            il.Emit(OpCodes.Ldc_I8, end);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Ldloc, memory!);
            il.Emit(OpCodes.Ldlen);
            il.Emit(OpCodes.Conv_U8);
            il.Emit(OpCodes.Bgt_Un, otherwise);
        }

        memoryStart ??= il.DeclareLocal(typeof(byte).MakeByRefType());
        il.Emit(OpCodes.Ldloc, memory!);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Ldelema, typeof(byte));
        il.Emit(OpCodes.Stloc, memoryStart);
    }

    /// <summary>Pushes the most that an address can be in a loop, in 64 bits.</summary>
    private void EmitBound(CountedLoop loop, Node address)
    {
        switch (address)
        {
            case { Kind: NodeKind.Constant }:
                il.Emit(OpCodes.Ldc_I8, address.Immediate);
                break;
            case { Kind: NodeKind.Variable } when address.Variable == loop.Counter:
                EmitLimit(loop.Test);
                il.Emit(OpCodes.Ldc_I8, loop.Step - (loop.Test.Includes ? 0 : 1));
                il.Emit(OpCodes.Add);
                break;
            case { Kind: NodeKind.Variable }:
                LoadWide(address.Variable!);
                break;
            case { Op: OpCode.I32Add }:
                EmitBound(loop, address.A!);
                EmitBound(loop, address.B!);
                il.Emit(OpCodes.Add);
                break;
            default:
                EmitBound(loop, address.A!);
                il.Emit(OpCodes.Ldc_I4, (int)address.B!.Immediate);
                il.Emit(OpCodes.Shl);
                break;
        }
    }

    private void EmitLimit(LoopTest test)
    {
        if (test.LimitLocal is { } local) LoadWide(locals[local]);
        else il.Emit(OpCodes.Ldc_I8, (long)test.Limit);
    }

    private void LoadWide(Variable variable)
    {
        Load(variable);
        il.Emit(OpCodes.Conv_U8);
    }

    private static bool Reads(Node node, Variable variable) =>
        node.Kind == NodeKind.Operator ? Reads(node.A!, variable) || Reads(node.B!, variable) : node.Kind == NodeKind.Variable && node.Variable == variable;

    /// <summary>Pushes a reference to an access's first byte, which was checked before the loop.</summary>
    private void EmitCheckedBefore(Node address, long offset)
    {
        il.Emit(OpCodes.Ldloc, memoryStart!);
        Emit(address);
        il.Emit(OpCodes.Conv_U);
        if (offset > 0)
        {
            il.Emit(OpCodes.Ldc_I8, offset);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Add);
        }

        il.Emit(OpCodes.Add);
    }
}
