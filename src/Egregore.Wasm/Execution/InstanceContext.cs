namespace Egregore.Wasm.Execution;

/// <summary>
/// What emitted code works on: the first argument of every function. Each module derives its own, with a field for each global, table and imported function; see
/// <see cref="ContextLayout"/>.
/// </summary>
internal abstract class InstanceContext
{
    /// <summary>The bytes of memory 0, kept up to date by <see cref="Wasm.Memory"/>; empty where there is none.</summary>
    internal byte[] MemoryData = [];

    /// <summary>Always 0, which the just-in-time compiler does not know: it hides constants that it would fold against IEEE 754.</summary>
    internal int Zero;

    internal Memory? Memory;
    internal Store Store = null!;
    internal Instance Instance = null!;
    internal ModuleCode Code = null!;

    /// <summary>The function objects handed out so far, by index; imported ones are there from the start.</summary>
    internal Func?[] Functions = [];

    internal Table[] Tables = [];

    /// <summary>The globals that are imported or exported; the others are fields of the derived context.</summary>
    internal Global?[] Globals = [];

    /// <summary>Data segments; a dropped one is empty.</summary>
    internal ReadOnlyMemory<byte>[] Data = [];

    /// <summary>Element segments; a dropped one is empty.</summary>
    internal object?[][] Elements = [];

    /// <summary>The object of a function; the same one each time.</summary>
    internal Func FunctionAt(int index) =>
        Functions[index] ??= new Func(Store, Code.TypeOfFunction(index), this, Code.AddressOf(index));

    /// <summary>Compiles a function when it is called first; gives its address.</summary>
    internal nint Resolve(int index)
    {
        nint address = Code.Resolve(index);
        if (Functions[index] is { } function) function.Code = address;
        return address;
    }
}
