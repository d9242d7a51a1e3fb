using Egregore.Work.Verification;
using FsCheck;
using FsCheck.Fluent;

namespace Egregore.Work.Tests;

/// <summary>Held against closed forms: moments of a Beta distribution, exponential decay, the chance to escape sampling.</summary>
public sealed class TrustTests
{
    private const long Hour = 3_600_000_000;

    [Theory]
    [InlineData(0, 0, 0.5, 1.0 / 12)]
    [InlineData(8, 0, 0.9, 9.0 / 1_100)]
    [InlineData(98, 0, 0.99, 99.0 / (100.0 * 100 * 101))]
    [InlineData(3, 5, 0.4, 24.0 / 1_100)]
    public void Moments_are_those_of_the_distribution(double right, double wrong, double mean, double variance)
    {
        var trust = default(TrustPosterior);
        trust.Add(right, wrong, 1, Hour);
        Assert.Equal(mean, trust.Mean, 12);
        Assert.Equal(variance, trust.Variance, 12);
    }

    [Fact]
    public void Evidence_halves_with_the_half_life_and_trust_returns_to_the_prior()
    {
        var trust = default(TrustPosterior);
        trust.Add(64, 16, 1, Hour);
        for (var i = 1; i <= 6; i++)
        {
            trust.Age(1 + (i * Hour), Hour);
            Assert.Equal(1 + (64.0 / (1 << i)), trust.Alpha, 6);
            Assert.Equal(1 + (16.0 / (1 << i)), trust.Beta, 6);
        }

        trust.Age(100 * Hour, Hour);
        Assert.Equal(0.5, trust.Mean, 12);
    }

    [Fact]
    public void Decay_is_two_to_the_minus_x()
    {
        var random = new Random(3);
        for (var i = 0; i < 10_000; i++)
        {
            var halfLife = random.NextInt64(1, 1L << 50);
            var elapsed = (long)(halfLife * random.NextDouble() * 20);
            var expected = Math.Pow(2, -elapsed / (double)halfLife);
            Assert.InRange(Decay.Factor(elapsed, halfLife) / expected, 0.9999, 1.0002);
        }

        Assert.Equal(1, Decay.Factor(-5, 10));
        Assert.Equal(0, Decay.Factor(long.MaxValue, 1));
    }

    [Fact]
    public void Evidence_in_any_order_at_one_time_is_the_same_and_trust_rises_with_right_answers_only()
    {
        var property = Prop.ForAll(ArbMap.Default.ArbFor<bool[]>(), answers =>
        {
            TrustPosterior forward = default, backward = default;
            var rises = true;
            foreach (var right in answers)
            {
                var before = forward.Mean;
                forward.Add(right ? 1 : 0, right ? 0 : 1, 5, Hour);
                rises &= right == forward.Mean > before;
            }

            foreach (var right in answers.Reverse())
                backward.Add(right ? 1 : 0, right ? 0 : 1, 5, Hour);
            return rises && Math.Abs(forward.Mean - backward.Mean) < 1e-12;
        });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_trusted_helper_that_always_lies_escapes_as_rarely_as_sampling_says()
    {
        // P(n lies without one being looked at) = (1 - p)^n. With p = 0.05: 0.215 for 30, 0.0059 for 100.
        const int runs = 400;
        const int lies = 30;
        var escaped = 0;
        for (var run = 0; run < runs; run++)
        {
            var options = new WorkOptions { TruthAuditPermille = 1_000, NewChecks = 1, SamplePerDistrust = 0, RingerPermille = 0, WindowUs = 0 };
            var bench = new Bench(options, (ulong)run + 1, kind: VerificationClass.Cosmetic);
            bench.Join(1);
            bench.Submit();
            bench.Answer(bench.Assigned[0]);
            bench.AnswerLocal(bench.Locals[0]);
            bench.Locals.Clear();
            for (var i = 0; i < lies && bench.Locals.Count == 0; i++)
            {
                bench.Assigned.Clear();
                bench.Submit($"t{i}");
                bench.Answer(bench.Assigned[0], [1]);
            }

            escaped += bench.Locals.Count == 0 ? 1 : 0;
        }

        var expected = Math.Pow(0.95, lies);
        var deviation = Math.Sqrt(expected * (1 - expected) / runs);
        Assert.InRange(escaped / (double)runs, expected - (4 * deviation), expected + (4 * deviation));
    }

    [Fact]
    public void The_share_that_is_checked_follows_trust_down_to_the_floor()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000, RingerPermille = 0 }, kind: VerificationClass.Cosmetic);
        var helper = bench.Join(1);
        var checks = 0;
        for (var i = 0; i < 400; i++)
        {
            var standing = bench.Coordinator.StandingOf(helper, bench.Now)!;
            if (standing.Kernels.Count > 0)
            {
                var expected = checks < 10 ? 1 : Math.Clamp(3.0 * (1 - ((1.0 + checks) / (2 + checks))), 0.05, 1);
                Assert.InRange(standing.Kernels[0].SampledPermille, (expected * 1_000) - 2, (expected * 1_000) + 2);
            }

            bench.Assigned.Clear();
            bench.Locals.Clear();
            bench.Submit($"t{i}");
            bench.Answer(bench.Assigned[0]);
            checks += bench.Locals.Count;
            foreach (var local in bench.Locals.ToArray())
                bench.AnswerLocal(local);
        }

        Assert.InRange(checks, 40, 140);
    }
}
