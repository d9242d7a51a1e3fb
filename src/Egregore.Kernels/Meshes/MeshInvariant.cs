using Egregore.Work;

namespace Egregore.Kernels.Meshes;

/// <summary>All quads lie in the block and are in order; the quads of sampled layers are made again, so there every exposed face is covered once, with its kind and occlusion, and no other.</summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class MeshInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 1;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !MeshInput.TryRead(input, out MeshInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!MeshOutput.TryRead(output, task.Width, task.Height, task.Depth, out MeshOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        Sample sample = Sample.Of(shared, input, salt);
        Span<int> mask = stackalloc int[MeshInput.SideMax * MeshInput.SideMax];
        for (int i = 0; i < Sampled + ((task.Width + task.Height + task.Depth) / 32); i++)
        {
            int face = sample.Next(6);
            int slice = sample.Next(task.Slices(face));
            if (!new MeshLayer(task, face, slice, mask).Makes(answer.Layer(face, slice)))
                return InvariantVerdict.Broken("a layer whose faces are not these");
        }
        return InvariantVerdict.Held;
    }
}
