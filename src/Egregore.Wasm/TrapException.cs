using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Egregore.Wasm;

/// <summary>
/// WebAssembly code trapped. The instance stays usable, as the specification has it: what was written before the trap remains written.
/// </summary>
public sealed class TrapException : WasmException
{
    private IReadOnlyList<WasmFrame>? backtrace;

    /// <summary>A trap of a kind.</summary>
    /// <param name="code">Why.</param>
    public TrapException(TrapCode code)
        : base(TextOf(code)) => Code = code;

    internal TrapException(TrapCode code, Exception inner)
        : base(TextOf(code), inner) => Code = code;

    /// <summary>Why.</summary>
    public TrapCode Code { get; }

    /// <summary>
    /// The WebAssembly functions that were active, innermost first, of all the instances on the stack down to where the exception was caught. A small function
    /// that was inlined into its caller is not listed. Read it after the exception was caught.
    /// </summary>
    public IReadOnlyList<WasmFrame> Backtrace => backtrace ??= Execution.Backtrace.Of(InnerException ?? this);

    /// <summary>The text of a code, as the official test suite words it.</summary>
    /// <param name="code">The code.</param>
    public static string TextOf(TrapCode code) => code switch
    {
        TrapCode.Unreachable => "unreachable",
        TrapCode.MemoryOutOfBounds => "out of bounds memory access",
        TrapCode.TableOutOfBounds => "out of bounds table access",
        TrapCode.IndirectCallToNull => "uninitialized element",
        TrapCode.UndefinedElement => "undefined element",
        TrapCode.IndirectCallTypeMismatch => "indirect call type mismatch",
        TrapCode.IntegerDivideByZero => "integer divide by zero",
        TrapCode.IntegerOverflow => "integer overflow",
        TrapCode.InvalidConversionToInteger => "invalid conversion to integer",
        TrapCode.CallStackExhausted => "call stack exhausted",
        TrapCode.OutOfFuel => "out of fuel",
        _ => throw new ArgumentOutOfRangeException(nameof(code)),
    };

    /// <summary>Throws; kept out of line so that the callers stay small.</summary>
    [DoesNotReturn]
    [StackTraceHidden]
    internal static void Throw(TrapCode code) => throw new TrapException(code);
}
