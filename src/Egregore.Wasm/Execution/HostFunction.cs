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

    /// <summary>
    /// Enters the host; gives the calls that were left before, for <see cref="Leave"/>. The host's own frames are larger than emitted ones, and its handlers of
    /// exceptions may nest: so few levels of host and WebAssembly in turn are allowed.
    /// </summary>
    public int Enter(int callsLeft)
    {
        StackGuard.Check(callsLeft);
        int before = Store.CallsLeft;
        Store.CallsLeft = (callsLeft & -StackGuard.Interval) - StackGuard.HostCost;
        return before;
    }

    public void Leave(int before) => Store.CallsLeft = before;

    /// <summary>A filter that remembers an exception as the host's own, and lets it pass.</summary>
    public static bool Note(object exception, HostFunction function)
    {
        function.Store.HostException = (Exception)exception;
        return false;
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
            return results;
        }
        catch (Exception e) when (Note(e, this))
        {
            throw;
        }
        finally
        {
            Leave(before);
        }
    }
}
