namespace Egregore.Server.Hosting;

/// <summary>The bounded queue of the world's loop: many connections add, the loop takes. Adding wakes the loop.</summary>
internal sealed class CommandQueue(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Queue<Command> _queue = new();

    /// <summary>Wakes the loop; set by it before the first command.</summary>
    public Action? Woken { get; set; }

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

        Woken?.Invoke();
        return true;
    }

    public bool TryTake(out Command command)
    {
        lock (_lock)
            return _queue.TryDequeue(out command);
    }
}
