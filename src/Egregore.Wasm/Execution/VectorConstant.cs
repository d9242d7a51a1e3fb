using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Egregore.Wasm.Execution;

/// <summary>Vectors from their halves, and from a load that leaves the rest zero.</summary>
internal static class VectorConstant
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Create(long low, long high) => Vector128.Create(low, high).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Zero32(uint low) => Vector128.CreateScalar(low).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Zero64(ulong low) => Vector128.CreateScalar(low).AsByte();
}
