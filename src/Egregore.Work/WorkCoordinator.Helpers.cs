using Egregore.Wire;
using Egregore.Work.Credits;
using Egregore.Work.Verification;

namespace Egregore.Work;

/// <summary>What became of a helper's wish to join.</summary>
public enum JoinStatus : byte
{
    /// <summary>It may park.</summary>
    Joined,

    /// <summary>Its owner is banned.</summary>
    Banned,

    /// <summary>A bound on helpers, owners or accounts is reached.</summary>
    Overloaded,

    /// <summary>No owner, or slots out of range.</summary>
    BadProfile,
}

public sealed partial class WorkCoordinator
{
    private const int BannedPassed = 64;

    private readonly List<HelperEntry> _helpers = [];
    private readonly Queue<HelperEntry> _freeHelpers = new();
    private readonly Dictionary<PeerId, OwnerEntry> _owners = [];
    private OwnerEntry? _goneOldest;
    private OwnerEntry? _goneNewest;

    /// <summary>A helper connects. It is sent nothing before it parks.</summary>
    public JoinStatus Join(in HelperProfile profile, long nowUs, out HelperId id)
    {
        Guard();
        id = default;
        if (profile.Owner.IsNone || profile.Slots is < 1 or > 64 || profile.Tier > HelperTier.Cloud)
            return JoinStatus.BadProfile;
        if (HelperCount >= _options.HelpersMax || FindOwner(profile.Owner, nowUs) is not { } owner)
            return JoinStatus.Overloaded;
        if (owner.IsBanned(nowUs))
            return JoinStatus.Banned;
        if (!_freeHelpers.TryDequeue(out var helper))
        {
            helper = new HelperEntry(_helpers.Count);
            _helpers.Add(helper);
        }

        if (owner.Connections++ == 0)
            Unlink(owner);
        HelperCount++;
        helper.Generation++;
        helper.Owner = owner;
        helper.Profile = profile;
        helper.Connected = true;
        helper.FuelPerUs = owner.FuelPerUs() is > 0 and var known ? known : _localFuelPerUs / 2;
        helper.BusyUs = _busyUsualUs * Decay.Factor(nowUs - _busyUsualAtUs, BusyHalfLifeUs);
        helper.BusyAtUs = nowUs;
        // Who stalled and comes back has stalled.
        helper.Stalls = owner.Stalls;
        id = helper.Id;
        return JoinStatus.Joined;
    }

    /// <summary>A helper is gone: its leases go back to the queue at once. Its owner's trust and balance stay.</summary>
    public void Leave(HelperId id, long nowUs)
    {
        Guard();
        if (Find(id) is not { } helper)
            return;
        Enter();
        helper.Connected = false;
        helper.Credits = 0;
        _pool.Remove(helper);
        _timers.Clear(helper);
        while (helper.LeaseFirst is { } lease)
        {
            var task = lease.Task!;
            End(lease, Work.LeaseEnd.Cancelled);
            Advance(task, nowUs);
        }

        if (--helper.Owner.Connections == 0)
            Link(helper.Owner);
        HelperCount--;
        helper.Generation++;
        helper.Owner.Stalls = helper.Stalls;
        helper.Stalls = helper.HeldCount = helper.HeldNext = 0;
        helper.Resting = helper.Paused = false;
        helper.BusyUs = helper.LeasedFuel = 0;
        helper.LeaseCount = 0;
        _freeHelpers.Enqueue(helper);
        Exit(nowUs);
    }

    /// <summary>A helper has free slots (<see cref="Kind.WorkPark"/>): as many tasks may be sent it, over what is parked already.</summary>
    /// <param name="id">The helper.</param>
    /// <param name="slots">Further credits; what goes over <see cref="WorkOptions.CreditsMax"/> is not counted.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <returns>Credits parked now; -1 where there is no such helper.</returns>
    public int Park(HelperId id, int slots, long nowUs)
    {
        Guard();
        if (Find(id) is not { } helper)
            return -1;
        Enter();
        helper.Paused = false;
        AddCredits(helper, slots, nowUs);
        Exit(nowUs);
        return helper.Credits;
    }

    /// <summary>A helper wants nothing further: what was parked is taken back. Its leases stay.</summary>
    public void Pause(HelperId id)
    {
        Guard();
        if (Find(id) is not { } helper)
            return;
        helper.Paused = true;
        helper.Credits = 0;
        _pool.Remove(helper);
    }

    /// <summary>A helper says that it holds blocks; those that are not known are ignored, and what was said before is forgotten.</summary>
    /// <param name="id">The helper.</param>
    /// <param name="hashes">32 bytes each, at most <see cref="WorkOptions.HeldMax"/>; a rest is ignored.</param>
    public void SetHeld(HelperId id, ReadOnlySpan<byte> hashes)
    {
        Guard();
        if (Find(id) is not { } helper)
            return;
        helper.HeldCount = helper.HeldNext = 0;
        for (var i = 0; i < _options.HeldMax && hashes.Length >= KernelHash.Size; i++, hashes = hashes[KernelHash.Size..])
        {
            if (_blocks.Find(KernelHash.Read(hashes[..KernelHash.Size])) is { } block)
                NoteHolder(helper, block);
        }
    }

    /// <summary>A helper has tried a kernel: until it has answered tasks of it, it is taken for so fast, though for no more than four times the others.</summary>
    /// <param name="id">The helper.</param>
    /// <param name="kernel">The kernel; one that is not known is ignored.</param>
    /// <param name="fuelPerUs">What it says it used of fuel in a microsecond.</param>
    public void SetTried(HelperId id, in KernelHash kernel, double fuelPerUs)
    {
        Guard();
        if (Find(id) is not { } helper || !_kernelsByHash.TryGetValue(kernel, out var known) || !(fuelPerUs > 0))
            return;
        ref var capability = ref helper.Owner.Record(known).Capability;
        if (capability.Count == 0)
            helper.FuelPerUs = capability.FuelPerUs = Math.Min(fuelPerUs, SpeedMax(known));
        _pool.Moved(helper);
    }

    /// <summary>A helper asked for what is not its to ask, or sent what no helper sends: it is refused and penalized as a forgery.</summary>
    /// <param name="id">The helper.</param>
    /// <param name="what">What it was, for the helper's own view; short.</param>
    /// <param name="nowUs">The host's time.</param>
    public void Misbehaved(HelperId id, string what, long nowUs)
    {
        Guard();
        if (Find(id) is not { } helper)
            return;
        Enter();
        _sink.Receipt(id, new Receipt(0, default, WorkVerdict.Refused, 0, 0, what));
        Forged(helper.Owner, helper, null, what, nowUs);
        Exit(nowUs);
    }

    /// <summary>Whether a helper has joined and not left.</summary>
    public bool IsConnected(HelperId id) => Find(id) is not null;

    private HelperEntry? Find(HelperId id) =>
        (uint)id.Slot < (uint)_helpers.Count && _helpers[id.Slot] is { Connected: true } helper && helper.Generation == id.Generation ? helper : null;

    private void AddCredits(HelperEntry helper, int slots, long nowUs)
    {
        if (!helper.Connected || slots <= 0 || helper.Paused || helper.Owner.IsBanned(nowUs))
            return;
        var taken = Math.Min(slots, _options.CreditsMax - helper.Credits);
        Counters.CreditsRefused += slots - taken;
        helper.Credits += taken;
        Offer(helper, nowUs);
    }

    /// <summary>Lets a helper with free slots take what waits, then parks it.</summary>
    private void Offer(HelperEntry helper, long nowUs)
    {
        if (helper.Credits == 0 || helper.Resting || !helper.Connected || helper.Owner.IsBanned(nowUs))
            return;
        if (WaitingCount > 0)
            Pull(helper, nowUs);
        if (helper.Credits > 0)
            _pool.Add(helper);
    }

    private void NoteHolder(HelperEntry helper, BlockEntry block)
    {
        if (helper.Holds(block.Key))
            return;
        helper.Hold(block.Key, _options.HeldMax);
        block.Holders[block.HolderNext] = helper;
        block.HolderNext = (block.HolderNext + 1) % block.Holders.Length;
    }

    private OwnerEntry? FindOwner(PeerId id, long nowUs)
    {
        if (_owners.TryGetValue(id, out var owner))
            return owner;
        if (_owners.Count >= _options.OwnersMax)
        {
            if (Forgettable(nowUs) is not { } forgotten)
                return null;
            Unlink(forgotten);
            _owners.Remove(forgotten.Id);
        }

        if (!Ledger.TryOpen(AccountId.Of(id), out var account))
            return null;
        owner = new OwnerEntry(id, account);
        _owners.Add(id, owner);
        Link(owner);
        return owner;
    }

    /// <summary>Who left longest ago and is not banned; behind a few banned ones, the first of those.</summary>
    private OwnerEntry? Forgettable(long nowUs)
    {
        var owner = _goneOldest;
        for (var i = 0; i < BannedPassed && owner is not null; i++, owner = owner.NewerGone)
        {
            if (!owner.IsBanned(nowUs))
                return owner;
        }

        return owner ?? _goneOldest;
    }

    private void Link(OwnerEntry owner)
    {
        owner.OlderGone = _goneNewest;
        owner.NewerGone = null;
        if (_goneNewest is { } newest)
            newest.NewerGone = owner;
        else
            _goneOldest = owner;
        _goneNewest = owner;
    }

    private void Unlink(OwnerEntry owner)
    {
        if (owner.OlderGone is { } older)
            older.NewerGone = owner.NewerGone;
        else
            _goneOldest = owner.NewerGone;
        if (owner.NewerGone is { } newer)
            newer.OlderGone = owner.OlderGone;
        else
            _goneNewest = owner.OlderGone;
        owner.OlderGone = owner.NewerGone = null;
    }
}
