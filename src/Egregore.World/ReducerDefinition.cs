using System.Text;
using Egregore.Wire;

namespace Egregore.World;

/// <summary>What a game registered of a reducer.</summary>
public abstract class ReducerDefinition
{
    private protected ReducerDefinition(string name)
    {
        Name = name;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
    }

    /// <summary>The reducer's name, as an action request uses it.</summary>
    public string Name { get; }

    /// <summary>Whether clients run it on their cache at once.</summary>
    public bool IsPredicted { get; private set; }

    /// <summary>Whether only truth may start it (lifecycle and scheduled reducers).</summary>
    public bool IsInternal { get; private protected set; }

    internal byte[] NameUtf8 { get; }

    /// <summary>Lets clients run it on their cache at once, and truth confirm it or roll it back.</summary>
    public ReducerDefinition Predicted()
    {
        IsPredicted = true;
        return this;
    }

    /// <summary>Refuses it to clients: only <see cref="ReducerContext.Schedule"/> starts it.</summary>
    public ReducerDefinition Internal()
    {
        IsInternal = true;
        return this;
    }

    /// <summary>The arguments' object, or null where the bytes are not this reducer's argument table.</summary>
    internal abstract object? ReadArguments(ReadOnlySpan<byte> bytes);

    internal abstract void Invoke(ReducerContext context, object arguments);
}

/// <summary>A reducer with arguments of <typeparamref name="TArgs"/>.</summary>
public sealed class ReducerDefinition<TArgs> : ReducerDefinition
    where TArgs : class, IFlatTable<TArgs>
{
    private readonly Action<ReducerContext, TArgs> _body;

    internal ReducerDefinition(string name, Action<ReducerContext, TArgs> body)
        : base(name) => _body = body;

    internal override object? ReadArguments(ReadOnlySpan<byte> bytes) => TArgs.TryRead(bytes, out TArgs? arguments) == VerifyError.None ? arguments : null;

    internal override void Invoke(ReducerContext context, object arguments) => _body(context, (TArgs)arguments);
}

/// <summary>A lifecycle reducer: no arguments, started by truth.</summary>
internal sealed class LifecycleReducer : ReducerDefinition
{
    private static readonly object Nothing = new();
    private readonly Action<ReducerContext> _body;

    public LifecycleReducer(string name, Action<ReducerContext> body)
        : base(name)
    {
        _body = body;
        IsInternal = true;
    }

    internal override object? ReadArguments(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? Nothing : null;

    internal override void Invoke(ReducerContext context, object arguments) => _body(context);
}
