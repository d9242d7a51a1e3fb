using Egregore.Wasm.Execution;

namespace Egregore.Wasm;

/// <summary>Compiles modules. Safe for several threads at once.</summary>
public sealed class Engine : IDisposable
{
    private bool disposed;

    /// <summary>An engine with the options given, or the defaults.</summary>
    /// <param name="options">The options.</param>
    public Engine(EngineOptions? options = null) => Options = options ?? new EngineOptions();

    /// <summary>How it compiles.</summary>
    public EngineOptions Options { get; }

    internal TypeRegistry Types { get; } = new();

    /// <summary>
    /// Decodes and validates a module (specification, chapters 5 and 3), and compiles its functions now where <see cref="EngineOptions.Lazy"/> is off.
    /// </summary>
    /// <param name="bytes">The module; copied.</param>
    /// <exception cref="MalformedModuleException">The bytes are not a module.</exception>
    /// <exception cref="InvalidModuleException">The module breaks a validation rule.</exception>
    /// <exception cref="LimitException">The module is over a limit, or took too long to compile.</exception>
    /// <exception cref="ObjectDisposedException">The engine is disposed.</exception>
    public Module Compile(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var module = new Module(this, Module.Decode(bytes, Options.Limits));
        if (!Options.Lazy) module.Code.CompileAll();
        return module;
    }

    /// <summary>Refuses further modules. Those compiled before keep working; their code goes when nothing refers to it.</summary>
    public void Dispose() => disposed = true;
}
