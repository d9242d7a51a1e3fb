namespace Egregore.Wasm;

/// <summary>How an engine compiles.</summary>
public sealed record EngineOptions
{
    /// <summary>Compile a function when it is first called (default), or all of them in the engine's Compile.</summary>
    public bool Lazy { get; init; } = true;

    /// <summary>
    /// Let the code of a module that nothing refers to any more be unloaded (default). Code that stays for the process's life is a little faster to call.
    /// </summary>
    public bool Collectible { get; init; } = true;

    /// <summary>The bounds of modules and of the stores made on this engine.</summary>
    public StoreLimits Limits { get; init; } = StoreLimits.Default;

    /// <summary>The clock for <see cref="StoreLimits.CompileTimeMax"/>; without one that limit is not looked at (default).</summary>
    public TimeProvider? Time { get; init; }
}
