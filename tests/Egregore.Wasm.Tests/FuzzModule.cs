namespace Egregore.Wasm.Tests;

/// <summary>A function type; a letter for each value: i I f F v, r for a function reference, e for an external one.</summary>
internal sealed record FuzzType(string Parameters, string Results);

/// <summary>
/// A generated module: valid by construction, ended by construction (a global counter that every loop and function takes from), its results free of
/// what the specification leaves open (NaN payloads are made canonical wherever bits can be seen).
/// </summary>
/// <param name="Bytes">The binary; its custom section <c>calls</c> lists <paramref name="Calls"/> for the other engine.</param>
/// <param name="Calls">To be made in this order; <c>refuel</c> before each.</param>
internal sealed record FuzzModule(byte[] Bytes, IReadOnlyList<FuzzCall> Calls);

/// <summary>Makes modules from seeds: types, imports, functions, tables, memory, globals, element and data segments.</summary>
internal sealed class FuzzGenerator
{
    /// <summary>What a call may spend: a loop's round costs one, a function's entry <see cref="CallFuel"/>; so at most 40 frames lie on each other.</summary>
    public const int Fuel = 4000;

    /// <summary>See <see cref="Fuel"/>.</summary>
    public const int CallFuel = 100;

    /// <summary>The memory's bound in pages of 64 KiB.</summary>
    public const int PagesMax = 3;

    /// <summary>The tables' bound in elements.</summary>
    public const int TableMax = 20;

    private const int NullType = -1;

    private readonly FuzzRandom random;
    private readonly List<FuzzType> types = [];

    private FuzzGenerator(ulong seed)
    {
        random = new FuzzRandom(seed);
        Functions = [];
        Globals = [];
    }

    /// <summary>The types of all functions by index, imports first.</summary>
    public List<FuzzType> Functions { get; }

    /// <summary>How many of them code may call and refer to: all but <c>refuel</c>, the last.</summary>
    public int Callable => Functions.Count - 1;

    /// <summary>The types of all globals by index; the first is the fuel.</summary>
    public List<(char Type, bool Mutable)> Globals { get; }

    /// <summary>How many functions are imported.</summary>
    public static int ImportedFunctions => Imports.Length;

    /// <summary>The data segments; an active one is dropped from the start.</summary>
    public List<(bool Passive, byte[] Bytes)> DataSegments { get; } = [];

    /// <summary>The element segments by function index, -1 for null; the last declares all functions and is dropped from the start like the active ones.</summary>
    public List<(bool Passive, int[] Functions)> ElementSegments { get; } = [];

    /// <summary>What both hosts offer as <c>host.NAME</c>: see wasm-fuzz.mjs.</summary>
    public static (string Name, FuzzType Type)[] Imports { get; } =
        [("mix", new("i", "i")), ("fold", new("IF", "I")), ("count", new("", "i")), ("half", new("f", "f"))];

    /// <summary>The module of a seed.</summary>
    public static FuzzModule Make(ulong seed) => new FuzzGenerator(seed).Make();

    /// <summary>The index of a type in the type section, added where it is new.</summary>
    public int TypeIndex(FuzzType type)
    {
        int index = types.IndexOf(type);
        if (index >= 0) return index;
        types.Add(type);
        return types.Count - 1;
    }

    /// <summary>A type of functions and blocks, of any values or (for exports) of numbers only.</summary>
    public FuzzType RandomType(string letters, int parametersMax = 4, int resultsMax = 3) =>
        new(Letters(letters, random.Below(parametersMax + 1)), Letters(letters, random.Below(resultsMax + 1)));

    private string Letters(string from, int count) => string.Concat(Enumerable.Range(0, count).Select(_ => from[random.Below(from.Length)]));

    private FuzzModule Make()
    {
        foreach ((_, FuzzType type) in Imports)
        {
            TypeIndex(type);
            Functions.Add(type);
        }
        Globals.Add(('i', true));
        for (int i = random.Below(6) + 2; i > 0; i--) Globals.Add(("iIfFvr"[random.Below(6)], !random.OneIn(4)));
        int own = random.Below(5) + 2;
        for (int i = 0; i < own; i++) Functions.Add(RandomType(random.OneIn(3) ? "iIfFvre" : "iIfF"));
        int start = random.OneIn(4) ? Functions.Count : NullType;
        if (start >= 0) Functions.Add(new FuzzType("", ""));
        int refuel = Functions.Count;
        Functions.Add(new FuzzType("", ""));
        foreach (FuzzType type in Functions) TypeIndex(type);
        for (int i = random.Below(4); i > 0; i--) DataSegments.Add((!random.OneIn(3), random.Bytes(random.Below(60))));
        // The first is active and without nulls: where the table is left alone, call_indirect finds what it expects.
        for (int i = random.Below(3); i >= 0; i--)
            ElementSegments.Add((ElementSegments.Count > 0 && !random.OneIn(3), [.. Enumerable.Range(0, random.Below(5) + 1).Select(_ => ElementSegments.Count > 0 && random.OneIn(6) ? -1 : random.Below(Callable))]));
        ElementSegments.Add((false, [.. Enumerable.Range(0, Callable)]));

        var code = new FuzzWriter().U32(Functions.Count - ImportedFunctions);
        for (int i = ImportedFunctions; i < refuel; i++) code.Sized(new FuzzBody(this, random, i).Make());
        code.Sized(new FuzzWriter().U32(0).Byte(0x41).Signed(Fuel).Byte(0x24).U32(0).Byte(0x0B));

        var calls = new List<FuzzCall>();
        for (int round = 0; round < 2; round++)
        {
            for (int i = ImportedFunctions; i < ImportedFunctions + own; i++)
            {
                if (Functions[i] is { } type && !(type.Parameters + type.Results).Any("vre".Contains))
                    calls.Add(new FuzzCall($"f{i}", type, [.. type.Parameters.Select(p => FuzzCalls.Argument(random, p))]));
            }
        }
        return new FuzzModule(Assemble(code, calls, start, refuel), calls);
    }

    private byte[] Assemble(FuzzWriter code, List<FuzzCall> calls, int start, int refuel)
    {
        FuzzWriter data = Data();
        FuzzWriter elements = Elements();
        FuzzWriter globals = GlobalSection();
        var module = new FuzzWriter().Raw([0, (byte)'a', (byte)'s', (byte)'m', 1, 0, 0, 0]);
        var typeSection = new FuzzWriter().U32(types.Count);
        foreach (FuzzType type in types) Values(Values(typeSection.Byte(0x60), type.Parameters), type.Results);
        module.Section(1, typeSection);
        var imports = new FuzzWriter().U32(Imports.Length);
        foreach ((string name, FuzzType type) in Imports) imports.Name("host").Name(name).Byte(0).U32(TypeIndex(type));
        module.Section(2, imports);
        var functions = new FuzzWriter().U32(Functions.Count - ImportedFunctions);
        foreach (FuzzType type in Functions.Skip(ImportedFunctions)) functions.U32(TypeIndex(type));
        module.Section(3, functions);
        module.Section(4, new FuzzWriter().U32(2).Byte(0x70).Byte(1).U32(random.Below(5) + 12).U32(TableMax).Byte(0x6F).Byte(1).U32(random.Below(4)).U32(TableMax));
        module.Section(5, new FuzzWriter().U32(1).Byte(1).U32(random.Below(2) + 1).U32(PagesMax));
        module.Section(6, globals);
        module.Section(7, Exports(calls, refuel));
        if (start >= 0) module.Section(8, new FuzzWriter().U32(start));
        module.Section(9, elements);
        module.Section(12, new FuzzWriter().U32(DataSegments.Count));
        module.Section(10, code);
        module.Section(11, data);
        module.Raw(FuzzCalls.Section(calls));
        return module.ToArray();
    }

    private FuzzWriter Exports(List<FuzzCall> calls, int refuel)
    {
        var exports = new List<Action<FuzzWriter>>
        {
            w => w.Name("memory").Byte(2).U32(0),
            w => w.Name("refuel").Byte(0).U32(refuel),
        };
        foreach (string name in calls.Select(c => c.Export).Distinct()) exports.Add(w => w.Name(name).Byte(0).U32(int.Parse(name[1..])));
        for (int i = 0; i < Globals.Count; i++)
        {
            int index = i;
            if ("iIfF".Contains(Globals[i].Type)) exports.Add(w => w.Name($"g{index}").Byte(3).U32(index));
        }
        var section = new FuzzWriter().U32(exports.Count);
        foreach (Action<FuzzWriter> export in exports) export(section);
        return section;
    }

    private FuzzWriter GlobalSection()
    {
        var section = new FuzzWriter().U32(Globals.Count);
        for (int i = 0; i < Globals.Count; i++)
        {
            section.Byte(TypeCode(Globals[i].Type)).Byte(Globals[i].Mutable ? 1 : 0);
            if (i == 0) section.Byte(0x41).Signed(Fuel);
            else FuzzConstants.Write(section, random, Globals[i].Type, Callable);
            section.Byte(0x0B);
        }
        return section;
    }

    private FuzzWriter Elements()
    {
        var section = new FuzzWriter().U32(ElementSegments.Count);
        for (int i = 0; i < ElementSegments.Count - 1; i++)
        {
            (bool passive, int[] functions) = ElementSegments[i];
            bool expressions = functions.Contains(-1) || random.OneIn(2);
            section.U32((expressions ? 4 : 0) | (passive ? 1 : 0));
            if (!passive) section.Byte(0x41).Signed(i == 0 ? 0 : random.Below(3) + 5).Byte(0x0B);
            else section.Byte(expressions ? 0x70 : 0);
            section.U32(functions.Length);
            foreach (int function in functions)
            {
                if (!expressions) section.U32(function);
                else if (function < 0) section.Byte(0xD0).Byte(0x70).Byte(0x0B);
                else section.Byte(0xD2).U32(function).Byte(0x0B);
            }
        }
        section.U32(3).Byte(0).U32(Callable);
        for (int i = 0; i < Callable; i++) section.U32(i);
        return section;
    }

    private FuzzWriter Data()
    {
        var section = new FuzzWriter().U32(DataSegments.Count);
        foreach ((bool passive, byte[] bytes) in DataSegments)
        {
            section.U32(passive ? 1 : 0);
            if (!passive) section.Byte(0x41).Signed(random.Below(65_000)).Byte(0x0B);
            section.U32(bytes.Length).Raw(bytes);
        }
        return section;
    }

    /// <summary>A value type's code.</summary>
    public static int TypeCode(char type) => type switch { 'i' => 0x7F, 'I' => 0x7E, 'f' => 0x7D, 'F' => 0x7C, 'v' => 0x7B, 'r' => 0x70, _ => 0x6F };

    private static FuzzWriter Values(FuzzWriter to, string letters)
    {
        to.U32(letters.Length);
        foreach (char letter in letters) to.Byte(TypeCode(letter));
        return to;
    }
}
