using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>One task and what became of it.</summary>
internal sealed class TaskRecord
{
    public required ulong Lease { get; init; }

    public required string Kernel { get; init; }

    public required long AtMs { get; init; }

    public double RunMs { get; set; }

    public ulong Fuel { get; set; }

    public string State { get; set; } = "running";

    public string? Text { get; set; }

    /// <summary>Millionths, by receipts whose signature holds or that are not signed.</summary>
    public long Credits { get; set; }

    /// <summary>Whether the receipt's signature is truth's; null: there is none.</summary>
    public bool? Signed { get; set; }
}

/// <summary>What was computed, earned and said of it, bounded. The helper's loop alone uses it.</summary>
internal sealed class LendLedger
{
    private const int TasksMax = 256;
    private readonly Dictionary<ulong, TaskRecord> _byLease = [];
    private readonly Queue<TaskRecord> _tasks = new();
    private long _standingAtMs;

    public long Done { get; private set; }

    public long Failed { get; private set; }

    public long Declined { get; private set; }

    public long Cancelled { get; private set; }

    public long Accepted { get; private set; }

    public long Rejected { get; private set; }

    /// <summary>Receipts whose signature was not truth's.</summary>
    public long Forged { get; private set; }

    public double BusyMs { get; private set; }

    /// <summary>Millionths, by the receipts of this run.</summary>
    public long Earned { get; private set; }

    public WorkStanding? Standing { get; private set; }

    /// <summary>Newest first.</summary>
    public IEnumerable<TaskRecord> Tasks => _tasks.Reverse();

    public void Begin(WorkItem item)
    {
        var record = new TaskRecord { Lease = item.Lease, Kernel = NameOf(item.Kernel), AtMs = item.ReceivedMs };
        _byLease[item.Lease] = record;
        _tasks.Enqueue(record);
        if (_tasks.Count > TasksMax && _tasks.Dequeue() is var oldest && _byLease.GetValueOrDefault(oldest.Lease) == oldest)
            _byLease.Remove(oldest.Lease);
    }

    public TaskRecord? Ended(ulong lease, WorkFault fault, double runMs, ulong fuel, string? text)
    {
        BusyMs += runMs;
        if (fault == WorkFault.None)
            Done++;
        else if (fault == WorkFault.Declined)
            Declined++;
        else
            Failed++;
        if (!_byLease.TryGetValue(lease, out var record))
            return null;
        record.RunMs = runMs;
        record.Fuel = fuel;
        record.State = fault == WorkFault.None ? "sent" : fault.ToString();
        record.Text = text;
        return record;
    }

    public void CancelledOne(ulong lease)
    {
        Cancelled++;
        if (_byLease.TryGetValue(lease, out var record))
            record.State = "cancelled";
    }

    /// <summary>A receipt may come for a task that is forgotten already; it counts all the same.</summary>
    public TaskRecord? Receipt(WorkReceipt receipt, bool? signed)
    {
        if (signed == false)
            Forged++;
        else
            Earned += receipt.Credits;
        if (receipt.Verdict is WorkVerdict.Accepted)
            Accepted++;
        else if (receipt.Verdict is WorkVerdict.Late or WorkVerdict.Wrong or WorkVerdict.Refused)
            Rejected++;
        if (!_byLease.TryGetValue(receipt.Lease, out var record))
            return null;
        record.State = receipt.Verdict.ToString();
        record.Signed = signed;
        record.Credits += signed == false ? 0 : receipt.Credits;
        record.Text = receipt.Text is { Length: > 0 } text ? text : record.Text;
        return record;
    }

    public void Stood(WorkStanding standing, long nowMs)
    {
        Standing = standing;
        _standingAtMs = nowMs;
    }

    /// <summary>Of a ban, what is left now.</summary>
    public long BannedMs(long nowMs) => Standing is null ? 0 : Math.Max(0, Standing.BannedMs - (nowMs - _standingAtMs));

    public string NameOf(KernelHash kernel)
    {
        foreach (var known in Standing?.Kernels ?? [])
        {
            if (known.Name.Length > 0 && known.Kernel.Length == KernelHash.Size && KernelHash.Read(known.Kernel.Span) == kernel)
                return Clean(known.Name);
        }

        return kernel.ToString()[..8];
    }

    /// <summary>A text of the server's without what a terminal would obey.</summary>
    public static string Clean(string text) => string.Concat(text.Where(letter => !char.IsControl(letter)).Take(200));
}
