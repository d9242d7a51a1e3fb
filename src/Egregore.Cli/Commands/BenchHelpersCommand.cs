using System.CommandLine;
using Egregore.Bench.Work;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore bench-helpers</c>: the helpers of <c>egregore bench work</c>, a process that it starts. Not for people.</summary>
internal sealed class BenchHelpersCommand : Command
{
    private readonly Argument<string> _url = new("url");
    private readonly Argument<int> _count = new("count");
    private readonly Argument<int> _slots = new("slots");
    private readonly Argument<ulong> _fuel = new("fuel");

    public BenchHelpersCommand()
        : base("bench-helpers", "The helpers of 'egregore bench work', started by it")
    {
        Hidden = true;
        Add(_url);
        Add(_count);
        Add(_slots);
        Add(_fuel);
        SetAction((result, _) => HelperProgram.RunAsync(new Uri(result.GetValue(_url)!), result.GetValue(_count), result.GetValue(_slots), result.GetValue(_fuel)));
    }
}
