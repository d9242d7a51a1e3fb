using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

/// <summary>
/// Makes a module with one loop over a page of memory from a seed: counted in each of the forms that the compiler knows, or nearly so, and calls whose numbers
/// lie at the edges of the memory and of 32 bits. <c>run(k, limit, base, other)</c> gives a sum of what was loaded.
/// </summary>
internal sealed class CountedLoopModule
{
    private const int Counter = 0;
    private const int Limit = 1;
    private const int Base = 2;
    private const int Other = 3;
    private const int Sum = 4;
    private const int Rounds = 5;
    private const int Calls = 24;
    private const byte LocalSet = 0x21;
    private const byte LocalTee = 0x22;
    private const byte Add = 0x6A;

    private static readonly int[] Edges = [0, 1, 3, 4, 8, 16, 100, 65_500, 65_527, 65_528, 65_532, 65_533, 65_535, 65_536, 65_540, -1, -4, -65_536, int.MaxValue, int.MinValue, int.MaxValue - 7];
    private static readonly int[] Offsets = [0, 0, 0, 1, 8, 65_528, 65_535, 65_536, int.MaxValue, -1];

    /// <summary>Loads and stores: the opcode, and whether it takes and gives 64 bits.</summary>
    private static readonly (byte Op, bool Wide)[] Loads = [(0x28, false), (0x29, true), (0x2C, false), (0x2D, false), (0x2E, false), (0x2F, false), (0x35, true), (0x31, true)];

    private static readonly (byte Op, bool Wide)[] Stores = [(0x36, false), (0x37, true), (0x3A, false), (0x3B, false), (0x3E, true)];

    private readonly FuzzRandom random;
    private readonly int step;
    private int increments;

    private CountedLoopModule(ulong seed)
    {
        random = new FuzzRandom(seed);
        step = random.Pick([1, 1, 2, 4, 4, 8, 16, 3, 65_536]);
    }

    /// <summary>The module of a seed, with its calls in the section that V8's side reads.</summary>
    public static FuzzModule Make(ulong seed) => new CountedLoopModule(seed).Make();

    private FuzzModule Make()
    {
        var module = new WasmWriter();
        module.Memory(1, 1);
        module.Export("memory", 2, 0);
        module.Func([], [], "refuel", []);
        module.Func([I32, I32, I32, I32], [I64], "run", Body(), (1, I64), (1, I32), (1, I32));
        var type = new FuzzType("iiii", "I");
        FuzzCall[] calls = [.. Enumerable.Range(0, Calls).Select(_ => new FuzzCall("run", type, [Argument(), Argument(), Argument(), Argument()]))];
        return new FuzzModule([.. module.Build(), .. FuzzCalls.Section(calls)], calls);
    }

    private ulong Argument() => (uint)(random.OneIn(3) ? random.Below(300) * 4 : random.Pick(Edges));

    private byte[] Body()
    {
        byte[] loop = random.Below(4) switch
        {
            0 => [.. Pass(1), .. Compare(swap: random.OneIn(2), goesOn: true), 0x04, 0x40, .. Statements(), 0x0C, 1, End],
            1 => [.. Pass(1), .. Compare(swap: random.OneIn(2), goesOn: true), 0x45, 0x0D, 1, .. Statements(), 0x0C, 0],
            2 => [.. Pass(1), .. Compare(swap: random.OneIn(2), goesOn: false), 0x0D, 1, .. Statements(), 0x0C, 0],
            _ => [.. Pass(1), .. Statements(), .. AtEnd(), 0x0D, 0],
        };
        return [.. Const(400), LocalSet, Rounds, 0x02, 0x40, 0x03, 0x40, .. loop, End, End, .. Get(Sum)];
    }

    /// <summary>Leaves after some hundred passes, at times after an access.</summary>
    private byte[] Pass(byte outside) =>
        [.. random.OneIn(4) ? Statement() : [], .. Get(Rounds), .. Const(1), 0x6B, LocalTee, Rounds, 0x45, 0x0D, outside];

    private byte[] Compare(bool swap, bool goesOn)
    {
        byte[] limit = random.OneIn(2) ? Const(random.OneIn(3) ? random.Pick(Edges) : random.Below(200) * 4) : Get(Limit);
        // lt_s, lt_u, le_s, le_u; with the operands exchanged gt and ge; for leaving ge and gt.
        byte op = random.Pick<byte>([0x48, 0x49, 0x4C, 0x4D]);
        byte exchanged = op switch { 0x48 => 0x4A, 0x49 => 0x4B, 0x4C => 0x4E, _ => 0x4F };
        byte inverse = op switch { 0x48 => 0x4E, 0x49 => 0x4F, 0x4C => 0x4A, _ => 0x4B };
        byte inverseExchanged = op switch { 0x48 => 0x4C, 0x49 => 0x4D, 0x4C => 0x48, _ => 0x49 };
        return swap ? [.. limit, .. Get(Counter), goesOn ? exchanged : inverseExchanged] : [.. Get(Counter), .. limit, goesOn ? op : inverse];
    }

    private byte[] AtEnd()
    {
        if (random.OneIn(2)) return [.. increments == 0 ? Increment() : [], .. Compare(swap: random.OneIn(2), goesOn: true)];
        byte[] limit = random.OneIn(2) ? Const(random.Below(200) * 4) : Get(Limit);
        byte[] counter = increments == 0 ? [.. Get(Counter), .. Const(step), Add, LocalTee, Counter] : Get(Counter);
        return [.. counter, .. limit, 0x47];
    }

    private byte[] Statements()
    {
        var all = new List<byte>();
        int count = 1 + random.Below(4);
        int growth = random.OneIn(10) ? -1 : random.Below(count + 1);
        for (int i = 0; i < count; i++)
        {
            if (i == growth) all.AddRange(Increment());
            all.AddRange(Statement());
        }
        if (growth == count && !random.OneIn(3)) all.AddRange(Increment());
        return [.. all];
    }

    private byte[] Increment()
    {
        increments++;
        byte[] sum = random.OneIn(2) ? [.. Get(Counter), .. Const(step), Add] : [.. Const(step), .. Get(Counter), Add];
        byte[] increment = [.. sum, LocalSet, Counter];
        return random.OneIn(8) ? [.. Get(Other), 0x04, 0x40, .. increment, End] : increment;
    }

    private byte[] Statement() => random.Below(12) switch
    {
        < 6 => Load(),
        < 9 => Store(),
        9 => [.. Get(Other), 0x04, 0x40, .. Load(), 0x05, .. Store(), End],
        10 => [0x02, 0x40, .. Get(Sum), 0xA7, .. Const(3), 0x71, 0x0D, 0, .. Store(), End],
        _ => random.OneIn(3) ? [.. Get(Base), .. Const(4), Add, LocalSet, Base] : [.. Address(2), LocalSet, 6, .. Get(6), 0x2D, 0, 0, 0xAD, .. Get(Sum), 0x7C, LocalSet, Sum],
    };

    private byte[] Load()
    {
        (byte op, bool wide) = random.Pick(Loads);
        return [.. Get(Sum), 0x42, .. S(31), 0x7E, .. Address(3), op, 0, .. Offset(), .. wide ? [] : (byte[])[0xAD], 0x7C, LocalSet, Sum];
    }

    private byte[] Store()
    {
        (byte op, bool wide) = random.Pick(Stores);
        return [.. Address(3), .. Get(wide ? Sum : Other), op, 0, .. Offset()];
    }

    private byte[] Offset() => U((uint)random.Pick(Offsets));

    private byte[] Address(int depth) => random.Below(depth > 0 ? 9 : 4) switch
    {
        0 => Get(Base),
        1 => Const(random.OneIn(4) ? random.Pick(Edges) : random.Below(1000)),
        < 4 => Get(Counter),
        < 7 => [.. Address(depth - 1), .. Address(depth - 1), Add],
        7 => [.. Address(depth - 1), .. Const(random.Below(6)), 0x74],
        _ => [.. Address(depth - 1), .. Const(0xFFFC), 0x71],
    };
}
