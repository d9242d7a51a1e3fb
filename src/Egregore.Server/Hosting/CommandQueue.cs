namespace Egregore.Server.Hosting;

/// <summary>The bounded queue of the world's loop: many connections add, the loop takes. Adding wakes the loop.</summary>
internal sealed class CommandQueue(int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<Command> _queue = new();
    private readonly AutoResetEvent _wake = new(false);

    public int Count
    {
        get
        {
            lock (_lock)
                return _queue.Count;
        }
    }

    /// <summary>False: full; the caller refuses. Ends of connections always fit: there are no more of them than connections.</summary>
    public bool TryAdd(in Command command)
    {
        lock (_lock)
        {
            if (_queue.Count >= capacity && command.Type != CommandType.Closed)
                return false;
            _queue.Enqueue(command);
        }

        _wake.Set();
        return true;
    }

    public bool TryTake(out Command command)
    {
        lock (_lock)
            return _queue.TryDequeue(out command);
    }

    /// <summary>Wakes the loop without a command.</summary>
    public void Wake() => _wake.Set();

    /// <summary>Waits for a command or for the time to pass.</summary>
    public void Wait(int milliseconds) => _wake.WaitOne(milliseconds);

    public void Dispose() => _wake.Dispose();
}
