using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Egregore.Wasm.Execution;

/// <summary>Casts that the just-in-time compiler does not see as casts.</summary>
internal static class FloatCasts
{
    /// <summary>
    /// <c>f32.demote_f64</c>. By the machine's own instruction, because RyuJIT folds a cast to double and back to nothing, which leaves a signalling NaN signalling.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Demote(double value)
    {
        if (Sse2.IsSupported) return Sse2.ConvertScalarToVector128Single(Vector128<float>.Zero, Vector128.CreateScalarUnsafe(value)).ToScalar();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ConvertToSingleLower(Vector128.CreateScalarUnsafe(value)).ToScalar();
        return (float)value;
    }
}
