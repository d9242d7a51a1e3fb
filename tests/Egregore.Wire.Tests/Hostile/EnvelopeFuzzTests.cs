using System.Globalization;
using Xunit.Abstractions;

namespace Egregore.Wire.Tests.Hostile;

public sealed class EnvelopeFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void Damaged_messages_harm_nobody()
    {
        int count = Setting("EGREGORE_FUZZ_INPUTS", 20_000);
        int seed = Setting("EGREGORE_FUZZ_SEED", 1);
        FuzzReport report = EnvelopeFuzz.Run(count, seed);
        output.WriteLine($"{report.Inputs} inputs, {report.Envelopes} sound envelopes, {report.Payloads} sound payloads");
        foreach ((VerifyError error, int times) in report.Refused)
        {
            output.WriteLine($"{error}: {times}");
        }
        // Both sides of the verifier were reached, and many reasons to refuse.
        Assert.InRange(report.Envelopes, count / 10, count * 9 / 10);
        Assert.InRange(report.Payloads, count / 20, count);
        Assert.True(report.Refused.Count >= 8, string.Join(", ", report.Refused.Keys));
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
