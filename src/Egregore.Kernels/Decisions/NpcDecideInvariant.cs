using Egregore.Work;

namespace Egregore.Kernels.Decisions;

/// <summary>Every pick is an action and every score finite and within the weights; sampled characters are decided again, and pick, next best and score must agree bit for bit.</summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class NpcDecideInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 4;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !NpcDecideInput.TryRead(input, out NpcDecideInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!NpcDecideOutput.TryRead(output, task.Npcs, task.Actions, out NpcDecideOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        Span<DecideAction> actions = stackalloc DecideAction[NpcDecideInput.ActionsMax];
        actions = actions[..task.Actions];
        for (int i = 0; i < actions.Length; i++)
            actions[i] = task.Action(i);
        Span<DecideConsideration> considerations = stackalloc DecideConsideration[NpcDecideInput.ConsiderationsMax];
        for (int i = 0; i < task.Considerations; i++)
            considerations[i] = task.Consideration(i);
        for (int npc = 0; npc < task.Npcs; npc++)
        {
            (int pick, float score) = (answer.Pick(npc), answer.Score(npc));
            bool plausible = pick == NpcDecideOutput.None
                ? BitConverter.SingleToInt32Bits(score) == 0 && answer.Second(npc) == NpcDecideOutput.None
                : score > 0 && score <= actions[pick].Weight && answer.Second(npc) != pick;
            if (!plausible)
                return InvariantVerdict.Broken("a score that its action cannot have");
        }
        Sample sample = Sample.Of(shared, input, salt);
        for (int i = 0; i < Sampled + (task.Npcs / 128) && task.Npcs > 0; i++)
        {
            int npc = sample.Next(task.Npcs);
            (int pick, int second, float score) = Decide(task, npc, actions, considerations);
            if (pick != answer.Pick(npc) || second != answer.Second(npc) || BitConverter.SingleToInt32Bits(score) != BitConverter.SingleToInt32Bits(answer.Score(npc)))
                return InvariantVerdict.Broken("a decision that its facts do not give");
        }
        return InvariantVerdict.Held;
    }

    private static (int Pick, int Second, float Score) Decide(
        NpcDecideInput task, int npc, ReadOnlySpan<DecideAction> actions, ReadOnlySpan<DecideConsideration> considerations)
    {
        (int pick, int second, float best, float next) = (NpcDecideOutput.None, NpcDecideOutput.None, 0, 0);
        for (int i = 0; i < actions.Length; i++)
        {
            float value = Score(task, npc, considerations.Slice(actions[i].FirstConsideration, actions[i].Considerations)) * actions[i].Weight;
            if (value > best)
                (next, second, best, pick) = (best, pick, value, i);
            else if (value > next)
                (next, second) = (value, i);
        }
        return (pick, second, best);
    }

    // The kernel's own arithmetic, operation by operation, so that the bits agree.
    private static float Score(NpcDecideInput task, int npc, ReadOnlySpan<DecideConsideration> considerations)
    {
        float repay = 1 - (1 / (float)Math.Max(considerations.Length, 1));
        float result = 1;
        foreach (ref readonly DecideConsideration each in considerations)
        {
            float t = Unit((task.Fact(npc, each.Fact) - each.Low) / (each.High - each.Low));
            float y = Unit((((((each.A * t) + each.B) * t) + each.C) * t) + each.D);
            result *= y + ((1 - y) * repay * y);
        }
        return result;
    }

    private static float Unit(float value) => value > 0 ? (value < 1 ? value : 1) : 0;
}
