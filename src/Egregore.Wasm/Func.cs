using System.Runtime.InteropServices;
using Egregore.Wasm.Execution;

namespace Egregore.Wasm;

/// <summary>A host function that takes and gives values; see <see cref="Func.FromCallback"/>.</summary>
/// <param name="arguments">As many as the type has parameters.</param>
/// <param name="results">As many as the type has results, to be set; zero and null at first.</param>
public delegate void FuncCallback(ReadOnlySpan<Value> arguments, Span<Value> results);

/// <summary>A function: of an instance, or of the host.</summary>
public sealed class Func
{
    // Emitted code reads these: who is called, at which address, and of which type. The address changes once, when a lazily compiled function is compiled.
    internal readonly int TypeId;
    internal readonly object Context;
    internal nint Code;

    internal Func(Store store, CanonicalType type, object context, nint code)
    {
        Store = store;
        Canonical = type;
        TypeId = type.Id;
        Context = context;
        Code = code;
    }

    /// <summary>Its store.</summary>
    public Store Store { get; }

    /// <summary>Its type.</summary>
    public FuncType Type => Canonical.Type;

    internal CanonicalType Canonical { get; }

    /// <summary>
    /// A host function from a delegate. Parameters and result are of int, uint, long, ulong, float, double, <c>Vector128&lt;byte&gt;</c>, <see cref="Func"/> and
    /// object; void for no result. Calls cost a few nanoseconds and nothing is allocated.
    /// </summary>
    /// <param name="store">The store that it will belong to.</param>
    /// <param name="function">What runs. Its exceptions pass through WebAssembly to the host that called it.</param>
    /// <exception cref="ArgumentException">The delegate's signature has another type.</exception>
    public static Func FromDelegate(Store store, Delegate function)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(function);
        FuncType type = ClrTypes.FuncTypeOf(function.GetType());
        HostThunk thunk = ThunkEmitter.EmitHost(type, function.GetType());
        return new Func(store, store.Engine.Types.Intern(type), new HostFunction(store, function, thunk), thunk.Address);
    }

    /// <summary>A host function of any type, several results among them.</summary>
    /// <param name="store">The store that it will belong to.</param>
    /// <param name="type">Its type.</param>
    /// <param name="function">What runs. Its exceptions pass through WebAssembly to the host that called it.</param>
    public static Func FromCallback(Store store, FuncType type, FuncCallback function)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(function);
        store.ReserveResults(type.Results.Length);
        HostThunk thunk = ThunkEmitter.EmitCallback(type);
        return new Func(store, store.Engine.Types.Intern(type), new HostFunction(store, function, thunk), thunk.Address);
    }

    /// <summary>Calls the function.</summary>
    /// <param name="arguments">As many as it has parameters, of their types.</param>
    /// <param name="results">Room for as many as it has results.</param>
    /// <exception cref="TrapException">It trapped.</exception>
    /// <exception cref="ArgumentException">Not as many as the type says, or a reference of another type or store.</exception>
    public void Invoke(ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        FuncType type = Type;
        if (arguments.Length != type.Parameters.Length) throw new ArgumentException($"The function takes {type.Parameters.Length} arguments.", nameof(arguments));
        if (results.Length < type.Results.Length) throw new ArgumentException($"The function has {type.Results.Length} results.", nameof(results));
        for (int i = 0; i < arguments.Length; i++)
        {
            if (type.Parameters[i] == ValueType.FuncRef && arguments[i].Extern is { } reference && (reference is not Func func || func.Store != Store))
                throw new ArgumentException($"Argument {i} is not a function of this store.", nameof(arguments));
        }

        Canonical.Invoke(this, ref MemoryMarshal.GetReference(arguments), ref MemoryMarshal.GetReference(results));
    }

    /// <summary>Calls the function and gives its results in a new array.</summary>
    /// <param name="arguments">As many as it has parameters, of their types.</param>
    /// <exception cref="TrapException">It trapped.</exception>
    /// <exception cref="ArgumentException">Not as many as the type says, or a reference of another type or store.</exception>
    public Value[] Invoke(params ReadOnlySpan<Value> arguments)
    {
        var results = new Value[Type.Results.Length];
        Invoke(arguments, results);
        return results;
    }

    /// <summary>
    /// The function as a delegate: the direct call, which allocates nothing. Keep it; making it takes a while. The delegate throws <see cref="TrapException"/>
    /// where the function traps, and may be called wherever <see cref="Invoke(ReadOnlySpan{Value}, Span{Value})"/> may.
    /// </summary>
    /// <typeparam name="TDelegate">A delegate of the function's type, such as <c>Func&lt;int, int, int&gt;</c>, by the types named at <see cref="FromDelegate"/>.</typeparam>
    /// <exception cref="ArgumentException">The delegate's signature is not the function's type, or the function has several results.</exception>
    public TDelegate As<TDelegate>()
        where TDelegate : Delegate
    {
        FuncType type = ClrTypes.FuncTypeOf(typeof(TDelegate));
        if (!type.Equals(Type)) throw new ArgumentException($"The function is of type {Type}, the delegate of {type}.");
        return ThunkEmitter.EmitEntry(type, typeof(TDelegate)).CreateDelegate<TDelegate>(this);
    }
}
