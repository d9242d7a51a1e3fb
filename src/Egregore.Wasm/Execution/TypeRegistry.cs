namespace Egregore.Wasm.Execution;

/// <summary>
/// Gives equal function types of all an engine's modules one identity, which an indirect call compares as one number. Types that nothing refers to any more are
/// forgotten, so that modules coming and going do not add up; a number is never used again.
/// </summary>
internal sealed class TypeRegistry
{
    private readonly Dictionary<FuncType, WeakReference<CanonicalType>> types = [];
    private readonly Lock gate = new();
    private int nextId;
    private int sweepAt = 256;

    public CanonicalType Intern(FuncType type)
    {
        lock (gate)
        {
            if (types.TryGetValue(type, out WeakReference<CanonicalType>? known) && known.TryGetTarget(out CanonicalType? canonical)) return canonical;
            if (types.Count >= sweepAt)
            {
                foreach ((FuncType key, WeakReference<CanonicalType> value) in types)
                {
                    if (!value.TryGetTarget(out _)) types.Remove(key);
                }

                sweepAt = Math.Max(256, types.Count * 2);
            }

            canonical = new CanonicalType(type, checked(++nextId));
            types[type] = new WeakReference<CanonicalType>(canonical);
            return canonical;
        }
    }
}

/// <summary>A function type's identity in an engine.</summary>
internal sealed class CanonicalType(FuncType type, int id)
{
    private InvokeThunk? invoke;

    public FuncType Type { get; } = type;

    public int Id { get; } = id;

    /// <summary>How the host calls a function of this type with values; made when first needed.</summary>
    public InvokeThunk Invoke => invoke ?? Interlocked.CompareExchange(ref invoke, ThunkEmitter.EmitInvoke(Type), null) ?? invoke;
}
