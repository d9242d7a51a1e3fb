using Xunit.Abstractions;

namespace Egregore.WebRtc.Tests.Processes;

/// <summary>Long life. An hour: <c>EGREGORE_SOAK_MINUTES=60 dotnet test tests/Egregore.WebRtc.Tests -c Release --filter SoakTests</c>.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    [SoakFact]
    public async Task Channels_open_and_close_between_two_processes_and_nothing_grows()
    {
        var log = new StringWriter();
        var verdict = await Soak.RunAsync(TimeSpan.FromMinutes(SoakFactAttribute.Minutes), log);
        output.WriteLine(log.ToString());
        Assert.Null(verdict);
    }
}

/// <summary>A fact that takes as long as EGREGORE_SOAK_MINUTES says.</summary>
public sealed class SoakFactAttribute : FactAttribute
{
    public SoakFactAttribute()
    {
        if (Minutes <= 0)
            Skip = "takes long: EGREGORE_SOAK_MINUTES says how many minutes, 60 for the whole of it";
    }

    internal static double Minutes { get; } = double.TryParse(Environment.GetEnvironmentVariable("EGREGORE_SOAK_MINUTES"), out var minutes) ? minutes : 0;
}
