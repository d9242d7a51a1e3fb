using System.Numerics;
using Egregore.Work;

namespace Egregore.Kernels.Terrain;

/// <summary>Only kinds that the land is made of, bedrock at the bottom and air at the top of every column; sampled columns are made again and must agree block for block.</summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class TerrainInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 4;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !TerrainTask.TryRead(input, out TerrainTask task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!TerrainOutput.TryRead(output, out TerrainOutput answer) || answer.Chunks != task.Chunks)
            return InvariantVerdict.Broken("the answer's layout");
        Sample sample = Sample.Of(shared, input, salt);
        for (int i = 0, at = 0; i < task.Chunks; i++)
        {
            TerrainInput chunk = task.ChunkAt(at);
            at += chunk.Length;
            if (Chunk(chunk, answer, i, ref sample) is { } wrong)
                return InvariantVerdict.Broken(wrong);
        }
        return InvariantVerdict.Held;
    }

    private static string? Chunk(TerrainInput chunk, TerrainOutput answer, int index, ref Sample sample)
    {
        ReadOnlySpan<byte> blocks = answer.Blocks.Slice(index * TerrainOutput.Bytes, TerrainOutput.Bytes);
        Span<byte> kinds = stackalloc byte[8 + TerrainInput.VeinsMax];
        if (!OnlyOf(blocks, kinds[..chunk.Kinds(kinds)]))
            return "a block that this land is not made of";
        for (int at = 0; at < TerrainOutput.Bytes; at += TerrainInput.Height)
        {
            // The ground ends at 62, so only water that stands to the brim may be in the highest layer.
            byte top = blocks[at + TerrainInput.Height - 1];
            if (blocks[at] != kinds[7] || (top != 0 && top != kinds[6]))
                return "a column's floor or its sky";
        }
        Span<byte> column = stackalloc byte[TerrainInput.Height];
        for (int i = 0; i < Sampled; i++)
        {
            (int x, int z) = (sample.Next(TerrainInput.Size), sample.Next(TerrainInput.Size));
            chunk.Column(x, z, column);
            if (!column.SequenceEqual(answer.Column(x, z, index)))
                return "a column that its noise does not give";
        }
        return null;
    }

    // A dozen kinds are more than the library's own search takes at once.
    private static bool OnlyOf(ReadOnlySpan<byte> blocks, ReadOnlySpan<byte> kinds)
    {
        for (int at = 0; at < blocks.Length; at += Vector<byte>.Count)
        {
            var some = new Vector<byte>(blocks[at..]);
            Vector<byte> known = Vector<byte>.Zero;
            foreach (byte kind in kinds)
                known |= Vector.Equals(some, new Vector<byte>(kind));
            if (!Vector.EqualsAll(known, Vector<byte>.AllBitsSet))
                return false;
        }
        return true;
    }
}
