namespace Egregore.Server.Sessions;

/// <summary>
/// The reflex states of one session on their way from its connection to the world's loop. Bounded: a full queue drops the newest, which the sender will have replaced by the
/// next tick anyway.
/// </summary>
/// <remarks>One writer and one reader at a time, each under the lock for the time of a small copy; no allocation.</remarks>
internal sealed class ReflexQueue(int stateBytes)
{
    public const int Capacity = 32;

    private readonly Lock _lock = new();
    private readonly byte[] _states = new byte[Capacity * stateBytes];
    private readonly uint[] _ticks = new uint[Capacity];
    private int _head;
    private int _count;

    public bool TryAdd(uint tick, ReadOnlySpan<byte> state)
    {
        lock (_lock)
        {
            if (_count == Capacity)
                return false;
            var slot = (_head + _count++) % Capacity;
            _ticks[slot] = tick;
            state.CopyTo(_states.AsSpan(slot * stateBytes, stateBytes));
            return true;
        }
    }

    public bool TryTake(out uint tick, Span<byte> state)
    {
        tick = 0;
        // A stale zero only postpones the take to the next tick.
        if (_count == 0)
            return false;
        lock (_lock)
        {
            if (_count == 0)
                return false;
            tick = _ticks[_head];
            _states.AsSpan(_head * stateBytes, stateBytes).CopyTo(state);
            _head = (_head + 1) % Capacity;
            _count--;
            return true;
        }
    }
}
