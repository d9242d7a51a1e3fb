namespace Egregore.Wasm.Binary;

/// <summary>What the validator saw in a function, for the compiler.</summary>
/// <param name="Instructions">Instructions.</param>
/// <param name="Calls">Instructions that call.</param>
/// <param name="Accesses">Loads and stores.</param>
/// <param name="ArgumentsMax">The most arguments that one call passes.</param>
internal readonly record struct FunctionTraits(int Instructions, int Calls, int Accesses, int ArgumentsMax);
