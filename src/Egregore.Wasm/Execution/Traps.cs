namespace Egregore.Wasm.Execution;

/// <summary>Tells what an exception that leaves WebAssembly means to the host.</summary>
internal static class Traps
{
    /// <summary>
    /// The trap that an exception of the runtime stands for: emitted code relies on .NET's own checks of array bounds and divisions. Null where the exception is to go
    /// on as it is, because it is a trap already or came from a host function.
    /// </summary>
    public static Exception? Translate(Func function, Exception exception)
    {
        Store store = function.Store;
        if (ReferenceEquals(store.HostException, exception))
        {
            store.HostException = null;
            return null;
        }

        return exception switch
        {
            IndexOutOfRangeException => new TrapException(TrapCode.MemoryOutOfBounds, exception),
            DivideByZeroException => new TrapException(TrapCode.IntegerDivideByZero, exception),
            ArithmeticException => new TrapException(TrapCode.IntegerOverflow, exception),
            _ => null,
        };
    }
}
