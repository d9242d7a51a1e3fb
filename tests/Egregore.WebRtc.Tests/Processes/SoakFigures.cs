using System.Diagnostics;
using System.Globalization;

namespace Egregore.WebRtc.Tests.Processes;

/// <summary>What one process of a soak holds at a moment. Bytes of the heap are those that a full collection leaves.</summary>
internal sealed record SoakFigures
{
    public required string Role { get; init; }

    public required int Second { get; init; }

    public required long ResidentBytes { get; init; }

    public required long HeapBytes { get; init; }

    public required int Handles { get; init; }

    public required int Threads { get; init; }

    public required int Connections { get; init; }

    /// <summary>Entries of the host's tables: user names, tuples of addresses, transactions, armed timers.</summary>
    public required int HostEntries { get; init; }

    public required int Channels { get; init; }

    /// <summary>Outgoing streams that the associations remember something of.</summary>
    public required int Streams { get; init; }

    public required long ChannelsDone { get; init; }

    public required long ConnectionsDone { get; init; }

    public required long MessagesDone { get; init; }

    public required long Faults { get; init; }

    public static (long Resident, long Heap, int Handles, int Threads) OfProcess()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        return (self.WorkingSet64, GC.GetTotalMemory(false), self.HandleCount, self.Threads.Count);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Role,-6} {Second,5} s  rss {ResidentBytes / 1e6,6:0.0} MB  heap {HeapBytes / 1e6,6:0.00} MB  handles {Handles}  threads {Threads}  connections {Connections}  "
        + $"host entries {HostEntries}  channels {Channels}  streams {Streams}  done: {ConnectionsDone} connections, {ChannelsDone} channels, {MessagesDone} messages, {Faults} faults");
}
