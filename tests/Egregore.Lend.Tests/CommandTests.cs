using System.Diagnostics;
using System.Text.Json;
using Egregore.Cli.Lend;
using Egregore.Wire;

namespace Egregore.Lend.Tests;

/// <summary>The command as a person or a service starts it: the real program, from its arguments to its exit code.</summary>
public sealed class CommandTests
{
    private const string ApiKey = "key-that-is-never-printed";

    [Theory]
    [InlineData("not-a-url", "the url is")]
    [InlineData("http://127.0.0.1:1 --cores 4 --memory 64", "too little for 4 workers")]
    [InlineData("http://127.0.0.1:1 --share 5", "--share is 10 to 100")]
    [InlineData("http://127.0.0.1:1 --tier cloud", "EGREGORE_API_KEY")]
    public async Task Wrong_arguments_are_said_with_what_is_right(string arguments, string expected)
    {
        var (exit, _, error) = await RunAsync(arguments.Split(' '), apiKey: null);
        Assert.Equal(2, exit);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_lends_until_it_is_stopped_says_so_in_json_and_never_prints_the_key()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        using var stop = new CancellationTokenSource();
        var running = RunAsync([coordinator.Url.ToString(), "--json", "--cores", "1", "--memory", "256", "--busy", "100", "--on-battery", "--tier", "cloud", "--name", "mill"], ApiKey, stop.Token);
        var hello = await coordinator.WelcomeAsync();
        Assert.Equal((HelperTier.Cloud, ApiKey, "mill"), (hello.Tier, hello.ApiKey, hello.Name));
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(5, ProbeKernel.Sum(1), runMs: 60_000);
        Assert.Equal(5UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
        await stop.CancelAsync();
        Assert.True((await coordinator.ExpectAsync<WorkPark>(Kind.WorkPark)) is { Paused: true } or { Slots: 1 });
        var (exit, output, error) = await running;
        Assert.Equal(130, exit);
        Assert.DoesNotContain(ApiKey, output + error, StringComparison.Ordinal);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Contains(lines, line => line.GetProperty("type").GetString() == "task" && line.GetProperty("lease").GetUInt64() == 5);
        Assert.Equal(1, lines.Last(line => line.GetProperty("type").GetString() == "figures").GetProperty("figures").GetProperty("done").GetInt32());
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(string[] arguments, string? apiKey, CancellationToken interrupt = default)
    {
        var start = Confinement.Program(null, typeof(Confinement).Assembly.Location, 512 << 20, ["lend", .. arguments]);
        if (apiKey is not null)
            start.Environment["EGREGORE_API_KEY"] = apiKey;
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await using var interrupting = interrupt.Register(() => Process.Start("kill", ["-TERM", $"{process.Id}"]).Dispose());
        await process.WaitForExitAsync(CancellationToken.None).WaitAsync(2 * FakeCoordinator.Patience, CancellationToken.None);
        return (process.ExitCode, await output, await error);
    }
}
