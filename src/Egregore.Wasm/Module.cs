using System.Diagnostics.CodeAnalysis;
using Egregore.Wasm.Binary;
using Egregore.Wasm.Execution;
using Egregore.Wasm.Validation;

namespace Egregore.Wasm;

/// <summary>A valid module. It holds no state of execution: any number of stores, on any threads, may run it.</summary>
public sealed class Module
{
    private readonly Lazy<NameSection> names;
    private readonly Lazy<ModuleCode> code;

    internal Module(Engine engine, ModuleDefinition definition)
    {
        Engine = engine;
        Definition = definition;
        names = new Lazy<NameSection>(() => NameSection.Read(definition));
        code = new Lazy<ModuleCode>(() => new ModuleCode(this));
    }

    /// <summary>The engine that compiled it.</summary>
    public Engine Engine { get; }

    /// <summary>What it needs, in its order.</summary>
    public IReadOnlyList<ModuleImport> Imports => Definition.Imports;

    /// <summary>What it offers, in its order.</summary>
    public IReadOnlyList<ModuleExport> Exports => Definition.Exports;

    /// <summary>Its custom sections, in their order.</summary>
    public IReadOnlyList<CustomSection> CustomSections => Definition.CustomSections;

    /// <summary>Its own name from the name section, or null.</summary>
    public string? Name => names.Value.ModuleName;

    /// <summary>Its functions, imported ones counted.</summary>
    public int FunctionCount => Definition.FunctionTypes.Length;

    internal ModuleDefinition Definition { get; }

    internal ModuleCode Code => code.Value;

    /// <summary>The name of a function from the name section, or null.</summary>
    /// <param name="function">Its index, imported functions counted.</param>
    public string? FunctionName(int function) => names.Value.FunctionName(function);

    /// <summary>The type of a function.</summary>
    /// <param name="function">Its index, imported functions counted.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such function.</exception>
    public FuncType FunctionType(int function)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)function, (uint)FunctionCount, nameof(function));
        return Definition.TypeOfFunction(function);
    }

    /// <summary>Whether bytes are a valid module within limits, without compiling it.</summary>
    /// <param name="bytes">The module.</param>
    /// <param name="error">What is wrong, or null.</param>
    /// <param name="limits">The limits, or null for the defaults.</param>
    public static bool Validate(ReadOnlySpan<byte> bytes, [NotNullWhen(false)] out WasmException? error, StoreLimits? limits = null)
    {
        error = null;
        try
        {
            Decode(bytes, limits ?? StoreLimits.Default);
        }
        catch (WasmException e)
        {
            error = e;
        }

        return error is null;
    }

    internal static ModuleDefinition Decode(ReadOnlySpan<byte> bytes, StoreLimits limits)
    {
        if (bytes.Length > limits.ModuleBytesMax) throw new LimitException(nameof(StoreLimits.ModuleBytesMax), limits.ModuleBytesMax);
        ModuleDefinition definition = ModuleReader.Read(bytes.ToArray(), limits);
        ModuleValidator.Validate(definition, limits);
        return definition;
    }
}
