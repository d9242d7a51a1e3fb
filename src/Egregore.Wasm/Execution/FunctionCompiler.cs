using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <summary>
/// Compiles one function to IL. The function is valid, so types are not checked again; code that cannot be reached is passed over. Operands are kept as expressions
/// (<see cref="Node"/>) until a statement uses them; a statement that would overtake an effect of one still waiting has that evaluated into a variable first.
/// </summary>
internal sealed partial class FunctionCompiler
{
    private const int DepthMax = 48;
    private const int VariablesMax = 65_000;

    /// <summary>Functions of about so many instructions the just-in-time compiler does not optimize.</summary>
    private const int LargeInstructions = 10_000;

    private readonly CompileLot lot;
    private readonly ModuleCode code;
    private readonly ModuleDefinition module;
    private readonly FuncType type;
    private readonly Slice body;
    private readonly ILGenerator il;
    private readonly MethodBuilder method;
    private readonly List<Node> stack = [];
    private readonly List<Block> blocks = [];
    private readonly List<Variable> temporaries = [];
    private readonly Dictionary<TrapCode, Label> traps = [];
    private readonly FunctionTraits traits;
    private Variable[] locals = [];
    private int variableCount;
    private int frameBytes;
    private LocalBuilder? memory;
    private LocalBuilder? entries;
    private bool reachable = true;

    /// <summary>Blocks opened inside code that cannot be reached.</summary>
    private int skippedBlocks;

    public FunctionCompiler(CompileLot lot, int function, MethodBuilder method)
    {
        this.lot = lot;
        this.method = method;
        code = lot.Code;
        module = code.Definition;
        type = module.TypeOfFunction(function);
        body = module.Bodies[function - module.ImportedFunctions];
        traits = module.Traits[function - module.ImportedFunctions];
        il = method.GetILGenerator(Math.Max(64, body.Length * 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Compile()
    {
        int start = DeclareLocals();
        EmitEntry();
        var reader = new InstructionReader(module.Bytes, start, body.End);
        blocks.Add(new Block { Op = OpCode.Block, Results = type.Results.ToArray(), IsFunction = true, EnteredReachable = true });
        while (blocks.Count > 0)
        {
            reader.Read();
            if (reachable) Translate(ref reader);
            else Skip(ref reader);
        }

        EmitTraps();
    }

    /// <summary>Parameters and locals as variables; gives the offset of the first instruction.</summary>
    private int DeclareLocals()
    {
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        var all = new List<Variable>();
        foreach (ValueType parameter in type.Parameters)
            all.Add(new Variable { Type = parameter, Index = all.Count + 2, IsArgument = true, Bit = NextBit() });
        uint groups = reader.U32();
        int first = all.Count;
        for (uint i = 0; i < groups; i++)
        {
            uint count = reader.U32();
            ValueType local = reader.ValueType();
            for (uint j = 0; j < count; j++) all.Add(NewVariable(local, isTemporary: false));
        }

        locals = [.. all];
        // Zeroing a frame costs time in proportion to it, temporaries included; but thousands of stores are no better.
        const int ExplicitZeroMax = 256;
        method.InitLocals = locals.Length - first > ExplicitZeroMax;
        if (method.InitLocals) return reader.Position;
        for (int i = first; i < locals.Length; i++)
        {
            PushZero(locals[i].Type);
            Store(locals[i]);
        }

        return reader.Position;
    }

    private void EmitEntry()
    {
        int estimate = frameBytes + (8 * type.Parameters.Length) + (8 * traits.Calls) + (16 * traits.ArgumentsMax) + (traits.Instructions / 4 * 8 / 4) + 64;
        Label enough = il.DefineLabel();
        if (estimate > StackGuard.SmallFrameBytes)
        {
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldc_I4, estimate * 2);
            il.Emit(OpCodes.Call, KnownMethods.StackCheckLarge);
        }
        else if (traits.Calls > 0)
        {
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldc_I4, StackGuard.Interval - 1);
            il.Emit(OpCodes.And);
            il.Emit(OpCodes.Brtrue, enough);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Call, KnownMethods.StackCheck);
        }

        il.MarkLabel(enough);
        if (traits.Accesses > 0)
        {
            memory = il.DeclareLocal(typeof(byte[]));
            ReloadMemory();
        }
    }

    /// <summary>A call may have grown the memory, which moves it.</summary>
    private void ReloadMemory()
    {
        if (memory is null) return;
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, KnownMethods.MemoryData);
        il.Emit(OpCodes.Stloc, memory);
    }

    private void EmitTraps()
    {
        foreach ((TrapCode trap, Label label) in traps)
        {
            il.MarkLabel(label);
            il.Emit(OpCodes.Ldc_I4, (int)trap);
            il.Emit(OpCodes.Call, KnownMethods.Trap);
            il.Emit(OpCodes.Ldnull);
            il.Emit(OpCodes.Throw);
        }
    }

    private Label TrapLabel(TrapCode trap)
    {
        if (!traps.TryGetValue(trap, out Label label)) traps[trap] = label = il.DefineLabel();
        return label;
    }

    private ulong NextBit() => 1UL << (variableCount++ & 63);

    private Variable NewVariable(ValueType variable, bool isTemporary)
    {
        if (variableCount >= VariablesMax) throw new LimitException(nameof(StoreLimits.LocalsMax), VariablesMax, body.Start);
        frameBytes += variable == ValueType.V128 ? 16 : 8;
        LocalBuilder local = il.DeclareLocal(ClrTypes.Of(variable));
        return new Variable { Type = variable, Index = local.LocalIndex, IsArgument = false, Bit = NextBit(), IsTemporary = isTemporary };
    }

    private Variable Temporary(ValueType variable)
    {
        for (int i = temporaries.Count - 1; i >= 0; i--)
        {
            if (temporaries[i].Type != variable) continue;
            Variable found = temporaries[i];
            temporaries[i] = temporaries[^1];
            temporaries.RemoveAt(temporaries.Count - 1);
            return found;
        }

        return NewVariable(variable, isTemporary: true);
    }

    private void Load(Variable variable)
    {
        if (variable.IsArgument) il.Emit(OpCodes.Ldarg, (short)variable.Index);
        else if (variable.Index < 256) il.Emit(OpCodes.Ldloc_S, (byte)variable.Index);
        else il.Emit(OpCodes.Ldloc, unchecked((short)variable.Index));
    }

    private void Store(Variable variable)
    {
        if (variable.IsArgument) il.Emit(OpCodes.Starg, (short)variable.Index);
        else if (variable.Index < 256) il.Emit(OpCodes.Stloc_S, (byte)variable.Index);
        else il.Emit(OpCodes.Stloc, unchecked((short)variable.Index));
    }

    private Node Pop()
    {
        Node top = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private void Push(Node node)
    {
        stack.Add(node);
        if (node.Depth > DepthMax) Spill(stack.Count - 1);
    }

    /// <summary>Pushes the value of a variable; one that is released was made for this value alone and is free when that was read.</summary>
    private void PushVariable(Variable variable, bool release) => stack.Add(new Node
    {
        Kind = NodeKind.Variable,
        Type = variable.Type,
        Variable = variable,
        Reads = variable.Bit,
        Immediate = release ? 1 : 0,
    });

    /// <summary>Evaluates a waiting operand into a variable now, and before it those below that have effects.</summary>
    private void Spill(int place)
    {
        if (stack[place].Effect != 0)
        {
            for (int i = 0; i < place; i++)
            {
                if (stack[i].Effect != 0) SpillOne(i);
            }
        }

        SpillOne(place);
    }

    private void SpillOne(int place)
    {
        Node node = stack[place];
        if (node.Kind == NodeKind.Constant) return;
        Emit(node);
        Variable temporary = Temporary(node.Type);
        Store(temporary);
        stack[place] = new Node { Kind = NodeKind.Variable, Type = node.Type, Variable = temporary, Reads = temporary.Bit, Immediate = 1 };
    }

    /// <summary>Makes way for a statement with an effect.</summary>
    private void SpillConflicts(Effect now)
    {
        if (now == Effect.None) return;
        for (int i = stack.Count - 1; i >= 0; i--)
        {
            if (!Effects.Conflict(now, stack[i].Effect)) continue;
            Spill(i);
            return;
        }
    }

    /// <summary>Makes way for a statement that writes memory or state.</summary>
    private void SpillEffects()
    {
        for (int i = 0; i < stack.Count; i++)
        {
            if (stack[i].Effect != 0) SpillOne(i);
        }
    }

    /// <summary>
    /// Makes way for an assignment to a variable. Operands below the innermost block are variables of their own or constants, so none of them is touched in code
    /// that may not run.
    /// </summary>
    private void SpillReaders(Variable variable)
    {
        for (int i = 0; i < stack.Count; i++)
        {
            Node node = stack[i];
            if (node.Kind == NodeKind.Variable ? node.Variable == variable : (node.Reads & variable.Bit) != 0) Spill(i);
        }
    }

    /// <summary>Evaluates everything waiting but constants: what follows may be run another number of times.</summary>
    private void SpillAll()
    {
        for (int i = 0; i < stack.Count; i++)
        {
            Node node = stack[i];
            if (node.Kind == NodeKind.Variable && node.Immediate == 1) continue;
            SpillOne(i);
        }
    }
}
