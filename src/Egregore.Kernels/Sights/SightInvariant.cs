using Egregore.Work;

namespace Egregore.Kernels.Sights;

/// <summary>The bit set's size and its unused bits; sampled lines are walked again and must agree.</summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class SightInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 8;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !SightInput.TryRead(input, out SightInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!SightOutput.TryRead(output, task.Paired, task.Viewers, task.Targets, out SightOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        Sample sample = Sample.Of(shared, input, salt);
        for (int i = 0; i < Sampled + (task.Pairs / 32) && task.Pairs > 0; i++)
        {
            int pair = sample.Next(task.Pairs);
            (int viewer, int target) = task.Paired ? (pair, pair) : (pair / task.Targets, pair % task.Targets);
            if (task.Sees(task.Viewer(viewer), task.Target(target)) != answer.Sees(viewer, target))
                return InvariantVerdict.Broken("a line that is not as claimed");
        }
        return InvariantVerdict.Held;
    }
}
