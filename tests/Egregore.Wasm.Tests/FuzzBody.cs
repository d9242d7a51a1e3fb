namespace Egregore.Wasm.Tests;

/// <summary>Makes one function's body: statements and typed expressions, every structured instruction, code behind branches that nothing reaches.</summary>
internal sealed class FuzzBody
{
    private const int DepthMax = 6;
    private const string Numbers = "iIfFv";

    private readonly FuzzGenerator module;
    private readonly FuzzRandom random;
    private readonly int function;
    private readonly FuzzType type;
    private readonly FuzzWriter code = new();
    private readonly List<char> locals = [];

    /// <summary>What a branch to each label takes, outermost first.</summary>
    private readonly List<string> labels = [];

    private readonly int scratch;
    private int budget;

    public FuzzBody(FuzzGenerator module, FuzzRandom random, int function)
    {
        (this.module, this.random, this.function, type) = (module, random, function, module.Functions[function]);
        locals.AddRange(type.Parameters);
        scratch = locals.Count;
        locals.AddRange("fFv");
        for (int i = random.Below(6) + 1; i > 0; i--) locals.Add("iIfFvre"[random.Below(7)]);
        budget = random.Below(120) + 20;
    }

    /// <summary>The local declarations and the expression.</summary>
    public FuzzWriter Make()
    {
        labels.Add(type.Results);
        TakeFuel(FuzzGenerator.CallFuel);
        Statements(DepthMax);
        Values(type.Results, DepthMax);
        code.Byte(0x0B);
        var body = new FuzzWriter().U32(locals.Count - type.Parameters.Length);
        foreach (char local in locals.Skip(type.Parameters.Length)) body.U32(1).Byte(FuzzGenerator.TypeCode(local));
        return body.Raw(code.ToArray());
    }

    private void TakeFuel(int amount) =>
        code.Byte(0x23).U32(0).Byte(0x41).Signed(amount).Byte(0x6B).Byte(0x24).U32(0)
            .Byte(0x23).U32(0).Byte(0x41).Signed(0).Byte(0x48).Byte(0x04).Byte(0x40).Byte(0x00).Byte(0x0B);

    private void Statements(int depth)
    {
        for (int i = random.Below(4) + 1; i > 0 && budget > 0; i--) Statement(depth);
    }

    private void Values(string types, int depth)
    {
        foreach (char each in types) Value(each, depth);
    }

    private void Statement(int depth)
    {
        budget--;
        int choice = depth <= 0 ? random.Below(12) : random.Below(32);
        switch (choice)
        {
            case < 4: SetLocal(depth); break;
            case < 6: SetGlobal(depth); break;
            case < 10: Apply(random.Pick(FuzzOperators.Giving(' ')), depth); break;
            case 10:
                char dropped = "iIfFvre"[random.Below(7)];
                Value(dropped, depth);
                code.Byte(0x1A);
                break;
            case 11: code.Byte(0x01); break;
            case < 16: Block(random.OneIn(3) ? module.RandomType("iIfFvr", 2, 3) : new FuzzType("", ""), depth); break;
            case < 19: Loop(depth); break;
            case < 22: If(random.OneIn(4) ? module.RandomType("iIfF", 2, 2) : new FuzzType("", ""), depth); break;
            case < 25: Call(Callee(), depth); break;
            case < 27: CallIndirect(depth); break;
            case < 29: BranchIf(depth); break;
            case 29 when random.OneIn(4): Leave(depth); break;
            default: FuzzBulk.Statement(module, random, code, () => Address(depth - 1)); break;
        }
    }

    private void SetLocal(int depth)
    {
        int local = random.Below(locals.Count);
        Value(locals[local], depth);
        code.Byte(0x21).U32(local);
    }

    private void SetGlobal(int depth)
    {
        int global = random.Below(module.Globals.Count - 1) + 1;
        if (!module.Globals[global].Mutable) return;
        Value(module.Globals[global].Type, depth);
        code.Byte(0x24).U32(global);
    }

    private void Block(FuzzType block, int depth)
    {
        Values(block.Parameters, depth - 1);
        code.Byte(0x02);
        BlockType(block);
        Inside(block, block.Results, depth);
        code.Byte(0x0B);
        Discard(block.Results);
    }

    private void Loop(int depth)
    {
        FuzzType loop = random.OneIn(3) ? module.RandomType("iIfFv", 2, 2) : new FuzzType("", "");
        Values(loop.Parameters, depth - 1);
        code.Byte(0x03);
        BlockType(loop);
        labels.Add(loop.Parameters);
        Discard(loop.Parameters);
        TakeFuel(1);
        Statements(depth - 1);
        Values(loop.Parameters, depth - 2);
        Value('i', depth - 1);
        // Rounds are few: the fuel's low bits have a say in whether there is another.
        if (!random.OneIn(8)) code.Byte(0x23).U32(0).Byte(0x41).Signed(3).Byte(0x71).Byte(0x71);
        code.Byte(0x0D).U32(0);
        Discard(loop.Parameters);
        Values(loop.Results, depth - 1);
        labels.RemoveAt(labels.Count - 1);
        code.Byte(0x0B);
        Discard(loop.Results);
    }

    private void If(FuzzType block, int depth)
    {
        Values(block.Parameters, depth - 1);
        Value('i', depth - 1);
        code.Byte(0x04);
        BlockType(block);
        Inside(block, block.Results, depth);
        if (block.Parameters != block.Results || random.OneIn(2))
        {
            code.Byte(0x05);
            Inside(block, block.Results, depth);
        }
        code.Byte(0x0B);
        Discard(block.Results);
    }

    private void Inside(FuzzType block, string label, int depth)
    {
        labels.Add(label);
        Discard(block.Parameters);
        Statements(depth - 1);
        if (random.OneIn(8)) Leave(depth - 1);
        else Values(block.Results, depth - 1);
        labels.RemoveAt(labels.Count - 1);
    }

    // Takes values off the stack, into locals of their types where there are some.
    private void Discard(string types)
    {
        foreach (char each in types.Reverse())
        {
            int local = locals.IndexOf(each, Math.Min(scratch + 3, locals.Count));
            if (local >= 0 && random.OneIn(2)) code.Byte(0x21).U32(local);
            else code.Byte(0x1A);
        }
    }

    private void BlockType(FuzzType block)
    {
        if (block.Parameters.Length == 0 && block.Results.Length == 0) code.Byte(0x40);
        else if (block.Parameters.Length == 0 && block.Results.Length == 1) code.Byte(FuzzGenerator.TypeCode(block.Results[0]));
        else code.Signed(module.TypeIndex(block));
    }

    // Mostly one that comes later: few calls of itself and of each other are left to the fuel to end.
    private int Callee() => random.OneIn(8) || function + 1 >= module.Callable
        ? random.Below(module.Callable)
        : random.OneIn(4) ? random.Below(FuzzGenerator.ImportedFunctions) : function + 1 + random.Below(module.Callable - function - 1);

    private void Call(int called, int depth)
    {
        FuzzType callee = module.Functions[called];
        Arguments(callee.Parameters, called < FuzzGenerator.ImportedFunctions, depth);
        code.Byte(0x10).U32(called);
        Discard(callee.Results);
    }

    private void CallIndirect(int depth)
    {
        int[] expected = module.ElementSegments[0].Functions;
        int slot = random.Below(expected.Length);
        bool blind = random.OneIn(12);
        FuzzType callee = blind ? random.Pick(module.Functions) : module.Functions[expected[slot]];
        Arguments(callee.Parameters, seen: true, depth);
        if (blind) Index(depth);
        else code.Byte(0x41).Signed(slot);
        code.Byte(0x11).U32(module.TypeIndex(callee)).U32(0);
        Discard(callee.Results);
    }

    private void Arguments(string types, bool seen, int depth)
    {
        foreach (char each in types)
        {
            Value(each, depth - 1);
            if (seen) Canonical(each);
        }
    }

    private void BranchIf(int depth)
    {
        int label = random.Below(labels.Count);
        string carried = labels[^(label + 1)];
        Values(carried, depth - 1);
        Value('i', depth - 1);
        code.Byte(0x0D).U32(label);
        Discard(carried);
    }

    // A branch that is always taken, a return or a trap, then now and then code that nothing reaches.
    private void Leave(int depth)
    {
        int label = random.Below(labels.Count);
        string carried = labels[^(label + 1)];
        switch (random.Below(24))
        {
            case 0: code.Byte(0x00); break;
            case < 4:
                Values(type.Results, depth - 1);
                code.Byte(0x0F);
                break;
            case < 14:
                Values(carried, depth - 1);
                code.Byte(0x0C).U32(label);
                break;
            default:
                int[] targets = [.. Enumerable.Range(0, labels.Count).Where(l => labels[^(l + 1)] == carried)];
                Values(carried, depth - 1);
                Value('i', depth - 1);
                int count = random.Below(5);
                code.Byte(0x0E).U32(count);
                for (int i = 0; i < count; i++) code.U32(random.Pick(targets));
                code.U32(label);
                break;
        }
        if (random.OneIn(2)) Unreached();
    }

    private void Unreached()
    {
        switch (random.Below(5))
        {
            case 0: code.Byte(0x1A); break;
            case 1: code.Byte(0x6A).Byte(0x1A); break;
            case 2: code.Byte(0x1B).Byte(0x1A); break;
            case 3: code.Byte(0x02).Byte(0x40).Byte(0x0C).U32(0).Byte(0x0B); break;
            default: code.Byte(0x44).F64(0).Byte(0xA0).Byte(0x1A); break;
        }
    }

    private void Value(char wanted, int depth)
    {
        budget--;
        if (depth <= 0 || budget <= 0)
        {
            Leaf(wanted);
            return;
        }
        switch (random.Below(20))
        {
            case < 4: Leaf(wanted); break;
            case 4: Select(wanted, depth); break;
            case 5: Tee(wanted, depth); break;
            case 6: TypedBlock(wanted, depth); break;
            case 7: TypedIf(wanted, depth); break;
            case 8: CallFor(wanted, depth); break;
            case 9: BranchWith(wanted, depth); break;
            case 10 when wanted == 'i': Count(depth); break;
            case 10 or 11 when wanted is 'r' or 'e':
                Index(depth);
                code.Byte(0x25).U32(wanted == 'r' ? 0 : 1);
                break;
            default:
                if (Numbers.Contains(wanted)) Apply(Operator(wanted), depth);
                else Leaf(wanted);
                break;
        }
    }

    // The conversions that trap do so for most numbers: they are taken less often than others.
    private FuzzOperator Operator(char wanted)
    {
        FuzzOperator op = random.Pick(FuzzOperators.Giving(wanted));
        return op is { Prefix: 0, Code: >= 0xA8 and <= 0xB1 and not (0xAC or 0xAD) } && !random.OneIn(8) ? random.Pick(FuzzOperators.Giving(wanted)) : op;
    }

    private void Leaf(char wanted)
    {
        // The vector's scratch may hold a NaN as an operator gave it.
        int[] same = [.. Enumerable.Range(0, locals.Count).Where(i => locals[i] == wanted && i != scratch + 2)];
        int[] globals = [.. Enumerable.Range(1, module.Globals.Count - 1).Where(i => module.Globals[i].Type == wanted)];
        if (same.Length > 0 && !random.OneIn(3)) code.Byte(0x20).U32(random.Pick(same));
        else if (globals.Length > 0 && random.OneIn(3)) code.Byte(0x23).U32(random.Pick(globals));
        else FuzzConstants.Write(code, random, wanted, module.Callable);
    }

    private void Select(char wanted, int depth)
    {
        Value(wanted, depth - 1);
        Value(wanted, depth - 1);
        Value('i', depth - 1);
        if (wanted is 'r' or 'e' || random.OneIn(3)) code.Byte(0x1C).U32(1).Byte(FuzzGenerator.TypeCode(wanted));
        else code.Byte(0x1B);
    }

    private void Tee(char wanted, int depth)
    {
        int[] same = [.. Enumerable.Range(0, locals.Count).Where(i => locals[i] == wanted)];
        Value(wanted, depth - 1);
        if (same.Length > 0) code.Byte(0x22).U32(random.Pick(same));
    }

    private void TypedBlock(char wanted, int depth)
    {
        code.Byte(0x02).Byte(FuzzGenerator.TypeCode(wanted));
        Inside(new FuzzType("", $"{wanted}"), $"{wanted}", depth);
        code.Byte(0x0B);
    }

    private void TypedIf(char wanted, int depth)
    {
        Value('i', depth - 1);
        code.Byte(0x04).Byte(FuzzGenerator.TypeCode(wanted));
        Inside(new FuzzType("", $"{wanted}"), $"{wanted}", depth);
        code.Byte(0x05);
        Inside(new FuzzType("", $"{wanted}"), $"{wanted}", depth);
        code.Byte(0x0B);
    }

    private void CallFor(char wanted, int depth)
    {
        int[] giving = [.. Enumerable.Range(0, module.Callable).Where(i => (i > function || i < FuzzGenerator.ImportedFunctions) && module.Functions[i].Results == $"{wanted}")];
        if (giving.Length == 0)
        {
            Leaf(wanted);
            return;
        }
        int called = random.Pick(giving);
        int slot = Array.IndexOf(module.ElementSegments[0].Functions, called);
        bool indirect = slot >= 0 || random.OneIn(40);
        Arguments(module.Functions[called].Parameters, indirect || called < FuzzGenerator.ImportedFunctions, depth);
        if (indirect)
        {
            if (slot < 0) Index(depth);
            else code.Byte(0x41).Signed(slot);
            code.Byte(0x11).U32(module.TypeIndex(module.Functions[called])).U32(0);
        }
        else
        {
            code.Byte(0x10).U32(called);
        }
    }

    // br_if leaves what it would have carried.
    private void BranchWith(char wanted, int depth)
    {
        int[] fitting = [.. Enumerable.Range(0, labels.Count).Where(l => labels[^(l + 1)] == $"{wanted}")];
        Value(wanted, depth - 1);
        if (fitting.Length == 0) return;
        Value('i', depth - 1);
        code.Byte(0x0D).U32(random.Pick(fitting));
    }

    private void Count(int depth)
    {
        switch (random.Below(5))
        {
            case 0: code.Byte(0x3F).U32(0); break;
            case 1:
                code.Byte(0x41).Signed(random.Below(3)).Byte(0x40).U32(0);
                break;
            case 2: code.Byte(0xFC).U32(16).U32(random.Below(2)); break;
            case 3:
                Value('r', depth - 1);
                code.Byte(0x41).Signed(random.Below(4)).Byte(0xFC).U32(15).U32(0);
                break;
            default:
                Value("re"[random.Below(2)], depth - 1);
                code.Byte(0xD1);
                break;
        }
    }

    private void Apply(FuzzOperator op, int depth)
    {
        bool memory = op.Immediate is FuzzImmediate.Memory or FuzzImmediate.MemoryLane;
        for (int i = 0; i < op.Operands.Length; i++)
        {
            if (memory && i == 0) Address(depth - 1);
            else Value(op.Operands[i], depth - 1);
            if (ShowsBits(op)) Canonical(op.Operands[i]);
        }
        if (op is { Prefix: 0, Code: (>= 0x6D and <= 0x70) or (>= 0x7F and <= 0x82) } && !random.OneIn(30)) NotZero(op.Result);
        if (op.Prefix == 0) code.Byte(op.Code);
        else code.Byte(op.Prefix).U32(op.Code);
        Immediate(op);
        if (op.Shape != ' ') CanonicalLanes(op.Shape);
    }

    private void Immediate(FuzzOperator op)
    {
        switch (op.Immediate)
        {
            case FuzzImmediate.Memory or FuzzImmediate.MemoryLane:
                code.U32(random.Below(op.Bits + 1)).U32(random.Below(150) switch { 0 => (uint)random.Next(), 1 => uint.MaxValue, 2 => (uint)random.Below(70_000), < 80 => (uint)random.Below(256), _ => 0 });
                if (op.Immediate == FuzzImmediate.MemoryLane) code.Byte(random.Below(16 >> op.Bits));
                break;
            case FuzzImmediate.Lane: code.Byte(random.Below(op.Bits)); break;
            case FuzzImmediate.Shuffle:
                for (int i = 0; i < 16; i++) code.Byte(random.Below(32));
                break;
        }
    }

    // Where a float's bits come to light, so would a NaN's, which the specification leaves open: stores, reinterpretation, copysign, lanes.
    private static bool ShowsBits(FuzzOperator op) =>
        op is { Prefix: 0, Code: 0x38 or 0x39 or 0x98 or 0xA6 or 0xBC or 0xBD } or { Prefix: 0xFD, Code: 19 or 20 or 32 or 34 };

    private void Canonical(char letter)
    {
        if (letter is not ('f' or 'F')) return;
        int kept = letter == 'f' ? scratch : scratch + 1;
        code.Byte(0x22).U32(kept);
        if (letter == 'f') code.Byte(0x43).F32(0x7FC00000);
        else code.Byte(0x44).F64(0x7FF8000000000000);
        code.Byte(0x20).U32(kept).Byte(0x20).U32(kept).Byte(letter == 'f' ? 0x5B : 0x61).Byte(0x1B);
    }

    private void CanonicalLanes(char shape)
    {
        ulong nan = shape == 'f' ? 0x7FC000007FC00000UL : 0x7FF8000000000000UL;
        code.Byte(0x22).U32(scratch + 2).Byte(0xFD).U32(12).F64(nan).F64(nan).Byte(0x20).U32(scratch + 2).Byte(0x20).U32(scratch + 2)
            .Byte(0xFD).U32(shape == 'f' ? 65 : 71).Byte(0xFD).U32(82);
    }

    private void NotZero(char letter)
    {
        if (letter == 'i') code.Byte(0x41).Signed(1).Byte(0x72);
        else code.Byte(0x42).Signed(1).Byte(0x84);
    }

    private void Address(int depth)
    {
        switch (random.Below(100))
        {
            case < 50: code.Byte(0x41).Signed(random.Below(60_000)); break;
            case < 97:
                Value('i', depth);
                code.Byte(0x41).Signed(0x7FFF).Byte(0x71);
                break;
            case 97: code.Byte(0x41).Signed(random.Below(600) + 65_000); break;
            default: Value('i', depth); break;
        }
    }

    private void Index(int depth)
    {
        if (random.OneIn(2))
        {
            code.Byte(0x41).Signed(random.Below(random.OneIn(20) ? 20 : 6));
            return;
        }
        Value('i', depth - 1);
        if (!random.OneIn(20)) code.Byte(0x41).Signed(3).Byte(0x71);
    }
}
