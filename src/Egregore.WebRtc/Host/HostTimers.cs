namespace Egregore.WebRtc.Host;

/// <summary>
/// One heap of deadlines with one thread that sleeps until the first. Nothing ticks: a thousand idle connections cost what their keep-alives cost.
/// </summary>
/// <remarks>A client arms an earlier deadline only; one that moved away is found out when it fires, which is cheaper than moving it with every packet.</remarks>
internal sealed class HostTimers : IDisposable
{
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Func<long> _nowUs;
    private readonly Thread _thread;
    private HostTimerEntry[] _heap = new HostTimerEntry[16];
    private int _count;
    private long _sleepingUntilUs;
    private volatile bool _stopped;

    public HostTimers(Func<long> nowUs)
    {
        _nowUs = nowUs;
        _thread = new Thread(Run) { IsBackground = true, Name = "webrtc timers" };
        _thread.Start();
    }

    /// <summary>Deadlines that are armed.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Wakes the client at a time, or earlier if it was armed earlier.</summary>
    public void Arm(HostTimerEntry entry, long deadlineUs)
    {
        bool wake;
        lock (_lock)
        {
            if (entry.Index >= 0 && entry.ArmedUs <= deadlineUs)
                return;
            Volatile.Write(ref entry.ArmedUs, deadlineUs);
            if (entry.Index < 0)
            {
                if (_count == _heap.Length)
                    Array.Resize(ref _heap, _count * 2);
                entry.Index = _count++;
            }

            Up(entry, entry.Index);
            wake = deadlineUs < _sleepingUntilUs;
        }

        if (wake)
            _wake.Set();
    }

    public void Remove(HostTimerEntry entry)
    {
        lock (_lock)
            Take(entry);
    }

    public void Dispose()
    {
        _stopped = true;
        _wake.Set();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        var inBatch = false;
        while (!_stopped)
        {
            HostTimerEntry? due = null;
            long sleepUs;
            lock (_lock)
            {
                var now = _nowUs();
                _sleepingUntilUs = _count > 0 ? _heap[0].ArmedUs : long.MaxValue;
                sleepUs = _sleepingUntilUs == long.MaxValue ? long.MaxValue : _sleepingUntilUs - now;
                if (sleepUs <= 0)
                {
                    due = _heap[0];
                    Take(due);
                    _sleepingUntilUs = 0;
                }
            }

            if (due is not null)
            {
                // What is due together leaves together.
                if (!inBatch)
                    SendBatch.Current.Enter();
                inBatch = true;
                due.Client.OnTimer();
                continue;
            }

            if (inBatch)
            {
                // Takes time: look at the clock again.
                SendBatch.Current.Exit();
                inBatch = false;
                continue;
            }

            _wake.WaitOne(sleepUs > 3_600_000_000 ? 3_600_000 : (int)((sleepUs + 999) / 1000));
        }
    }

    private void Take(HostTimerEntry entry)
    {
        var index = entry.Index;
        if (index < 0)
            return;
        entry.Index = -1;
        Volatile.Write(ref entry.ArmedUs, long.MaxValue);
        var last = _heap[--_count];
        _heap[_count] = null!;
        if (last == entry)
            return;
        last.Index = index;
        _heap[index] = last;
        Up(last, index);
        Down(last, last.Index);
    }

    private void Up(HostTimerEntry entry, int index)
    {
        while (index > 0 && _heap[(index - 1) / 2].ArmedUs > entry.ArmedUs)
        {
            _heap[index] = _heap[(index - 1) / 2];
            _heap[index].Index = index;
            index = (index - 1) / 2;
        }

        _heap[index] = entry;
        entry.Index = index;
    }

    private void Down(HostTimerEntry entry, int index)
    {
        for (int child; (child = (2 * index) + 1) < _count; index = child)
        {
            if (child + 1 < _count && _heap[child + 1].ArmedUs < _heap[child].ArmedUs)
                child++;
            if (_heap[child].ArmedUs >= entry.ArmedUs)
                break;
            _heap[index] = _heap[child];
            _heap[index].Index = index;
        }

        _heap[index] = entry;
        entry.Index = index;
    }
}
