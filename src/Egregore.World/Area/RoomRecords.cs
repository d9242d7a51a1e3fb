namespace Egregore.World.Area;

/// <summary>
/// The packed states of one <c>RoomFrame</c>, enumerated in place: <c>foreach (var record in new RoomRecords(frame.States, frame.CellX, frame.CellZ, lookBytes))</c>.
/// Bytes come from a stranger: a length that is not a whole number of records gives <see cref="IsWhole"/> false and the whole ones only.
/// </summary>
public readonly ref struct RoomRecords
{
    private readonly ReadOnlySpan<byte> _states;
    private readonly int _cellX;
    private readonly int _cellZ;
    private readonly int _recordBytes;

    /// <param name="states">The frame's packed states.</param>
    /// <param name="cellX">The frame's cell.</param>
    /// <param name="cellZ">The frame's cell.</param>
    /// <param name="lookBytes">Bytes of the game's own part of a record.</param>
    public RoomRecords(ReadOnlySpan<byte> states, int cellX, int cellZ, int lookBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lookBytes);
        _states = states;
        _cellX = cellX;
        _cellZ = cellZ;
        _recordBytes = RoomRecord.HeaderBytes + lookBytes;
    }

    /// <summary>Number of whole records.</summary>
    public int Count => _states.Length / _recordBytes;

    /// <summary>Whether the bytes hold nothing but whole records.</summary>
    public bool IsWhole => _states.Length % _recordBytes == 0;

    /// <summary>The record at <paramref name="index"/>.</summary>
    public RoomRecord this[int index] => RoomRecord.Read(_states.Slice(index * _recordBytes, _recordBytes), _cellX, _cellZ);

    /// <summary>Enumerates the whole records.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Enumerator over the records of a frame.</summary>
    public ref struct Enumerator
    {
        private readonly RoomRecords _records;
        private int _index;

        internal Enumerator(RoomRecords records)
        {
            _records = records;
            _index = -1;
        }

        /// <summary>The record the enumerator stands on.</summary>
        public readonly RoomRecord Current => _records[_index];

        /// <summary>Steps to the next whole record.</summary>
        public bool MoveNext() => ++_index < _records.Count;
    }
}
