namespace Egregore.Wasm;

/// <summary>The base of every error that this library reports about a module: refused, not linkable, over a limit, or trapped.</summary>
public abstract class WasmException : Exception
{
    private protected WasmException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>The bytes are not a WebAssembly 2.0 module (specification, chapter 5).</summary>
public sealed class MalformedModuleException : WasmException
{
    internal MalformedModuleException(string reason, int offset)
        : base($"{reason} (at byte {offset})")
    {
        Reason = reason;
        Offset = offset;
    }

    /// <summary>What is wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>Where in the module's bytes.</summary>
    public int Offset { get; }
}

/// <summary>The module decodes, but breaks a validation rule (specification, chapter 3).</summary>
public sealed class InvalidModuleException : WasmException
{
    internal InvalidModuleException(string reason, int offset, int function = -1)
        : base(function < 0 ? $"{reason} (at byte {offset})" : $"{reason} (function {function}, at byte {offset})")
    {
        Reason = reason;
        Offset = offset;
        FunctionIndex = function;
    }

    /// <summary>What is wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>Where in the module's bytes.</summary>
    public int Offset { get; }

    /// <summary>The function whose body is wrong, imports counted, or -1.</summary>
    public int FunctionIndex { get; }
}

/// <summary>A module's imports are not met: one is unknown or of another type (specification, section 4.5.4).</summary>
public sealed class LinkException : WasmException
{
    internal LinkException(string message)
        : base(message)
    {
    }
}

/// <summary>A module, an instance or a compilation went over one of the <see cref="StoreLimits"/>.</summary>
public sealed class LimitException : WasmException
{
    internal LimitException(string limit, long maximum, int offset = -1)
        : base(offset < 0 ? $"over the limit {limit} = {maximum}" : $"over the limit {limit} = {maximum} (at byte {offset})")
    {
        Limit = limit;
        Maximum = maximum;
        Offset = offset;
    }

    /// <summary>The name of the option in <see cref="StoreLimits"/>.</summary>
    public string Limit { get; }

    /// <summary>The option's value, in its unit.</summary>
    public long Maximum { get; }

    /// <summary>Where in the module's bytes, or -1.</summary>
    public int Offset { get; }
}
