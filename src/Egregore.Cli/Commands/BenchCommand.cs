using System.CommandLine;
using Egregore.Bench;
using Egregore.Server;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore bench AREA</c>: measures beside peers in the same run.</summary>
internal sealed class BenchCommand : Command
{
    private readonly Argument<string?> _area = new("area") { Description = "Area to measure; all of them when left out", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON line for each measure" };
    private readonly Option<int> _repeats = new("--repeats") { Description = "Repetitions of each measure; the median counts", DefaultValueFactory = _ => 3 };

    public BenchCommand()
        : base("bench", $"Measure beside other libraries in the same run: {string.Join(", ", BenchRunner.All.Areas)}")
    {
        Add(_area);
        Add(_json);
        Add(_repeats);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        try
        {
            var context = new BenchContext(BenchContext.FindPeers(AppContext.BaseDirectory), Console.Error.WriteLine) { Repeats = Math.Clamp(result.GetValue(_repeats), 1, 100) };
            return await BenchRunner.All.RunAsync(result.GetValue(_area), result.GetValue(_json), Console.Out, Console.Error, context, cancel);
        }
        catch (BenchException e)
        {
            throw new EgregoreEnvironmentException(e.Message, e);
        }
    }
}
