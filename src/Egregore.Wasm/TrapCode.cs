namespace Egregore.Wasm;

/// <summary>Why a module's execution stopped (WebAssembly 2.0, section 4.4; the texts are those of the official test suite).</summary>
public enum TrapCode
{
    /// <summary>"unreachable": the instruction of that name was executed.</summary>
    Unreachable = 0,

    /// <summary>"out of bounds memory access": a load, store, bulk operation or active data segment outside the memory.</summary>
    MemoryOutOfBounds = 1,

    /// <summary>"out of bounds table access": a table instruction or active element segment outside the table.</summary>
    TableOutOfBounds = 2,

    /// <summary>"uninitialized element": an indirect call through a null reference.</summary>
    IndirectCallToNull = 3,

    /// <summary>"undefined element": an indirect call past the table's end.</summary>
    UndefinedElement = 4,

    /// <summary>"indirect call type mismatch": the function called has another type than the call expects.</summary>
    IndirectCallTypeMismatch = 5,

    /// <summary>"integer divide by zero".</summary>
    IntegerDivideByZero = 6,

    /// <summary>"integer overflow": the least integer divided by -1, or a float outside the integer's range.</summary>
    IntegerOverflow = 7,

    /// <summary>"invalid conversion to integer": a NaN truncated to an integer.</summary>
    InvalidConversionToInteger = 8,

    /// <summary>"call stack exhausted": the store's call depth or the thread's stack ran out.</summary>
    CallStackExhausted = 9,

    /// <summary>"out of fuel": a metered module used all that it was given.</summary>
    OutOfFuel = 10,
}
