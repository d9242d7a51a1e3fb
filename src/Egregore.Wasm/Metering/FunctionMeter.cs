using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Metering;

/// <summary>
/// Writes one function's body again, with its payments, its call depth and its canonical NaNs. The function's own locals and labels keep their indices: new locals stand behind
/// them, and the block that a counted function is wrapped in takes the place of the function's own label.
/// </summary>
/// <remarks>
/// A payment subtracts from the fuel's global and ends in <c>unreachable</c> if that went below 0. Where nothing is called (a loop, or the whole function) nobody else can change
/// the global, so it is read from a local there and only written: the chain of subtractions stays in a register, and the global is exact at every trap.
/// </remarks>
internal sealed class FunctionMeter
{
    private const byte EmptyBlock = 0x40;
    private const ulong CanonicalF32 = 0x7FC00000;
    private const ulong CanonicalF64 = 0x7FF8000000000000;

    private readonly ModuleDefinition module;
    private readonly MeterGlobals globals;
    private readonly ChargePlan plan = new();
    private readonly NanPlan? nans;
    private readonly ByteWriter code = new();
    private readonly List<ValueType> added = [];
    private uint firstAdded;

    public FunctionMeter(ModuleDefinition module, MeterGlobals globals, bool canonicalizeNaN)
    {
        this.module = module;
        this.globals = globals;
        nans = canonicalizeNaN ? new NanPlan() : null;
    }

    /// <summary>Writes a body: its size, its locals, its instructions.</summary>
    /// <param name="function">The function, imported ones not counted.</param>
    /// <param name="output">Where to.</param>
    public void Write(int function, ByteWriter output)
    {
        Slice body = module.Bodies[function];
        FuncType type = module.TypeOfFunction(module.ImportedFunctions + function);
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        uint groups = reader.U32();
        int groupsStart = reader.Position;
        uint locals = 0;
        for (uint i = 0; i < groups; i++)
        {
            locals += reader.U32();
            reader.ValueType();
        }

        firstAdded = (uint)type.Parameters.Length + locals;
        added.Clear();
        code.Clear();
        var instructions = new Slice(reader.Position, body.End);
        plan.Read(module.Bytes, instructions, locals / FuelCost.LocalsPerUnit);
        nans?.Read(module.Bytes, instructions);
        WriteInstructions(instructions, globals.Depth is not null && plan.HasCalls ? globals.BlockTypes[type] : null);

        var header = new ByteWriter();
        header.U32(groups + (uint)added.Count);
        header.Bytes(module.Bytes.AsSpan(groupsStart, instructions.Start - groupsStart));
        foreach (ValueType local in added)
        {
            header.U32(1);
            header.Byte((byte)local);
        }

        output.U32((uint)(header.Written.Length + code.Written.Length));
        output.Bytes(header.Written);
        output.Bytes(code.Written);
    }

    private void WriteInstructions(Slice slice, long? wrapper)
    {
        if (wrapper is { } blockType)
        {
            ChangeDepth(down: true);
            code.Byte((byte)OpCode.Block);
            code.S64(blockType);
        }

        WriteEntry();
        var instructions = new InstructionReader(module.Bytes, slice.Start, slice.End);
        int charge = 1;
        int loop = 0;
        int innermost = -1;
        var nesting = new Stack<int>();
        while (!instructions.AtEnd)
        {
            instructions.Read();
            for (; charge < plan.Charges.Count && plan.Charges[charge].Position <= instructions.Start; charge++)
                WriteCharge(plan.Charges[charge]);
            bool loops = instructions.Op == OpCode.Loop;
            if (loops) EnterLoop(loop);
            if (FuelCost.LengthShift(instructions.Op) is { } shift) WriteLengthCharge(shift, IsCached(innermost));
            if (instructions.Op == OpCode.Return && wrapper is not null)
            {
                code.Byte((byte)OpCode.Br);
                code.U32((uint)nesting.Count);
            }
            else
            {
                code.Bytes(module.Bytes.AsSpan(instructions.Start, instructions.Position - instructions.Start));
            }

            if (nans?.Needs(instructions.Start) == true) WriteCanonical(NanPlan.Computes(instructions.Op));
            if (instructions.Op is OpCode.Block or OpCode.Loop or OpCode.If)
            {
                nesting.Push(innermost);
                if (loops) innermost = loop++;
            }
            else if (instructions.Op == OpCode.End)
            {
                if (nesting.Count > 0) innermost = nesting.Pop();
                else if (wrapper is not null) ChangeDepth(down: false, closes: true);
            }
        }
    }

    /// <summary>A function that calls nothing keeps the fuel in the local from its entry on.</summary>
    private void WriteEntry()
    {
        ChargePlan.Charge entry = plan.Charges[0];
        if (entry.Cost > 0) WriteCharge(entry.Cost, cached: false);
        else if (!plan.HasCalls) LoadFuel();
    }

    private void WriteCharge(ChargePlan.Charge charge)
    {
        if (charge.Cost > 0) WriteCharge(charge.Cost, IsCached(charge.Loop));
    }

    private bool IsCached(int loop) => !plan.HasCalls || (loop >= 0 && !plan.Loops[loop].HasCalls);

    private void EnterLoop(int loop)
    {
        if (IsCached(loop) && !IsCached(plan.Loops[loop].Parent)) LoadFuel();
    }

    private void LoadFuel()
    {
        Op(OpCode.GlobalGet, globals.Fuel);
        Op(OpCode.LocalSet, Local(ValueType.I64));
    }

    private void WriteCharge(long cost, bool cached)
    {
        ReadFuel(cached);
        code.Byte((byte)OpCode.I64Const);
        code.S64(cost);
        WriteFuel();
    }

    /// <summary>The length is on the stack, and stays there.</summary>
    private void WriteLengthCharge(int shift, bool cached)
    {
        uint length = Local(ValueType.I32);
        Op(OpCode.LocalTee, length);
        ReadFuel(cached);
        Op(OpCode.LocalGet, length);
        code.Byte((byte)OpCode.I64ExtendI32U);
        code.Byte((byte)OpCode.I64Const);
        code.S64(Math.Abs(shift));
        code.Byte((byte)(shift < 0 ? OpCode.I64ShrU : OpCode.I64Shl));
        WriteFuel();
    }

    private void ReadFuel(bool cached)
    {
        if (cached) Op(OpCode.LocalGet, Local(ValueType.I64));
        else Op(OpCode.GlobalGet, globals.Fuel);
    }

    private void WriteFuel()
    {
        uint fuel = Local(ValueType.I64);
        code.Byte((byte)OpCode.I64Sub);
        Op(OpCode.LocalTee, fuel);
        Op(OpCode.GlobalSet, globals.Fuel);
        Op(OpCode.LocalGet, fuel);
        code.Byte((byte)OpCode.I64Const);
        code.S64(0);
        code.Byte((byte)OpCode.I64LtS);
        Trap();
    }

    private void ChangeDepth(bool down, bool closes = false)
    {
        uint depth = globals.Depth!.Value;
        if (!down)
        {
            Op(OpCode.GlobalGet, depth);
            code.Byte((byte)OpCode.I32Const);
            code.S64(1);
            code.Byte((byte)OpCode.I32Add);
            Op(OpCode.GlobalSet, depth);
            if (closes) code.Byte((byte)OpCode.End);
            return;
        }

        Op(OpCode.GlobalGet, depth);
        code.Byte((byte)OpCode.I32Const);
        code.S64(1);
        code.Byte((byte)OpCode.I32Sub);
        Op(OpCode.GlobalSet, depth);
        Op(OpCode.GlobalGet, depth);
        code.Byte((byte)OpCode.I32Const);
        code.S64(0);
        code.Byte((byte)OpCode.I32LtS);
        Trap();
    }

    private void Trap()
    {
        code.Byte((byte)OpCode.If);
        code.Byte(EmptyBlock);
        code.Byte((byte)OpCode.Unreachable);
        code.Byte((byte)OpCode.End);
    }

    /// <summary>The value on the stack where it equals itself, else the canonical NaN; by lane for a vector.</summary>
    private void WriteCanonical(NanShape shape)
    {
        bool vector = shape is NanShape.F32x4 or NanShape.F64x2;
        uint value = Local(shape switch { NanShape.F32 => ValueType.F32, NanShape.F64 => ValueType.F64, _ => ValueType.V128 });
        Op(OpCode.LocalTee, value);
        if (vector) Vector(OpCode.V128Const);
        else code.Byte((byte)(shape == NanShape.F32 ? OpCode.F32Const : OpCode.F64Const));
        switch (shape)
        {
            case NanShape.F32:
                code.Bytes([0x00, 0x00, 0xC0, 0x7F]);
                break;
            case NanShape.F64:
                code.Fixed64(CanonicalF64);
                break;
            default:
                ulong lanes = shape == NanShape.F32x4 ? CanonicalF32 << 32 | CanonicalF32 : CanonicalF64;
                code.Fixed64(lanes);
                code.Fixed64(lanes);
                break;
        }

        Op(OpCode.LocalGet, value);
        Op(OpCode.LocalGet, value);
        if (vector)
        {
            Vector(shape == NanShape.F32x4 ? OpCode.F32x4Eq : OpCode.F64x2Eq);
            Vector(OpCode.V128Bitselect);
            return;
        }

        code.Byte((byte)(shape == NanShape.F32 ? OpCode.F32Eq : OpCode.F64Eq));
        code.Byte((byte)OpCode.Select);
    }

    private void Op(OpCode op, uint index)
    {
        code.Byte((byte)op);
        code.U32(index);
    }

    private void Vector(OpCode op)
    {
        code.Byte(0xFD);
        code.U32((uint)op & 0xFF);
    }

    /// <summary>The index of the added local of a type; one of each serves the whole function.</summary>
    private uint Local(ValueType type)
    {
        int index = added.IndexOf(type);
        if (index < 0)
        {
            index = added.Count;
            added.Add(type);
        }

        return firstAdded + (uint)index;
    }
}

/// <summary>What the functions need to know of the module that they are written into.</summary>
/// <param name="Fuel">The index of the fuel's global.</param>
/// <param name="Depth">The index of the depth's global, or null.</param>
/// <param name="BlockTypes">The type of a block that takes nothing and leaves a function type's results, as a signed number.</param>
internal sealed record MeterGlobals(uint Fuel, uint? Depth, Dictionary<FuncType, long> BlockTypes);
