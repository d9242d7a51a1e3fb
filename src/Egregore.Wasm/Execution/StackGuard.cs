using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Egregore.Wasm.Execution;

/// <summary>
/// Keeps emitted code inside the thread's stack, since an overflow would end the process. Every function that calls carries the number of calls left; when that is a
/// multiple of <see cref="Interval"/> it looks at the stack itself. The runtime promises 128 KiB at each look: room for as many frames of
/// <see cref="SmallFrameBytes"/> as an interval has, and then for the host. A function whose frame may be larger looks at every entry, and asks for its own size.
/// </summary>
internal static class StackGuard
{
    /// <summary>Calls between two looks at the stack; a power of two.</summary>
    public const int Interval = 16;

    /// <summary>Calls that a call into the host counts for, over its own; a multiple of <see cref="Interval"/>.</summary>
    public const int HostCost = 48;

    /// <summary>Bytes of a frame that need no look of their own.</summary>
    public const int SmallFrameBytes = 2_048;

    /// <summary>Bytes that compiling a function may take on the stack.</summary>
    public const int CompilerBytes = 256 * 1_024;

    private const int ProbeBytes = 48 * 1_024;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Check(int callsLeft)
    {
        if (callsLeft <= 0 || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) TrapException.Throw(TrapCode.CallStackExhausted);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void CheckLarge(int callsLeft, int frameBytes)
    {
        if (callsLeft <= 0 || !HasRoom(frameBytes - ProbeBytes)) TrapException.Throw(TrapCode.CallStackExhausted);
    }

    /// <summary>Whether so many bytes, and the runtime's reserve behind them, are left: found by going there in steps that are each within the reserve.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    public static bool HasRoom(int bytes)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) return false;
        if (bytes <= 0) return true;
        Span<byte> step = stackalloc byte[ProbeBytes];
        MemoryMarshal.GetReference(step) = 1;
        return HasRoom(bytes - ProbeBytes) && MemoryMarshal.GetReference(step) == 1;
    }
}
