namespace Egregore.Wasm.Execution;

/// <summary>
/// Tells what an exception that leaves WebAssembly means to the host. Asked by exception filters, so that an exception that only passes is never caught and thrown
/// again: each time would keep the stack below it, and a deep recursion through the host would run out of it.
/// </summary>
internal static class Traps
{
    /// <summary>
    /// Whether an exception of the runtime stands for a trap: emitted code relies on .NET's own check of array bounds. Not where it is a trap already or came
    /// from a host function.
    /// </summary>
    public static bool IsRaw(object exception, Func function)
    {
        Store store = function.Store;
        if (!ReferenceEquals(store.HostException, exception)) return exception is IndexOutOfRangeException or ArithmeticException;
        store.HostException = null;
        return false;
    }

    /// <summary>The trap that an exception of the runtime stands for.</summary>
    public static TrapException Translate(object exception) => exception switch
    {
        DivideByZeroException divide => new TrapException(TrapCode.IntegerDivideByZero, divide),
        ArithmeticException overflow => new TrapException(TrapCode.IntegerOverflow, overflow),
        _ => new TrapException(TrapCode.MemoryOutOfBounds, (Exception)exception),
    };
}
