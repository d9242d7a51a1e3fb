using System.Security.Cryptography;

namespace Egregore.Wasm.Tests;

/// <summary>Runs a generated module here and writes what came of it as bench/peers/wasm-fuzz.mjs does.</summary>
internal sealed class FuzzHost
{
    /// <summary>The meter's global.</summary>
    public const string FuelName = "egregore:fuel";

    private int state = 17;

    private FuzzHost()
    {
    }

    /// <summary>The outcome: each call's results or trap, the memory's size and hash, the exported numbers.</summary>
    /// <param name="module">A module that imports what <see cref="FuzzGenerator.Imports"/> says.</param>
    /// <param name="calls">In order.</param>
    /// <param name="fuel">What a metered module has for each call.</param>
    /// <param name="refuels">Whether the export <c>refuel</c> is called before each.</param>
    /// <exception cref="WasmException">It cannot be linked, or is over a limit.</exception>
    public static string Run(Module module, IReadOnlyList<FuzzCall> calls, long fuel = 0, bool refuels = true)
    {
        var host = new FuzzHost();
        Instance instance;
        try
        {
            instance = Link(new Store(module.Engine), host).Instantiate(module);
        }
        catch (TrapException trap)
        {
            return $"start {Kind(trap)}";
        }
        var parts = new List<string>();
        foreach (FuzzCall call in calls)
        {
            if (fuel > 0) instance.GetGlobal(FuelName).Value = Value.FromI64(fuel);
            if (refuels) instance.GetFunc("refuel").Invoke();
            try
            {
                Value[] results = instance.GetFunc(call.Export).Invoke([.. call.Arguments.Select(Value.FromF64Bits)]);
                parts.Add(string.Join(',', results.Select((value, i) => Text(call.Type.Results[i], value))));
            }
            catch (TrapException trap)
            {
                parts.Add(Kind(trap));
            }
            if (fuel > 0) parts.Add($"fuel {instance.GetGlobal(FuelName).Value.I64}");
        }
        if (instance.TryGetMemory("memory", out Memory? memory)) parts.Add($"memory {memory.Length} {Convert.ToHexStringLower(SHA256.HashData(memory.Span))}");
        foreach (ModuleExport export in module.Exports.Where(e => e.Kind == ExternalKind.Global).OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            Global global = instance.GetGlobal(export.Name);
            if (GlobalText(global) is { } text) parts.Add($"{export.Name}={text}");
        }
        return string.Join(';', parts);
    }

    private static Linker Link(Store store, FuzzHost host)
    {
        var linker = new Linker(store);
        linker.DefineFunc("host", "mix", (int x) => host.Mix(x));
        linker.DefineFunc("host", "fold", (long x, double y) =>
        {
            host.Mix((int)x);
            return x ^ (double.IsNaN(y) ? 0 : BitConverter.DoubleToInt64Bits(y));
        });
        linker.DefineFunc("host", "count", () => ++host.state);
        linker.DefineFunc("host", "half", (float x) => x * 0.5f);
        return linker;
    }

    private int Mix(int x) => state = unchecked(state * 31 + x);

    private static string Text(char type, Value value) => type switch
    {
        'i' => $"{value.I32}",
        'I' => $"{value.I64}",
        'f' => float.IsNaN(value.F32) ? "nan" : $"{value.F32Bits:x}",
        _ => double.IsNaN(value.F64) ? "nan" : $"{value.F64Bits:x}",
    };

    // As a double, whatever it is: see wasm-fuzz.mjs.
    private static string? GlobalText(Global global) => global.Type.Type switch
    {
        ValueType.I64 => $"{global.Value.I64}",
        ValueType.I32 => Text('F', Value.FromF64(global.Value.I32)),
        ValueType.F32 => Text('F', Value.FromF64(global.Value.F32)),
        ValueType.F64 => Text('F', global.Value),
        _ => null,
    };

    private static string Kind(TrapException trap) => "trap:" + trap.Code switch
    {
        TrapCode.Unreachable => "unreachable",
        TrapCode.MemoryOutOfBounds => "memory",
        TrapCode.TableOutOfBounds => "table",
        TrapCode.IndirectCallToNull or TrapCode.IndirectCallTypeMismatch => "call",
        TrapCode.UndefinedElement => "table",
        TrapCode.IntegerDivideByZero => "zero",
        TrapCode.IntegerOverflow or TrapCode.InvalidConversionToInteger => "overflow",
        TrapCode.CallStackExhausted => "stack",
        _ => trap.Code.ToString(),
    };
}
