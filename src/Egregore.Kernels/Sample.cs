using System.Buffers.Binary;

namespace Egregore.Kernels;

/// <summary>
/// Which parts of an answer are looked at: a sequence that follows from the task's bytes and a salt. Without a salt a helper can compute it too and lie elsewhere; a coordinator
/// that keeps its salt to itself cannot be foreseen. It is a fast keyed mix, not a cryptographic one: who sees many verdicts might in time learn about the salt, so change it.
/// </summary>
internal struct Sample
{
    private const ulong Odd = 0x9E3779B97F4A7C15;
    private ulong _state;

    private Sample(ulong state) => _state = state;

    /// <summary>The sample of a task.</summary>
    public static Sample Of(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ulong salt) => new(Mix(Mix(salt ^ Odd, shared), input));

    /// <summary>The next number below <paramref name="bound"/>, which is at least 1.</summary>
    public int Next(int bound)
    {
        _state += Odd;
        return (int)Math.BigMul(Scramble(_state), (ulong)bound, out _);
    }

    private static ulong Mix(ulong hash, ReadOnlySpan<byte> bytes)
    {
        hash = Scramble(hash + (ulong)bytes.Length);
        // Four beside each other: one alone waits for its own product at each word, and a scene has a million bytes.
        (ulong a, ulong b) = (hash, Scramble(hash + Odd));
        (ulong c, ulong d) = (Scramble(a + b), Scramble(a ^ b));
        for (; bytes.Length >= 32; bytes = bytes[32..])
        {
            a = Step(a, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            b = Step(b, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            c = Step(c, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
            d = Step(d, BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
        }
        hash = Step(Step(Step(a, b), c), d);
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = Step(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte rest in bytes)
            hash = (hash ^ rest) * Odd;
        return Scramble(hash);
    }

    private static ulong Step(ulong hash, ulong word) => (ulong.RotateLeft(hash, 23) ^ word) * Odd;

    private static ulong Scramble(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
