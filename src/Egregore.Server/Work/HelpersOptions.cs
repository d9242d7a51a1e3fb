using Egregore.Sandbox;
using Egregore.Work;
using static Egregore.Server.OptionBounds;

namespace Egregore.Server.Work;

/// <summary>How a server has tasks computed: by helpers over <c>/work</c>, by truth itself where nobody else is in time.</summary>
public sealed record HelpersOptions
{
    /// <summary>Whether helpers may connect. Off, truth computes all tasks. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Bounds and times of the coordinator. Truth has as many threads for kernels as runs of its own at one time, at most 64. Its guess of truth's own speed, before that is measured, is here 2,000 of fuel a microsecond; runs, one for each two processors, 2 to 8, so that what somebody waits for never stands behind a check.</summary>
    public WorkOptions Coordinator { get; init; } = new() { LocalFuelPerUs = 2_000, LocalRunsMax = Math.Clamp(Environment.ProcessorCount / 2, 2, 8) };

    /// <summary>Bounds of kernels and of their runs on truth.</summary>
    public SandboxOptions Sandbox { get; init; } = new();

    /// <summary>Keys of programs that may do more than players: lend a cloud worker, upload kernels, submit tasks, read the ledger. At most 256. Default none.</summary>
    public IReadOnlyList<ApiKey> ApiKeys { get; init; } = [];

    /// <summary>Largest message from a helper, bytes, 1,024 to 16,777,216: an output with its envelope. Default 1,048,576.</summary>
    public int MessageBytesMax { get; init; } = 1_048_576;

    /// <summary>Messages a second from one helper, 1 to 1,000,000; bursts of two seconds' worth pass. Default 2,000.</summary>
    public int MessagesPerSecond { get; init; } = 2_000;

    /// <summary>Bytes a second from one helper, 1,024 to 1,000,000,000; bursts of four seconds' worth pass. Default 16,777,216.</summary>
    public int BytesPerSecond { get; init; } = 16_777_216;

    /// <summary>Connections of helpers at once, 1 to 65,535. Default 16,384.</summary>
    public int ConnectionsMax { get; init; } = 16_384;

    /// <summary>Connections of helpers at once from one address, 1 to 65,535. Default 256.</summary>
    public int ConnectionsPerAddressMax { get; init; } = 256;

    /// <summary>Receipts with pay that are signed in a second, 0 to 100,000; the others go unsigned, and stand in the ledger as well. Default 500.</summary>
    public int ReceiptsSignedPerSecond { get; init; } = 500;

    /// <summary>How often helpers' trust, bans and balances are written to disk when they changed, seconds, 1 to 3,600; what is younger is lost with a killed process. Default 2.</summary>
    public int KeepEverySeconds { get; init; } = 2;

    /// <summary>What an hour of one of truth's own cores costs, in millionths of a credit: the dashboard compares with it. A core that computes six thousand of fuel a microsecond earns some 21,600 credits in that time at the usual price. Default 40,000 credits.</summary>
    public long CoreHourCost { get; init; } = 40_000_000_000;

    /// <summary>The first option out of its bounds, in words, or null.</summary>
    public string? Problem()
    {
        if (ApiKeys.Count > 256)
            return $"ApiKeys has {ApiKeys.Count} entries; it may have 256";
        foreach (var key in ApiKeys)
        {
            if (key.Name.Length is 0 or > 64 || key.Secret.Length is < 24 or > 256)
                return $"ApiKeys: the key named '{key.Name}' needs a name of 1 to 64 characters and a secret of 24 to 256";
        }

        return Range(MessageBytesMax, 1_024, 16_777_216, nameof(MessageBytesMax))
            ?? Range(MessagesPerSecond, 1, 1_000_000, nameof(MessagesPerSecond))
            ?? Range(BytesPerSecond, 1_024, 1_000_000_000, nameof(BytesPerSecond))
            ?? Range(ConnectionsMax, 1, ushort.MaxValue, nameof(ConnectionsMax))
            ?? Range(ConnectionsPerAddressMax, 1, ushort.MaxValue, nameof(ConnectionsPerAddressMax))
            ?? Range(ReceiptsSignedPerSecond, 0, 100_000, nameof(ReceiptsSignedPerSecond))
            ?? Range(KeepEverySeconds, 1, 3_600, nameof(KeepEverySeconds))
            ?? Range(Coordinator.LocalRunsMax, 0, 64, nameof(WorkOptions.LocalRunsMax));
    }
}
