namespace Egregore.Wasm;

/// <summary>The type of a value, as the binary format numbers it (specification, section 5.3).</summary>
public enum ValueType : byte
{
    /// <summary>A 32-bit integer.</summary>
    I32 = 0x7F,

    /// <summary>A 64-bit integer.</summary>
    I64 = 0x7E,

    /// <summary>A 32-bit float (IEEE 754).</summary>
    F32 = 0x7D,

    /// <summary>A 64-bit float (IEEE 754).</summary>
    F64 = 0x7C,

    /// <summary>A 128-bit vector.</summary>
    V128 = 0x7B,

    /// <summary>A reference to a function, or null.</summary>
    FuncRef = 0x70,

    /// <summary>A reference to an object of the host, or null.</summary>
    ExternRef = 0x6F,
}
