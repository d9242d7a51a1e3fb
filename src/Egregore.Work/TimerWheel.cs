namespace Egregore.Work;

/// <summary>Something with one time at which it wants to be looked at.</summary>
internal abstract class Timed
{
    internal Timed? Before;
    internal Timed? After;
    internal int WheelSlot = -1;
    internal long DueUs;
}

/// <summary>Timers in slots of a millisecond: set, moved and cleared in constant time; within a slot in the order in which they were set.</summary>
internal sealed class TimerWheel
{
    private const int Slots = 4_096;
    private const long SlotUs = 1_000;

    private readonly Timed?[] _first = new Timed?[Slots];
    private readonly Timed?[] _last = new Timed?[Slots];
    private readonly Queue<Timed> _due = new();
    private long _at = long.MinValue;

    /// <summary>Looks at it at or after this time, at most a millisecond late beside the host's own pace.</summary>
    public void Set(Timed timed, long dueUs, long nowUs)
    {
        Start(nowUs);
        if (timed.WheelSlot >= 0)
            Clear(timed);
        timed.DueUs = dueUs;
        // Rounded up: a slot is visited when its whole millisecond is over.
        Link(timed, Math.Max(dueUs / SlotUs, _at) + 1);
    }

    public void Clear(Timed timed)
    {
        var slot = timed.WheelSlot;
        if (slot < 0)
        {
            timed.WheelSlot = -1;
            return;
        }

        if (timed.Before is null)
            _first[slot] = timed.After;
        else
            timed.Before.After = timed.After;
        if (timed.After is null)
            _last[slot] = timed.Before;
        else
            timed.After.Before = timed.Before;
        timed.Before = timed.After = null;
        timed.WheelSlot = -1;
    }

    /// <summary>Takes what is due: call until null.</summary>
    public Timed? TakeDue(long nowUs)
    {
        Start(nowUs);
        while (true)
        {
            while (_due.TryDequeue(out var timed))
            {
                if (timed.WheelSlot == Pending && timed.DueUs <= nowUs)
                {
                    timed.WheelSlot = -1;
                    return timed;
                }
            }

            var target = nowUs / SlotUs;
            if (_at >= target)
                return null;
            // After a long pause every slot is visited once.
            _at = Math.Max(_at + 1, target - Slots + 1);
            Visit((int)(_at & (Slots - 1)), nowUs);
        }
    }

    private const int Pending = -2;

    private void Start(long nowUs)
    {
        if (_at == long.MinValue)
            _at = (nowUs / SlotUs) - 1;
    }

    private void Link(Timed timed, long tick)
    {
        // What is further away than the wheel reaches is looked at on the way and set again.
        var slot = (int)(Math.Min(tick, _at + Slots - 1) & (Slots - 1));
        timed.WheelSlot = slot;
        timed.Before = _last[slot];
        timed.After = null;
        if (_last[slot] is { } last)
            last.After = timed;
        else
            _first[slot] = timed;
        _last[slot] = timed;
    }

    private void Visit(int slot, long nowUs)
    {
        var timed = _first[slot];
        _first[slot] = _last[slot] = null;
        while (timed is not null)
        {
            var after = timed.After;
            timed.Before = timed.After = null;
            if (timed.DueUs <= nowUs)
            {
                timed.WheelSlot = Pending;
                _due.Enqueue(timed);
            }
            else
            {
                timed.WheelSlot = -1;
                Link(timed, Math.Max(timed.DueUs / SlotUs, _at) + 1);
            }

            timed = after;
        }
    }
}
