using Egregore.Work;

namespace Egregore.Kernels.Lights;

/// <summary>
/// Everywhere a cell is at least as bright as what falls on it or what it gives itself; in sampled columns it is as bright as that or its brightest neighbour less the fade, and no brighter.
/// Light that agrees with its neighbours everywhere is right, as it fades with each step and so must come from somewhere; one that does not disagrees all around a source or a shadow.
/// </summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class LightInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 4;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !LightInput.TryRead(input, out LightInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!LightOutput.TryRead(output, task.Cells.Length, out LightOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        int layer = task.Width * task.Depth;
        Span<byte> falling = layer <= 4096 ? stackalloc byte[layer] : new byte[layer];
        if (Sources(task, output, falling, layer) is { } missing)
            return InvariantVerdict.Broken(missing);
        Sample sample = Sample.Of(shared, input, salt);
        for (int i = 0; i < Sampled + (layer / 128); i++)
        {
            if (Column(task, answer, sample.Next(layer), layer) is { } wrong)
                return InvariantVerdict.Broken(wrong);
        }
        return InvariantVerdict.Held;
    }

    // Layer by layer from above, with the sky light of each column as it falls.
    private static string? Sources(LightInput task, ReadOnlySpan<byte> output, Span<byte> falling, int layer)
    {
        falling.Fill(LightInput.LightMax);
        for (int y = task.Height - 1; y >= 0; y--)
        {
            ReadOnlySpan<byte> kinds = task.Cells.Slice(y * layer, layer);
            ReadOnlySpan<byte> levels = output.Slice(y * layer, layer);
            // Open air under the open sky, which is much of most blocks, at the speed of memory.
            if (task.LookOf(0) == 0 && !falling.ContainsAnyExcept((byte)LightInput.LightMax) && !kinds.ContainsAnyExcept((byte)0))
            {
                if (levels.ContainsAnyInRange((byte)0, (byte)0xEF))
                    return "sky light that nothing takes";
                continue;
            }
            for (int i = 0; i < kinds.Length; i++)
            {
                int look = task.LookOf(kinds[i]);
                if ((look & LightInput.Opaque) != 0)
                    falling[i] = 0;
                else if ((look & LightInput.Dims) != 0 && falling[i] > 0)
                    falling[i]--;
                if (levels[i] >> 4 < falling[i])
                    return "sky light that nothing takes";
                if ((levels[i] & 15) < (look & 15))
                    return "lamp light that nothing takes";
            }
        }
        return null;
    }

    private static string? Column(LightInput task, LightOutput answer, int column, int layer)
    {
        int falling = LightInput.LightMax;
        for (int y = task.Height - 1; y >= 0; y--)
        {
            int cell = column + (y * layer);
            int look = task.Look(cell);
            if ((look & LightInput.Opaque) != 0)
                falling = 0;
            else if ((look & LightInput.Dims) != 0 && falling > 0)
                falling--;
            (int sky, int lamp) = (falling, look & LightInput.LightMax);
            if ((look & LightInput.Opaque) == 0)
                Neighbours(task, answer, cell, layer, ref sky, ref lamp);
            if (sky != answer.Sky(cell))
                return "sky light that its neighbours do not give";
            if (lamp != answer.Lamp(cell))
                return "lamp light that its neighbours do not give";
        }
        return null;
    }

    private static void Neighbours(LightInput task, LightOutput answer, int cell, int layer, ref int sky, ref int lamp)
    {
        (int x, int z, int y) = (cell % task.Width, cell / task.Width % task.Depth, cell / layer);
        if (x > 0)
            Brighter(task, answer, cell - 1, ref sky, ref lamp);
        if (x + 1 < task.Width)
            Brighter(task, answer, cell + 1, ref sky, ref lamp);
        if (z > 0)
            Brighter(task, answer, cell - task.Width, ref sky, ref lamp);
        if (z + 1 < task.Depth)
            Brighter(task, answer, cell + task.Width, ref sky, ref lamp);
        if (y > 0)
            Brighter(task, answer, cell - layer, ref sky, ref lamp);
        if (y + 1 < task.Height)
            Brighter(task, answer, cell + layer, ref sky, ref lamp);
    }

    private static void Brighter(LightInput task, LightOutput answer, int neighbour, ref int sky, ref int lamp)
    {
        sky = Math.Max(sky, answer.Sky(neighbour) - task.Fade);
        lamp = Math.Max(lamp, answer.Lamp(neighbour) - task.Fade);
    }
}
