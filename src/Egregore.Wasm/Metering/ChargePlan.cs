using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Metering;

/// <summary>
/// Where one function pays and how much, so that a call that ends has paid the weight of each instruction that it executed, no more and no less, by as few payments as the
/// control flow allows.
/// </summary>
/// <remarks>
/// Instructions that are executed equally often share one payment, made where the first of them stands (a trap between them finds the later ones paid):
/// <list type="bullet">
/// <item>Straight code, and what follows the end of a block, loop or <c>if</c> that no branch leaves for further out, joins the code before it.</item>
/// <item>What both arms of an <c>if</c> pay at least is paid before it.</item>
/// <item>A loop that is only repeated by unconditional branches further down (the shape of <c>while</c>) pays for its head there and before the loop, so that one turn pays once.</item>
/// </list>
/// A loop's every turn passes a branch, whose weight is not 0 and is paid in that turn: no loop is free.
/// </remarks>
internal sealed class ChargePlan
{
    private const int Dead = -1;
    private const int NoBranch = int.MaxValue;

    private readonly List<Charge> charges = [];
    private readonly List<Loop> loops = [];
    private readonly List<Frame> frames = [];
    private int current;
    private int loop = -1;

    /// <summary>The payments by their place; a cost of 0 is none.</summary>
    public IReadOnlyList<Charge> Charges => charges;

    /// <summary>The loops by their place.</summary>
    public IReadOnlyList<Loop> Loops => loops;

    /// <summary>Whether the function calls another, or itself.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Reads a valid function's instructions.</summary>
    /// <param name="module">The module's bytes.</param>
    /// <param name="code">The instructions with the closing <c>end</c>.</param>
    /// <param name="entryCost">What the entry costs beside its instructions.</param>
    public void Read(ReadOnlySpan<byte> module, Slice code, long entryCost)
    {
        charges.Clear();
        loops.Clear();
        frames.Clear();
        HasCalls = false;
        loop = -1;
        var instructions = new InstructionReader(module, code.Start, code.End);
        current = NewCharge(code.Start);
        Pay(entryCost);
        Push(OpCode.Block);
        while (!instructions.AtEnd)
        {
            instructions.Read();
            Pay(FuelCost.Of(instructions.Op));
            Step(ref instructions);
        }
    }

    private void Step(ref InstructionReader instruction)
    {
        switch (instruction.Op)
        {
            case OpCode.Block:
                Push(OpCode.Block);
                break;
            case OpCode.Loop:
                loops.Add(new Loop { Start = instruction.Start, Parent = loop });
                Push(OpCode.Loop);
                loop = loops.Count - 1;
                current = Successor(instruction.Position);
                frames[^1].Arm = current;
                break;
            case OpCode.If:
                Push(OpCode.If);
                current = Successor(instruction.Position);
                frames[^1].Arm = current;
                break;
            case OpCode.Else:
                current = frames[^1].Before == Dead ? Dead : NewCharge(instruction.Position);
                frames[^1].ElseArm = current;
                break;
            case OpCode.End:
                Pop(instruction.Position);
                break;
            case OpCode.Br:
                Branch(instruction.Index, conditional: false);
                current = Dead;
                break;
            case OpCode.BrIf:
                Branch(instruction.Index, conditional: true);
                current = Successor(instruction.Position);
                break;
            case OpCode.BrTable:
                Branch(instruction.Index, conditional: true);
                ByteReader labels = instruction.Labels();
                for (int i = 0; i < instruction.LabelCount; i++) Branch(labels.U32(), conditional: true);
                current = Dead;
                break;
            case OpCode.Return:
                Branch((uint)frames.Count - 1, conditional: false);
                current = Dead;
                break;
            case OpCode.Unreachable:
                current = Dead;
                break;
            case OpCode.Call or OpCode.CallIndirect:
                HasCalls = true;
                if (loop >= 0) loops[loop].HasCalls = true;
                break;
        }
    }

    private void Pay(long cost)
    {
        if (current != Dead) charges[current].Cost += cost;
    }

    private int NewCharge(int position)
    {
        charges.Add(new Charge { Position = position, Loop = loop });
        return charges.Count - 1;
    }

    private int Successor(int position) => current == Dead ? Dead : NewCharge(position);

    private void Push(OpCode kind) => frames.Add(new Frame { Kind = kind, Before = current, Arm = Dead, ElseArm = Dead, OuterLoop = loop });

    private void Branch(uint label, bool conditional)
    {
        if (current == Dead) return;
        int target = frames.Count - 1 - (int)label;
        frames[^1].LeastTarget = Math.Min(frames[^1].LeastTarget, target);
        Frame frame = frames[target];
        if (frame.Kind != OpCode.Loop) return;
        if (conditional || current == frame.Arm) frame.PaysAtHead = true;
        else frame.BackEdges.Add(current);
    }

    private void Pop(int position)
    {
        Frame frame = frames[^1];
        frames.RemoveAt(frames.Count - 1);
        if (frames.Count == 0) return;
        if (frame.Kind == OpCode.Loop)
        {
            bool calls = loops[loop].HasCalls;
            loop = frame.OuterLoop;
            if (calls && loop >= 0) loops[loop].HasCalls = true;
        }

        frames[^1].LeastTarget = Math.Min(frames[^1].LeastTarget, frame.LeastTarget);
        if (frame.Before == Dead)
        {
            current = Dead;
            return;
        }

        if (frame.Kind == OpCode.Loop) MoveHead(frame);
        if (frame.Kind == OpCode.If && frame.ElseArm != Dead) MoveShared(frame);
        bool left = frame.LeastTarget < frames.Count;
        current = left ? NewCharge(position) : frame.Before;
    }

    private void MoveHead(Frame frame)
    {
        if (frame.PaysAtHead) return;
        long cost = charges[frame.Arm].Cost;
        charges[frame.Arm].Cost = 0;
        charges[frame.Before].Cost += cost;
        foreach (int edge in frame.BackEdges) charges[edge].Cost += cost;
    }

    private void MoveShared(Frame frame)
    {
        long cost = Math.Min(charges[frame.Arm].Cost, charges[frame.ElseArm].Cost);
        charges[frame.Before].Cost += cost;
        charges[frame.Arm].Cost -= cost;
        charges[frame.ElseArm].Cost -= cost;
    }

    /// <summary>A payment.</summary>
    internal sealed class Charge
    {
        /// <summary>The offset of the instruction that it stands before.</summary>
        public required int Position { get; init; }

        /// <summary>The innermost loop around it, or -1.</summary>
        public required int Loop { get; init; }

        public long Cost { get; set; }
    }

    /// <summary>A loop.</summary>
    internal sealed class Loop
    {
        /// <summary>The offset of its instruction.</summary>
        public required int Start { get; init; }

        /// <summary>The loop around it, or -1.</summary>
        public required int Parent { get; init; }

        public bool HasCalls { get; set; }
    }

    /// <summary>An open block, loop or <c>if</c>; the function is the first.</summary>
    private sealed class Frame
    {
        public required OpCode Kind { get; init; }

        /// <summary>The payment of the code before it, or dead.</summary>
        public required int Before { get; init; }

        public required int OuterLoop { get; init; }

        /// <summary>The payment at a loop's head, or of the arm taken.</summary>
        public required int Arm { get; set; }

        public required int ElseArm { get; set; }

        /// <summary>The outermost frame that a branch from inside goes to.</summary>
        public int LeastTarget { get; set; } = NoBranch;

        /// <summary>Whether a loop is repeated by a branch that may also not be taken, or straight from its head.</summary>
        public bool PaysAtHead { get; set; }

        /// <summary>The payments of the code that ends in an unconditional branch to the loop.</summary>
        public List<int> BackEdges { get; } = [];
    }
}
