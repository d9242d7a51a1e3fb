using Egregore.Work;

namespace Egregore.Kernels.Terrain;

/// <summary>Only kinds that the land is made of, bedrock at the bottom and air at the top of every column; sampled columns are made again and must agree block for block.</summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class TerrainInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 8;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !TerrainInput.TryRead(input, out TerrainInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!TerrainOutput.TryRead(output, out TerrainOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        Span<byte> kinds = stackalloc byte[8 + TerrainInput.VeinsMax];
        int count = task.Kinds(kinds);
        if (answer.Blocks.IndexOfAnyExcept(kinds[..count]) >= 0)
            return InvariantVerdict.Broken("a block that this land is not made of");
        for (int at = 0; at < TerrainOutput.Bytes; at += TerrainInput.Height)
        {
            // The ground ends at 62, so only water that stands to the brim may be in the highest layer.
            byte top = answer.Blocks[at + TerrainInput.Height - 1];
            if (answer.Blocks[at] != kinds[7] || (top != 0 && top != kinds[6]))
                return InvariantVerdict.Broken("a column's floor or its sky");
        }
        Sample sample = Sample.Of(shared, input, salt);
        Span<byte> column = stackalloc byte[TerrainInput.Height];
        for (int i = 0; i < Sampled; i++)
        {
            int place = sample.Next(TerrainInput.Size * TerrainInput.Size);
            task.Column(place % TerrainInput.Size, place / TerrainInput.Size, column);
            if (!column.SequenceEqual(answer.Column(place % TerrainInput.Size, place / TerrainInput.Size)))
                return InvariantVerdict.Broken("a column that its noise does not give");
        }
        return InvariantVerdict.Held;
    }
}
