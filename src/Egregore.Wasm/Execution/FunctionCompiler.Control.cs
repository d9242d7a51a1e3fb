using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <content>Blocks and branches.</content>
internal sealed partial class FunctionCompiler
{
    private sealed class Block
    {
        public required OpCode Op { get; set; }
        public ValueType[] Parameters = [];
        public required ValueType[] Results { get; init; }
        public bool IsFunction { get; init; }

        /// <summary>Operands below the block's own.</summary>
        public int Height { get; init; }

        /// <summary>Where a branch goes: a loop's head, another block's end.</summary>
        public Label Target;

        public bool IsTarget;
        public Label Else;

        /// <summary>What a branch sets: a loop's parameters, another block's results; made when first needed.</summary>
        public Variable[]? Values;

        /// <summary>The operands that both arms of an <c>if</c> start with.</summary>
        public Node[] Entry = [];

        public bool EnteredReachable { get; init; }

        /// <summary>Of a loop that is compiled twice.</summary>
        public CountedLoop? Counted { get; set; }

        public ValueType[] BranchTypes => Op == OpCode.Loop ? Parameters : Results;
    }

    private void EnterBlock(ref InstructionReader reader)
    {
        ValueType[] parameters = [];
        ValueType[] results = [];
        int block = reader.BlockType;
        if (block >= 0)
        {
            parameters = module.Types[block].Parameters.ToArray();
            results = module.Types[block].Results.ToArray();
        }
        else if (block != InstructionReader.EmptyBlock)
        {
            results = [(ValueType)(-block)];
        }

        Node? condition = reader.Op == OpCode.If ? Pop() : null;
        SpillAll();
        var entered = new Block
        {
            Op = reader.Op,
            Parameters = parameters,
            Results = results,
            Height = stack.Count - parameters.Length,
            EnteredReachable = true,
            Target = il.DefineLabel(),
        };
        blocks.Add(entered);
        if (reader.Op == OpCode.Loop) EnterLoop(entered, reader);
        if (condition is null) return;
        entered.Else = il.DefineLabel();
        if (parameters.Length > 0)
        {
            // Both arms read them, so that they are not released with the first.
            for (int i = entered.Height; i < stack.Count; i++)
            {
                if (stack[i].Kind == NodeKind.Variable) stack[i].Immediate = 0;
            }

            entered.Entry = [.. stack.Skip(entered.Height)];
        }

        Branch(condition, entered.Else, when: false);
    }

    private void EnterLoop(Block loop, InstructionReader reader)
    {
        if (loop.Parameters.Length > 0)
        {
            Variable[] values = ValuesOf(loop);
            SetValues(values);
            foreach (Variable value in values) PushVariable(value, release: false);
        }

        EnterCountedLoop(loop, reader);
        il.MarkLabel(loop.Target);
    }

    private void Else()
    {
        Block block = blocks[^1];
        if (reachable)
        {
            SetResults(block);
            block.IsTarget = true;
            il.Emit(OpCodes.Br, block.Target);
        }

        il.MarkLabel(block.Else);
        block.Op = OpCode.Else;
        stack.RemoveRange(block.Height, stack.Count - block.Height);
        stack.AddRange(block.Entry);
        reachable = block.EnteredReachable;
    }

    private void End(ref InstructionReader reader)
    {
        Block block = blocks[^1];
        if (block.IsFunction)
        {
            if (reachable) Return();
            blocks.RemoveAt(blocks.Count - 1);
            if (block.IsTarget)
            {
                il.MarkLabel(block.Target);
                foreach (Variable value in block.Values ?? []) PushVariable(value, release: false);
                Return();
            }

            return;
        }

        if (block.Op == OpCode.If)
        {
            // Without an else the other way gives what it was given.
            if (block.Results.Length > 0 || !reachable)
            {
                Else();
                block.IsTarget = block.IsTarget || block.Results.Length > 0;
            }
            else
            {
                il.MarkLabel(block.Else);
            }
        }

        blocks.RemoveAt(blocks.Count - 1);
        if (block.Op == OpCode.Loop || !block.IsTarget)
        {
            // Nothing branches here: the operands stay as they are.
            if (!reachable) stack.RemoveRange(block.Height, stack.Count - block.Height);
            if (block.Counted is not null) EndCountedLoop(block, ref reader);
            return;
        }

        if (reachable) SetResults(block);
        stack.RemoveRange(block.Height, stack.Count - block.Height);
        il.MarkLabel(block.Target);
        reachable = true;
        foreach (Variable value in block.Values ?? []) PushVariable(value, release: true);
    }

    /// <summary>Moves the operands on top into a block's results and takes them.</summary>
    private void SetResults(Block block)
    {
        if (block.Results.Length > 0) SetValues(ValuesOf(block));
    }

    private Variable[] ValuesOf(Block block) => block.Values ??= [.. block.BranchTypes.Select(Temporary)];

    /// <summary>Takes as many operands as there are variables, and sets these to them.</summary>
    private void SetValues(Variable[] values)
    {
        if (values.Length == 0) return;
        int first = stack.Count - values.Length;
        Effect effect = Effect.None;
        for (int i = first; i < stack.Count; i++) effect |= stack[i].Effect;
        Node[] nodes = [.. stack.Skip(first)];
        stack.RemoveRange(first, values.Length);
        if (effect != 0) SpillEffects();
        foreach (Variable value in values) SpillReaders(value);
        foreach (Node node in nodes) Emit(node);
        for (int i = values.Length - 1; i >= 0; i--) Store(values[i]);
    }

    /// <summary>An unconditional branch.</summary>
    private void Jump(uint label)
    {
        Block block = blocks[^(1 + (int)label)];
        if (block.IsFunction)
        {
            Return();
            return;
        }

        Variable[] values = ValuesOf(block);
        int below = stack.Count - values.Length;
        EvaluateForEffect(below);
        SetValues(values);
        block.IsTarget = true;
        il.Emit(OpCodes.Br, block.Target);
        reachable = false;
    }

    /// <summary>Operands that a branch drops are evaluated all the same: they may trap.</summary>
    private void EvaluateForEffect(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (stack[i].Effect != 0) SpillOne(i);
        }
    }

    private void JumpIf(uint label)
    {
        Block block = blocks[^(1 + (int)label)];
        Node condition = Pop();
        int count = block.BranchTypes.Length;
        if (count == 0)
        {
            SpillEffects();
            Branch(condition, TargetOf(block), when: true);
            return;
        }

        stack.Add(condition);
        SpillAll();
        condition = Pop();
        Variable[] values = ValuesOf(block);
        SetValues(values);
        foreach (Variable value in values) PushVariable(value, release: false);
        Branch(condition, TargetOf(block), when: true);
    }

    private Label TargetOf(Block block)
    {
        if (block is { IsFunction: true, IsTarget: false }) block.Target = il.DefineLabel();
        block.IsTarget = true;
        return block.Target;
    }

    private void JumpTable(ref InstructionReader reader)
    {
        Node index = Pop();
        int count = blocks[^(1 + (int)reader.Index)].BranchTypes.Length;
        stack.Add(index);
        if (count > 0) SpillAll();
        else SpillEffects();
        index = Pop();
        var targets = new Label[reader.LabelCount];
        var moves = new Dictionary<Block, Label>();
        Node[] nodes = [.. stack.Skip(stack.Count - count)];
        ByteReader labels = reader.Labels();
        for (int i = 0; i < targets.Length; i++) targets[i] = Move(blocks[^(1 + (int)labels.U32())], moves, count);
        Label otherwise = Move(blocks[^(1 + (int)reader.Index)], moves, count);
        if (count > 0)
        {
            foreach (Node node in nodes) node.Immediate = node.Kind == NodeKind.Variable ? 0 : node.Immediate;
        }

        Emit(index);
        if (targets.Length > 0) il.Emit(OpCodes.Switch, targets);
        else il.Emit(OpCodes.Pop);
        il.Emit(OpCodes.Br, otherwise);
        if (count > 0)
        {
            stack.RemoveRange(stack.Count - count, count);
            foreach ((Block block, Label label) in moves)
            {
                il.MarkLabel(label);
                stack.AddRange(nodes);
                SetValues(ValuesOf(block));
                il.Emit(OpCodes.Br, TargetOf(block));
            }
        }

        reachable = false;
    }

    /// <summary>Where a table's entry goes: to the block itself, or to where the block's values are set first.</summary>
    private Label Move(Block block, Dictionary<Block, Label> moves, int count)
    {
        if (count == 0) return TargetOf(block);
        if (!moves.TryGetValue(block, out Label label)) moves[block] = label = il.DefineLabel();
        return label;
    }

    private void Return()
    {
        int count = type.Results.Length;
        EvaluateForEffect(stack.Count - count);
        if (count > 1)
        {
            int first = stack.Count - count;
            for (int i = first; i < stack.Count; i++) SpillOne(i);
            for (int i = 1; i < count; i++)
            {
                Node result = stack[first + i];
                ThunkEmitter.StoreResult(il, LoadStore, i, type.Results[i], () => Emit(result));
            }

            Emit(stack[first]);
        }
        else if (count == 1)
        {
            Emit(Pop());
        }

        il.Emit(OpCodes.Ret);
        reachable = false;
    }

    private void LoadStore()
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, KnownMethods.ContextStore);
    }

    /// <summary>Passes over an instruction that cannot be reached.</summary>
    private void Skip(ref InstructionReader reader)
    {
        switch (reader.Op)
        {
            case OpCode.Block or OpCode.Loop or OpCode.If:
                skippedBlocks++;
                break;
            case OpCode.Else when skippedBlocks == 0:
                Else();
                break;
            case OpCode.End when skippedBlocks == 0:
                End(ref reader);
                break;
            case OpCode.End:
                skippedBlocks--;
                break;
        }
    }

    /// <summary>Branches where a condition is not 0 (or is 0); a comparison is made one with its branch.</summary>
    private void Branch(Node condition, Label target, bool when)
    {
        while (condition is { Kind: NodeKind.Operator, Op: OpCode.I32Eqz or OpCode.I64Eqz })
        {
            condition = condition.A!;
            when = !when;
        }

        if (condition.Kind == NodeKind.Operator && Comparisons.BranchOf(condition.Op, when) is { } branch)
        {
            Emit(condition.A!);
            Emit(condition.B!);
            il.Emit(branch, target);
            return;
        }

        Emit(condition);
        il.Emit(when ? OpCodes.Brtrue : OpCodes.Brfalse, target);
    }
}
