namespace Egregore.Wasm;

/// <summary>One WebAssembly function on the stack when a trap happened.</summary>
/// <param name="FunctionIndex">The function's index in its module, imports counted.</param>
/// <param name="FunctionName">Its name from the module's name section, or null.</param>
/// <param name="ModuleName">The module's own name from the name section, or null.</param>
public readonly record struct WasmFrame(int FunctionIndex, string? FunctionName, string? ModuleName)
{
    /// <inheritdoc/>
    public override string ToString() => $"{ModuleName ?? "wasm"}[{FunctionIndex}] {FunctionName ?? "?"}";
}
