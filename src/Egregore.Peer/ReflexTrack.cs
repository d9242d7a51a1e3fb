namespace Egregore.Peer;

/// <summary>
/// The recent reflex states of one neighbour, in the order of their ticks, and the clock that plays them back smoothly.
/// </summary>
/// <remarks>
/// Arrival jitters; ticks do not. The track keeps the smallest difference seen between arrival and tick time (the fastest path), lets it creep up slowly so that a
/// changed path is followed, and plays states at that offset plus the caller's delay. Owned by one <see cref="Participant"/>; no allocation after construction.
/// </remarks>
public sealed class ReflexTrack
{
    /// <summary>States kept: 3.2 s at 20 Hz.</summary>
    public const int Capacity = 64;

    private const double CreepMsPerState = 0.1;

    private readonly byte[] _states;
    private readonly uint[] _ticks = new uint[Capacity];
    private readonly int _stateBytes;
    private readonly double _tickMs;
    private int _count;
    private int _newest = -1;
    private double _offsetMs = double.NaN;

    /// <param name="stateBytes">Size of one state in bytes, from the game's reflex rules.</param>
    /// <param name="tickMs">Length of a movement tick in milliseconds.</param>
    public ReflexTrack(int stateBytes, double tickMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stateBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tickMs);
        _stateBytes = stateBytes;
        _tickMs = tickMs;
        _states = new byte[Capacity * stateBytes];
    }

    /// <summary>Whether any state was added.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>The tick of the newest state; 0 while empty.</summary>
    public uint NewestTick => _count == 0 ? 0 : _ticks[_newest];

    /// <summary>When the newest state arrived, in the host's milliseconds.</summary>
    public long NewestAtMs { get; private set; }

    /// <summary>The newest state.</summary>
    /// <exception cref="InvalidOperationException">The track is empty.</exception>
    public ReadOnlySpan<byte> Newest => _count > 0 ? StateAt(_newest) : throw new InvalidOperationException("the track is empty");

    /// <summary>Adds a state that arrived now. A state that is not newer than the newest is ignored.</summary>
    /// <returns>Whether it was added.</returns>
    public bool Add(uint tick, ReadOnlySpan<byte> state, long nowMs)
    {
        if (state.Length != _stateBytes || (_count > 0 && tick <= NewestTick))
            return false;
        _newest = (_newest + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
        _ticks[_newest] = tick;
        state.CopyTo(_states.AsSpan(_newest * _stateBytes, _stateBytes));
        NewestAtMs = nowMs;
        var offset = nowMs - (tick * _tickMs);
        // A jump of more than a second is a new session of the same peer, not jitter.
        _offsetMs = double.IsNaN(_offsetMs) || offset - _offsetMs > 1000 ? offset : Math.Min(offset, _offsetMs + CreepMsPerState);
        return true;
    }

    /// <summary>Forgets everything, for a peer that starts anew.</summary>
    public void Clear()
    {
        _count = 0;
        _newest = -1;
        _offsetMs = double.NaN;
    }

    /// <summary>The two states around the moment <paramref name="nowMs"/> - <paramref name="delayMs"/>.</summary>
    /// <param name="nowMs">The host's clock.</param>
    /// <param name="delayMs">How far behind to play; one to two ticks hide jitter.</param>
    /// <param name="older">The state at or before that moment.</param>
    /// <param name="newer">The state after it; the same as <paramref name="older"/> when there is none.</param>
    /// <param name="fraction">Where between them, 0 to 1; with no newer state, ticks past <paramref name="older"/> (extrapolation), 0 or more.</param>
    /// <returns>False while the track is empty.</returns>
    public bool TrySample(double nowMs, double delayMs, out ReadOnlySpan<byte> older, out ReadOnlySpan<byte> newer, out double fraction)
    {
        older = newer = default;
        fraction = 0;
        if (_count == 0)
            return false;
        var at = (nowMs - delayMs - _offsetMs) / _tickMs;
        var index = _newest;
        for (var i = 0; i < _count; i++)
        {
            index = (_newest - i + Capacity) % Capacity;
            if (_ticks[index] > at)
                continue;
            older = StateAt(index);
            if (i == 0)
            {
                newer = older;
                fraction = at - _ticks[index];
                return true;
            }

            var next = (index + 1) % Capacity;
            newer = StateAt(next);
            fraction = Math.Clamp((at - _ticks[index]) / (_ticks[next] - _ticks[index]), 0, 1);
            return true;
        }

        older = newer = StateAt(index);
        return true;
    }

    private ReadOnlySpan<byte> StateAt(int index) => _states.AsSpan(index * _stateBytes, _stateBytes);
}
