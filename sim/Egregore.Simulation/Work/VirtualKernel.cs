using System.Buffers.Binary;
using Egregore.Work;

namespace Egregore.Simulation.Work;

/// <summary>
/// A kernel without a module: its output and fuel follow from the task's number in the input. One output byte is bound to the input by an invariant that is far cheaper than
/// the run, as the standard kernels' are; the other bytes are not, so an answer can be wrong and hold it.
/// </summary>
internal sealed class VirtualKernel : IInvariant
{
    public const int InputBytes = 24;
    public const int OutputBytes = 32;
    private const ulong FuelMin = 400_000;
    private const int FuelSpread = 3_200_000;

    public static void Input(ulong number, Span<byte> input)
    {
        input.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(input, number);
    }

    public static ulong Number(ReadOnlySpan<byte> input) => BinaryPrimitives.ReadUInt64LittleEndian(input);

    public static ulong Fuel(ulong number) => FuelMin + (SimulationRandom.Of(number, 1, 0) % FuelSpread);

    /// <summary>The right output, or with a lie other than 0 a wrong one that holds the invariant and is the same for all who tell that lie.</summary>
    public static void Output(ulong number, ulong lie, Span<byte> output)
    {
        for (var i = 0; i < OutputBytes; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(output[i..], SimulationRandom.Of(number, (ulong)i, lie));
        output[0] = Bound(number);
    }

    public static bool IsRight(ulong number, ReadOnlySpan<byte> output)
    {
        Span<byte> right = stackalloc byte[OutputBytes];
        Output(number, 0, right);
        return output.SequenceEqual(right);
    }

    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output) =>
        output.Length != OutputBytes ? InvariantVerdict.Broken("length")
        : (output[0] & 0x0F) == (Bound(Number(input)) & 0x0F) ? InvariantVerdict.Held : InvariantVerdict.Broken("bound");

    private static byte Bound(ulong number) => (byte)SimulationRandom.Of(number, 2, 0);
}
