using Egregore.Wire;
using Egregore.Work.Credits;
using Egregore.Work.Verification;

namespace Egregore.Work;

// What outlives the process: who is trusted, who is banned, who has how many credits.
public sealed partial class WorkCoordinator
{
    private const int ReasonBytesMax = 255;

    private bool _hasOrphans;

    /// <summary>Rises with each change of what <see cref="ExportStanding"/> holds.</summary>
    public ulong StandingVersion { get; private set; }

    /// <summary>
    /// Owners' trust, failures and bans, and all balances, as bytes for the host to keep (docs/work.md has the layout). Balances in it add up to zero. What was measured of helpers' speed is not in it.
    /// </summary>
    /// <param name="nowUs">The host's time.</param>
    /// <param name="wallUs">The same moment in microseconds since the Unix epoch: the host's clock begins anew with each process.</param>
    public byte[] ExportStanding(long nowUs, long wallUs)
    {
        var writer = new StandingWriter(64 * (_owners.Count + Ledger.Accounts.Count + 8));
        writer.Begin(wallUs);
        writer.UInt64(Ledger.LinesWritten);
        writer.UInt32(Ledger.Accounts.Count);
        foreach (var (id, balance) in Ledger.Accounts)
        {
            writer.Byte((byte)id.Kind);
            writer.UInt32((int)id.World.Value);
            writer.Peer(id.Owner);
            writer.Int64(balance);
        }

        writer.UInt32(_owners.Count);
        for (var owner = _goneOldest; owner is not null; owner = owner.NewerGone)
            Write(ref writer, owner, wallUs - nowUs);
        foreach (var owner in _owners.Values.Where(owner => owner.Connections > 0).OrderBy(owner => owner.Id.High).ThenBy(owner => owner.Id.Low))
            Write(ref writer, owner, wallUs - nowUs);
        return writer.End();
    }

    /// <summary>Takes over what was kept, before the first helper joins and the first task is submitted.</summary>
    /// <param name="bytes">What <see cref="ExportStanding"/> gave.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <param name="wallUs">The same moment in microseconds since the Unix epoch.</param>
    /// <returns>Null; or why the bytes cannot be taken over, for a person. Then the coordinator is of no further use.</returns>
    /// <exception cref="InvalidOperationException">The coordinator has worked already.</exception>
    public string? ImportStanding(ReadOnlySpan<byte> bytes, long nowUs, long wallUs)
    {
        Guard();
        if (_owners.Count > 0 || Ledger.LinesWritten > 0 || TaskCount > 0)
            throw new InvalidOperationException("What was kept is taken over before anything is done");
        if (StandingReader.Problem(bytes) is { } problem)
            return problem;
        var reader = new StandingReader(bytes);
        if (ReadAccounts(ref reader) is { } wrong)
            return wrong;
        var count = reader.UInt32();
        for (var i = 0U; i < count && !reader.Failed; i++)
        {
            // Who left longest ago comes first, and is forgotten first.
            if (ReadOwner(ref reader, keep: count - i <= (uint)_options.OwnersMax, nowUs, wallUs) is { } owner)
                return owner;
        }

        return reader.Failed || !reader.AtEnd ? "its parts do not fit its length" : null;
    }

    private static void Write(ref StandingWriter writer, OwnerEntry owner, long toWallUs)
    {
        writer.Peer(owner.Id);
        writer.UInt32(owner.Failures);
        writer.Int64(owner.Failures > 0 ? owner.FailedAtUs + toWallUs : 0);
        writer.Int64(owner.BannedUntilUs != 0 ? owner.BannedUntilUs + toWallUs : 0);
        writer.Text(owner.Reason, ReasonBytesMax);
        var orphans = owner.Orphans;
        writer.UInt32(owner.Kernels.Count(record => record is { HasHistory: true }) + (orphans?.Count ?? 0));
        for (var i = 0; i < owner.Kernels.Length; i++)
        {
            if (owner.Kernels[i] is { HasHistory: true } record)
                Write(ref writer, owner.KernelHashes[i], record, toWallUs);
        }

        foreach (var (kernel, record) in orphans ?? [])
            Write(ref writer, kernel, record, toWallUs);
    }

    private static void Write(ref StandingWriter writer, in KernelHash kernel, KernelRecord record, long toWallUs)
    {
        var (right, wrong, atUs) = record.Trust.Evidence;
        writer.Hash(kernel);
        writer.Double(right);
        writer.Double(wrong);
        writer.Int64(atUs + toWallUs);
        writer.UInt32(record.ChecksInRow);
        writer.UInt32((int)record.Accepted);
        writer.UInt32((int)record.Late);
        writer.UInt32((int)record.Wrong);
    }

    private string? ReadAccounts(ref StandingReader reader)
    {
        var lines = reader.UInt64();
        var count = reader.UInt32();
        Int128 sum = 0;
        for (var i = 0U; i < count && !reader.Failed; i++)
        {
            var kind = (AccountKind)reader.Byte();
            var id = new AccountId(kind, new WorldId(reader.UInt32()), reader.Peer());
            var balance = reader.Int64();
            sum += balance;
            if (kind > AccountKind.Owner)
                return "it has an account of no known kind";
            if (!Ledger.TryRestore(id, balance))
                return $"it has more accounts than AccountsMax ({_options.AccountsMax}) allows";
        }

        if (reader.Failed)
            return "its parts do not fit its length";
        if (sum != 0)
            return $"its balances add up to {sum} and not to zero";
        Ledger.Continue(lines);
        return null;
    }

    private string? ReadOwner(ref StandingReader reader, bool keep, long nowUs, long wallUs)
    {
        var id = reader.Peer();
        var failures = (int)Math.Min(reader.UInt32(), int.MaxValue);
        var (failedWallUs, bannedWallUs) = (reader.Int64(), reader.Int64());
        var reason = reader.Text();
        var records = reader.UInt32();
        OwnerEntry? owner = null;
        if (keep && !reader.Failed)
        {
            if (id.IsNone || _owners.ContainsKey(id))
                return "it names an owner twice, or none";
            if (!Ledger.TryOpen(AccountId.Of(id), out var account))
                return $"it has more accounts than AccountsMax ({_options.AccountsMax}) allows";
            owner = new OwnerEntry(id, account)
            {
                Failures = failures,
                FailedAtUs = failures > 0 ? Math.Min(nowUs, failedWallUs - wallUs + nowUs) : 0,
                // A clock that was put back bans nobody for longer.
                BannedUntilUs = bannedWallUs > wallUs ? nowUs + Math.Min(bannedWallUs - wallUs, _options.BanUs) : 0,
                Reason = reason,
            };
            _owners.Add(id, owner);
            Link(owner);
        }

        for (var i = 0U; i < records && !reader.Failed; i++)
        {
            var kernel = reader.Hash();
            var (right, wrong, atWallUs) = (reader.Double(), reader.Double(), reader.Int64());
            var record = new KernelRecord
            {
                Trust = TrustPosterior.Of(right, wrong, Math.Min(nowUs, atWallUs - wallUs + nowUs)),
                ChecksInRow = (int)Math.Min(reader.UInt32(), int.MaxValue),
                Accepted = reader.UInt32(),
                Late = reader.UInt32(),
                Wrong = reader.UInt32(),
            };
            if (!(right >= 0 && right < 1e15 && wrong >= 0 && wrong < 1e15))
                return "it has evidence of no possible weight";
            if (owner is null || i >= (uint)_options.KernelsMax)
                continue;
            if (_kernelsByHash.TryGetValue(kernel, out var entry))
            {
                owner.Set(entry, record);
            }
            else
            {
                (owner.Orphans ??= []).Add((kernel, record));
                _hasOrphans = true;
            }
        }

        return null;
    }

    /// <summary>What was kept of a kernel that nobody had made known yet.</summary>
    private void Adopt(KernelEntry kernel)
    {
        if (!_hasOrphans)
            return;
        foreach (var owner in _owners.Values)
        {
            if (owner.Orphans is not { } orphans || orphans.FindIndex(orphan => orphan.Kernel == kernel.Hash) is not (>= 0 and var at))
                continue;
            owner.Set(kernel, orphans[at].Record);
            orphans.RemoveAt(at);
        }
    }
}
