using System.CommandLine;
using Egregore.Bench.WebRtc;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore bench-rtc-peer</c>: a process that <c>egregore bench webrtc</c> starts, commanded over its standard input. Not for people.</summary>
internal sealed class BenchRtcPeerCommand : Command
{
    public BenchRtcPeerCommand()
        : base("bench-rtc-peer", "One side of 'egregore bench webrtc', started by it")
    {
        Hidden = true;
        SetAction((_, cancel) => RtcPeerProgram.RunAsync(Console.In, Console.Out, cancel));
    }
}
