namespace Egregore.World.Area;

/// <summary>
/// Reads the records of room frames on a client: most say only what changed since the last one of their body, so the reader keeps what it read.
/// <code>
/// reader.Begin(frame.CellX, frame.CellZ);
/// while (reader.TryNext(frame.States, out var record)) ...
/// </code>
/// Bytes come from a stranger: a frame that ends too early, or holds anything else, gives <see cref="IsWhole"/> false and the records in front of it; a change to a body that the reader
/// does not know is skipped.
/// </summary>
/// <remarks>One for each connection; frames in the order of their arrival. Allocates for a body that it meets, and nothing after that.</remarks>
public sealed class RoomReader
{
    private readonly Dictionary<ushort, int> _slots = [];
    private readonly Stack<int> _free = new();
    private readonly int _lookBytes;
    private readonly int _bodiesMax;
    private readonly byte[] _skipped;
    private RoomPlace[] _places = new RoomPlace[16];
    private byte[] _looks;
    private int _at;
    private int _handle;
    private int _cellX;
    private int _cellZ;

    /// <param name="lookBytes">Bytes of the game's own part of a record (<see cref="IRoomStates.LookBytes"/>).</param>
    /// <param name="bodiesMax">Most bodies kept; changes to others are skipped.</param>
    public RoomReader(int lookBytes, int bodiesMax = 2048)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lookBytes);
        _lookBytes = lookBytes;
        _bodiesMax = bodiesMax;
        _looks = new byte[16 * lookBytes];
        _skipped = new byte[lookBytes];
    }

    /// <summary>Whether the frame held nothing but whole records, as far as it was read.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Changes skipped because their body was not known, since the reader was made.</summary>
    public long Skipped { get; private set; }

    /// <summary>Begins with a frame.</summary>
    public void Begin(int cellX, int cellZ)
    {
        _at = 0;
        _handle = 0;
        _cellX = cellX;
        _cellZ = cellZ;
        IsWhole = true;
    }

    /// <summary>Reads the next record.</summary>
    /// <param name="states">The frame's states, the same at each call.</param>
    /// <param name="record">The body's state now.</param>
    public bool TryNext(ReadOnlySpan<byte> states, out RoomRecord record)
    {
        record = default;
        while (IsWhole && _at < states.Length)
        {
            if (!RoomRecordCodec.TryReadHandle(states, ref _at, ref _handle, out var whole))
                break;
            var known = _slots.TryGetValue((ushort)_handle, out var slot);
            if (!known && whole)
                known = TryMeet((ushort)_handle, out slot);
            var skipped = default(RoomPlace);
            ref var place = ref known ? ref _places[slot] : ref skipped;
            var look = known ? _looks.AsSpan(slot * _lookBytes, _lookBytes) : _skipped;
            if (!(whole ? RoomRecordCodec.TryReadWhole(states, ref _at, _cellX, _cellZ, ref place, look) : RoomRecordCodec.TryReadDelta(states, ref _at, ref place, look)))
                break;
            if (known)
            {
                record = new RoomRecord((ushort)_handle, place.X, place.Y, place.Z, look);
                return true;
            }

            Skipped++;
        }

        IsWhole &= _at >= states.Length;
        return false;
    }

    /// <summary>The body is gone, or another has its handle.</summary>
    public void Forget(ushort handle)
    {
        if (_slots.Remove(handle, out var slot))
            _free.Push(slot);
    }

    /// <summary>A new connection begins.</summary>
    public void Clear()
    {
        _slots.Clear();
        _free.Clear();
    }

    private bool TryMeet(ushort handle, out int slot)
    {
        slot = 0;
        if (_slots.Count >= _bodiesMax)
            return false;
        if (!_free.TryPop(out slot))
            slot = _slots.Count;
        if (slot >= _places.Length)
        {
            Array.Resize(ref _places, 2 * _places.Length);
            Array.Resize(ref _looks, _places.Length * _lookBytes);
        }

        _slots[handle] = slot;
        return true;
    }
}
