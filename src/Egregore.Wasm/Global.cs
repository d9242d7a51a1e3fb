using System.Runtime.Intrinsics;

namespace Egregore.Wasm;

/// <summary>A global that is shared between instances, or between one and the host.</summary>
public sealed class Global
{
    // One field a type, which emitted code reads and writes directly; only the one of the global's type is used.
    internal int I32;
    internal long I64;
    internal float F32;
    internal double F64;
    internal Vector128<byte> V128;
    internal object? Reference;

    /// <summary>A global with its first value.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="type">Its type.</param>
    /// <param name="value">Its first value.</param>
    /// <exception cref="ArgumentException">A reference that is not of the type, or a function of another store.</exception>
    public Global(Store store, GlobalType type, Value value)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        Store = store;
        Type = type;
        Write(value);
    }

    /// <summary>Its store.</summary>
    public Store Store { get; }

    /// <summary>Its type.</summary>
    public GlobalType Type { get; }

    /// <summary>What it holds now.</summary>
    /// <exception cref="InvalidOperationException">An immutable global is set.</exception>
    /// <exception cref="ArgumentException">A reference set is not of the type, or a function of another store.</exception>
    public Value Value
    {
        get => Type.Type switch
        {
            ValueType.I32 => Value.FromI32(I32),
            ValueType.I64 => Value.FromI64(I64),
            ValueType.F32 => Value.FromF32(F32),
            ValueType.F64 => Value.FromF64(F64),
            ValueType.V128 => Value.FromV128(V128),
            _ => Value.FromExtern(Reference),
        };
        set
        {
            if (!Type.Mutable) throw new InvalidOperationException("The global is immutable.");
            Write(value);
        }
    }

    private void Write(Value value)
    {
        switch (Type.Type)
        {
            case ValueType.I32: I32 = value.I32; break;
            case ValueType.I64: I64 = value.I64; break;
            case ValueType.F32: F32 = value.F32; break;
            case ValueType.F64: F64 = value.F64; break;
            case ValueType.V128: V128 = value.V128; break;
            default:
                if (Type.Type == ValueType.FuncRef && value.Extern is { } reference && (reference is not Func func || func.Store != Store))
                    throw new ArgumentException("Not a function of this store.", nameof(value));
                Reference = value.Extern;
                break;
        }
    }
}
