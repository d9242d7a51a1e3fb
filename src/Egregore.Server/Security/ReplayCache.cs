using System.Runtime.InteropServices;

namespace Egregore.Server.Security;

/// <summary>
/// Remembers single-use values until they expire by themselves. Bounded: when it is full of values that have not expired, new ones are refused,
/// never old ones forgotten. Thread-safe.
/// </summary>
internal sealed class ReplayCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly HashSet<UInt128> _used = [];
    private readonly Queue<(UInt128 Value, long ExpiresMs)> _order = new();

    public enum Result : byte
    {
        Fresh,
        Replayed,
        Full,
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _used.Count;
        }
    }

    /// <summary>Marks a 16-byte value as used. Values must come with the same time to live, so that they expire in the order they come.</summary>
    public Result TryUse(ReadOnlySpan<byte> value16, long expiresMs, long nowMs)
    {
        var value = MemoryMarshal.Read<UInt128>(value16);
        lock (_lock)
        {
            while (_order.TryPeek(out var oldest) && oldest.ExpiresMs < nowMs)
                _used.Remove(_order.Dequeue().Value);
            if (_used.Contains(value))
                return Result.Replayed;
            if (_used.Count >= capacity)
                return Result.Full;
            _used.Add(value);
            _order.Enqueue((value, expiresMs));
            return Result.Fresh;
        }
    }
}
