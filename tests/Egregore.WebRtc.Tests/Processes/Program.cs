namespace Egregore.WebRtc.Tests.Processes;

/// <summary>
/// The test assembly as a program, so that tests can have peers in processes of their own: <c>dotnet Egregore.WebRtc.Tests.dll peer offer|answer</c>,
/// <c>soak MINUTES [LOG]</c>, and <c>soak-peer offer|answer SECONDS</c>, which the soak starts twice.
/// </summary>
internal static class Program
{
    public static string Assembly { get; } = typeof(Program).Assembly.Location;

    // Console.In reads synchronously, whatever is called.
    private static StreamReader Input { get; } = new(Console.OpenStandardInput());

    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["peer", "offer" or "answer"]:
                await new EchoPeer(arguments[1] == "offer", Input, Console.Out).RunAsync();
                return 0;
            case ["soak-peer", "offer" or "answer", var seconds]:
                await new SoakPeer(arguments[1] == "offer", TimeSpan.FromSeconds(double.Parse(seconds)), Input, Console.Out).RunAsync();
                return 0;
            case ["soak", var minutes, ..]:
                await using (var log = arguments.Length > 2 ? new StreamWriter(arguments[2]) { AutoFlush = true } : null)
                {
                    var verdict = await Soak.RunAsync(TimeSpan.FromMinutes(double.Parse(minutes)), log ?? Console.Out);
                    await (log ?? Console.Out).WriteLineAsync(verdict ?? "flat");
                    return verdict is null ? 0 : 1;
                }

            default:
                await Console.Error.WriteLineAsync("peer offer|answer, soak MINUTES [LOG], or soak-peer offer|answer SECONDS");
                return 2;
        }
    }
}
