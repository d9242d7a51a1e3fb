using System.Numerics;
using System.Runtime.CompilerServices;

namespace Egregore.WebRtc.Sctp;

/// <summary>
/// Arrays for queues that grow in a burst and shrink after it, shared by all connections of the process: lengths are powers of two, and any thread gets what any other gave back.
/// </summary>
/// <remarks>
/// <see cref="System.Buffers.ArrayPool{T}.Shared"/> keeps an array of each length for each thread that returned one, and nobody else finds it there: a queue that one thread fills and
/// another empties allocates again and again. Here one lock is taken for a burst, not for a message. At most <see cref="KeptBytesMax"/> are kept for each type of element, and
/// what nobody wanted from one full garbage collection to the next is let go. What a rented array holds is undefined.
/// </remarks>
internal static class SharedArrays<T>
{
    /// <summary>Bytes that are kept at most, for each type of element.</summary>
    public const int KeptBytesMax = 16 << 20;

    private const int LengthMin = 16;
    private const int Kinds = 21;

    private static readonly Lock Gate = new();
    private static readonly Kept[] Free = new Kept[Kinds];
    private static long keptBytes;

    private struct Kept
    {
        public T[]?[]? Arrays;
        public int Count;

        /// <summary>The lowest count since the latest full collection: so many were not wanted.</summary>
        public int CountLeast;
    }

#pragma warning disable CA1810 // Nothing would name the collector's observer otherwise.
    static SharedArrays() => _ = new Trimmer();
#pragma warning restore CA1810

    /// <summary>Bytes kept at the moment.</summary>
    public static long KeptBytes => Volatile.Read(ref keptBytes);

    /// <summary>An array of at least a length, whose own length is a power of two, 16 or more.</summary>
    public static T[] Rent(int length)
    {
        int kind = KindOf(length);
        if (kind >= Kinds) return new T[checked((int)BitOperations.RoundUpToPowerOf2((uint)length))];
        lock (Gate)
        {
            ref Kept kept = ref Free[kind];
            if (kept.Count > 0)
            {
                T[] array = kept.Arrays![--kept.Count]!;
                kept.Arrays[kept.Count] = null;
                kept.CountLeast = Math.Min(kept.CountLeast, kept.Count);
                keptBytes -= BytesOf(kind);
                return array;
            }
        }
        return new T[LengthMin << kind];
    }

    /// <summary>Takes a rented array back. References in it are the caller's to clear.</summary>
    public static void Return(T[] array)
    {
        int kind = KindOf(array.Length);
        if (kind >= Kinds) return;
        if (array.Length != LengthMin << kind) throw new ArgumentException("The array was not rented here.", nameof(array));
        lock (Gate)
        {
            if (keptBytes + BytesOf(kind) > KeptBytesMax) return;
            ref Kept kept = ref Free[kind];
            kept.Arrays ??= new T[]?[4];
            if (kept.Count == kept.Arrays.Length) Array.Resize(ref kept.Arrays, kept.Count * 2);
            kept.Arrays[kept.Count++] = array;
            keptBytes += BytesOf(kind);
        }
    }

    /// <summary>Lets go of what nobody wanted since the last call.</summary>
    public static void Trim()
    {
        lock (Gate)
        {
            for (int kind = 0; kind < Kinds; kind++)
            {
                ref Kept kept = ref Free[kind];
                for (; kept.CountLeast > 0; kept.CountLeast--)
                {
                    kept.Arrays![--kept.Count] = null;
                    keptBytes -= BytesOf(kind);
                }
                kept.CountLeast = kept.Count;
            }
        }
    }

    private static int KindOf(int length) => BitOperations.Log2((uint)(Math.Max(length, LengthMin) - 1)) + 1 - BitOperations.Log2(LengthMin);

    private static long BytesOf(int kind) => (long)Unsafe.SizeOf<T>() * LengthMin << kind;

    /// <summary>Nobody refers to it, so its finalizer runs after each collection of its generation: after the first two, each full one.</summary>
    private sealed class Trimmer
    {
        ~Trimmer()
        {
            Trim();
            GC.ReRegisterForFinalize(this);
        }
    }
}
