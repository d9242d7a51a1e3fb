namespace Egregore.Wasm.Execution;

/// <summary>An emitted method that calls a host function. The address is good as long as this lives.</summary>
internal sealed class HostThunk(nint address, object keepAlive)
{
    public nint Address { get; } = address;

    public object KeepAlive { get; } = keepAlive;
}

/// <summary>The context of a host function: what an instance's context is to an emitted function.</summary>
internal sealed class HostFunction(Store store, Delegate function, HostThunk thunk)
{
    internal readonly Delegate Function = function;
    internal readonly Store Store = store;

    public HostThunk Thunk { get; } = thunk;

    /// <summary>Enters the host; gives the calls that were left before, for <see cref="Leave"/>.</summary>
    public int Enter(int callsLeft)
    {
        StackGuard.Check(callsLeft);
        int before = Store.CallsLeft;
        Store.CallsLeft = callsLeft & -StackGuard.Interval;
        return before;
    }

    public void Leave(int before) => Store.CallsLeft = before;

    /// <summary>Leaves the host by an exception, which is remembered as the host's own.</summary>
    public void Fail(int before, Exception exception)
    {
        Store.CallsLeft = before;
        Store.HostException = exception;
    }

    /// <summary>A function that the host gives to WebAssembly has to be of the same store.</summary>
    public Func? Check(Func? result)
    {
        if (result is not null && result.Store != Store) throw new InvalidOperationException("A host function returned a function of another store.");
        return result;
    }

    /// <summary>Runs a <see cref="FuncCallback"/>.</summary>
    public Value[] Run(Value[] arguments, int callsLeft, int resultCount)
    {
        int before = Enter(callsLeft);
        try
        {
            var results = new Value[resultCount];
            ((FuncCallback)Function)(arguments, results);
            Store.CallsLeft = before;
            return results;
        }
        catch (Exception e)
        {
            Fail(before, e);
            throw;
        }
    }
}
