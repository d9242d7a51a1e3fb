using Egregore.Kernels.Decisions;

namespace Egregore.Kernels.Tests;

/// <summary><c>npc-decide</c> against scores in real numbers, and lies about decisions.</summary>
public sealed class NpcDecideTests
{
    [Fact]
    public void The_pick_is_the_best_of_all_scores_and_the_second_the_next()
    {
        int decided = 0;
        for (int seed = 0; seed < 120; seed++)
        {
            byte[] input = Scenes.NpcDecide(new Random(seed), seed % 2).Input;
            Assert.True(NpcDecideInput.TryRead(input, out NpcDecideInput task));
            Assert.True(NpcDecideOutput.TryRead(KernelRun.Of("npc-decide", input).Output, task.Npcs, task.Actions, out NpcDecideOutput answer));
            for (int npc = 0; npc < task.Npcs; npc++)
            {
                var scores = new double[task.Actions];
                for (int action = 0; action < task.Actions; action++) scores[action] = Score(task, npc, task.Action(action));
                double[] order = [.. scores.OrderDescending()];
                Assert.Equal(order[0], answer.Score(npc), 1e-4);
                Assert.Equal(order[0], answer.Pick(npc) == NpcDecideOutput.None ? 0 : scores[answer.Pick(npc)], 1e-4);
                Assert.Equal(order.Length > 1 ? order[1] : 0, answer.Second(npc) == NpcDecideOutput.None ? 0 : scores[answer.Second(npc)], 1e-4);
                decided += answer.Pick(npc) != NpcDecideOutput.None ? 1 : 0;
            }
        }
        Assert.True(decided > 300, $"only {decided} decided");
    }

    [Theory]
    [InlineData("score", "a score that its action cannot have")]
    [InlineData("second", "a score that its action cannot have")]
    [InlineData("nothing", "a score that its action cannot have")]
    [InlineData("action", "the answer's layout")]
    [InlineData("pick", "a decision that its facts do not give")]
    [InlineData("idle", "a decision that its facts do not give")]
    public void Lies_are_seen(string lie, string reason)
    {
        var actions = new DecideAction[] { new(0, 1, 1), new(1, 1, 2), new(0, 2, 1.5f) };
        var considerations = new DecideConsideration[] { new(0, 0, 1, 0, 0, 1, 0.1f), new(1, 0, 1, 0, 0, -1, 1) };
        var random = new Random(1);
        var facts = new float[200];
        for (int i = 0; i < facts.Length; i++) facts[i] = 0.1f + random.NextSingle() * 0.8f;
        var input = new byte[NpcDecideInput.SizeOf(100, 3, 2, 2)];
        NpcDecideInput.Write(input, actions, considerations, 2, facts);
        byte[] output = KernelRun.Of("npc-decide", input).Output;
        Assert.True(new NpcDecideInvariant().Check([], input, output).Holds);
        for (int at = 0; at < output.Length; at += 8)
        {
            Span<byte> npc = output.AsSpan(at, 8);
            switch (lie)
            {
                case "score":
                    npc.F32(4, float.NaN);
                    break;
                case "second":
                    npc[..2].CopyTo(npc[2..]);
                    break;
                case "nothing":
                    npc.U16(0, NpcDecideOutput.None);
                    break;
                case "action":
                    npc.U16(0, 3);
                    break;
                case "pick":
                    int pick = ((ReadOnlySpan<byte>)npc).U16(0);
                    npc.U16(0, ((ReadOnlySpan<byte>)npc).U16(2));
                    npc.U16(2, pick);
                    npc.F32(4, 0.001f);
                    break;
                default:
                    npc.U16(0, NpcDecideOutput.None);
                    npc.U16(2, NpcDecideOutput.None);
                    npc.F32(4, 0);
                    break;
            }
        }
        Assert.Equal(reason, new NpcDecideInvariant().Check([], input, output).Reason);
    }

    private static double Score(NpcDecideInput task, int npc, DecideAction action)
    {
        double score = 1;
        for (int i = 0; i < action.Considerations; i++)
        {
            DecideConsideration each = task.Consideration(action.FirstConsideration + i);
            double t = Math.Clamp((task.Fact(npc, each.Fact) - (double)each.Low) / (each.High - (double)each.Low), 0, 1);
            double y = Math.Clamp(each.A * t * t * t + each.B * t * t + each.C * t + each.D, 0, 1);
            score *= y + (1 - y) * (1 - 1.0 / action.Considerations) * y;
        }
        return score * action.Weight;
    }
}
