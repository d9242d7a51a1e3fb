namespace Egregore.World.Area;

/// <summary>
/// Who is sent which reflex states, and how often. Sans-I/O: the host places accepted states, lets each viewer look around, and once a tick asks for the
/// bytes of each viewer's frame.
/// <para>
/// A viewer's frame says what changed since the states that it was sent last (layout: docs/server.md). Attention decides the rates: the nearest <see cref="RoomOptions.Focus"/> at every tick, the others from
/// <see cref="RoomOptions.NearRateHz"/> down to <see cref="RoomOptions.FarRateHz"/> with distance. A body that did not move is not sent again. Each viewer
/// has a byte budget that grows with the crowd around; everything else the host sends is charged to it, so the bound holds by construction: the room yields.
/// Those who wait gain credit, so nobody starves.
/// </para>
/// </summary>
/// <remarks>One thread. Allocates when a slot is used for the first time, and nothing after that. A frame costs O(attended), a look around O(in sight).</remarks>
public sealed class RoomBroadcaster
{
    private const int CreditMax = 16 * RoomViewer.Due;

    private readonly RoomOptions _options;
    private readonly RoomGrid _grid;
    private readonly RoomViewer?[] _viewers;
    private readonly RoomHistory?[] _bodies;
    private readonly int[] _x;
    private readonly int[] _z;
    private readonly ushort[] _life;
    private readonly ushort[] _free;
    private readonly int[] _mark;
    private readonly long[] _scratch;
    private readonly ushort[] _entered;
    private readonly ushort[] _left;
    private readonly long[] _due;
    private int _freeHead;
    private int _enteredCount;
    private int _leftCount;

    /// <exception cref="ArgumentException">An option is out of its bounds.</exception>
    public RoomBroadcaster(RoomOptions options)
    {
        if (options.Problem() is { } problem)
            throw new ArgumentException(problem, nameof(options));
        _options = options;
        var slots = options.Capacity + 1;
        _grid = new RoomGrid(options.Capacity);
        _viewers = new RoomViewer?[slots];
        _bodies = new RoomHistory?[slots];
        _x = new int[slots];
        _z = new int[slots];
        _life = new ushort[slots];
        _mark = new int[slots];
        _scratch = new long[slots];
        _free = new ushort[options.Capacity];
        for (var i = 0; i < options.Capacity; i++)
            _free[i] = (ushort)(i + 1);
        _entered = new ushort[options.AttendedMax];
        _left = new ushort[options.AttendedMax];
        _due = new long[options.AttendedMax];
    }

    /// <summary>Bodies in the room.</summary>
    public int Count { get; private set; }

    /// <summary>Those whom the last <see cref="LookAround"/> found and who were not attended to before; nearest first. Valid until the next call.</summary>
    public ReadOnlySpan<ushort> Entered => _entered.AsSpan(0, _enteredCount);

    /// <summary>Those whom the last <see cref="LookAround"/> attends to no longer. A handle in both lists is another body now. Valid until the next call.</summary>
    public ReadOnlySpan<ushort> Left => _left.AsSpan(0, _leftCount);

    /// <summary>Takes a handle for a body that is also a viewer. False: the room is full. Handles are reused as late as possible.</summary>
    public bool TryJoin(out ushort handle)
    {
        handle = 0;
        if (Count == _options.Capacity)
            return false;
        handle = _free[_freeHead];
        _freeHead = (_freeHead + 1) % _options.Capacity;
        Count++;
        var viewer = _viewers[handle] ??= new RoomViewer(_options.AttendedMax);
        viewer.Active = true;
        viewer.Count = 0;
        viewer.Tokens = 0;
        _bodies[handle] ??= new RoomHistory(_options.LookBytes);
        return true;
    }

    /// <summary>Gives the handle back; viewers notice at their next look around, and are sent nothing of it from now on.</summary>
    public void Leave(ushort handle)
    {
        var viewer = ViewerOf(handle);
        if (IsPlaced(handle))
            _grid.Remove(handle, RoomRecord.CellOf(_x[handle]), RoomRecord.CellOf(_z[handle]));
        _bodies[handle]!.Clear();
        _life[handle]++;
        viewer.Active = false;
        viewer.Count = 0;
        _free[(_freeHead + _options.Capacity - Count) % _options.Capacity] = handle;
        Count--;
    }

    /// <summary>Packs a body's accepted state. Position in 1/256 block; <paramref name="look"/> is <see cref="RoomOptions.LookBytes"/> long.</summary>
    public void Place(ushort handle, int x, int y, int z, ReadOnlySpan<byte> look)
    {
        _ = ViewerOf(handle);
        if (look.Length != _options.LookBytes)
            throw new ArgumentException($"a packed state's own part is {_options.LookBytes} bytes, not {look.Length}", nameof(look));
        Move(handle, x, z);
        _x[handle] = x;
        _z[handle] = z;
        _bodies[handle]!.Add(new RoomPlace(x, y, z), look);
    }

    /// <summary>Where a body was placed last, in 1/256 block; false: it was not.</summary>
    public bool TryPosition(ushort handle, out int x, out int y, out int z)
    {
        x = y = z = 0;
        if (!IsPlaced(handle))
            return false;
        (x, y, z) = _bodies[handle]!.Place;
        return true;
    }

    /// <summary>Says whom <paramref name="viewer"/> hears on direct links, so that the room need not send them; replaces what was said before.</summary>
    public void SetDirect(ushort viewer, ReadOnlySpan<ushort> others)
    {
        var attention = ViewerOf(viewer);
        for (var i = 0; i < attention.Count; i++)
            attention.List[i].Direct = others.Contains(attention.List[i].Handle);
    }

    /// <summary>Takes bytes that the host sent to the viewer besides frames from its budget; the debt is at most a second's worth.</summary>
    public void Charge(ushort viewer, int bytes)
    {
        var attention = ViewerOf(viewer);
        attention.Tokens = Math.Max(attention.Tokens - ((long)bytes * _options.TickRateHz), -AllowedBytesPerSecond(attention.Count) * (long)_options.TickRateHz);
    }

    /// <summary>Bytes a second that a viewer with this many others in sight may be sent.</summary>
    public int AllowedBytesPerSecond(int crowd)
    {
        var over = Math.Clamp(crowd, _options.SmallCrowd, _options.LargeCrowd) - _options.SmallCrowd;
        var range = _options.LargeCrowdBytesPerSecond - _options.SmallCrowdBytesPerSecond;
        return _options.SmallCrowdBytesPerSecond + (int)((long)range * over / (_options.LargeCrowd - _options.SmallCrowd));
    }

    /// <summary>How many others a viewer attends to.</summary>
    public int AttendedCount(ushort viewer) => ViewerOf(viewer).Count;

    /// <summary>
    /// When it is this viewer's turn at <paramref name="tick"/> (viewers take turns, a newcomer at once): sees who is near and how near.
    /// </summary>
    /// <returns>True when somebody came into sight or left it: <see cref="Entered"/> and <see cref="Left"/> say who.</returns>
    public bool LookAround(ushort viewer, long tick)
    {
        var attention = ViewerOf(viewer);
        _enteredCount = 0;
        _leftCount = 0;
        if (!IsPlaced(viewer) || (attention.Count != 0 && (tick + viewer) % _options.LookAroundTicks != 0))
            return false;

        (attention.List, attention.Old) = (attention.Old, attention.List);
        var oldCount = attention.Count;
        for (var i = 0; i < oldCount; i++)
            _mark[attention.Old[i].Handle] = i + 1;
        var found = Find(viewer, attention);
        attention.Count = Math.Min(found, _options.AttendedMax);
        for (var i = 0; i < attention.Count; i++)
            attention.List[i] = Attend(attention, (ushort)_scratch[i], _scratch[i] >> 16, i);
        for (var i = 0; i < oldCount; i++)
        {
            var handle = attention.Old[i].Handle;
            if (_mark[handle] != 0)
                _left[_leftCount++] = handle;
            _mark[handle] = 0;
        }

        // Frames are written in the order of handles.
        for (var i = 0; i < attention.Count; i++)
            _scratch[i] = attention.List[i].Handle;
        _scratch.AsSpan(0, attention.Count).Sort(attention.List.AsSpan(0, attention.Count));
        return _enteredCount + _leftCount > 0;
    }

    /// <summary>Writes the states that are due for this viewer at this tick; called once a tick.</summary>
    /// <param name="viewer">The viewer's handle.</param>
    /// <param name="overheadBytes">What a frame costs on the wire besides its states; charged when there are any.</param>
    /// <param name="destination">Receives whole records; what does not fit waits for the next tick.</param>
    /// <returns>Bytes written; 0: nothing is due, send nothing.</returns>
    public int Compose(ushort viewer, int overheadBytes, Span<byte> destination)
    {
        var attention = ViewerOf(viewer);
        var allowed = AllowedBytesPerSecond(attention.Count);
        attention.Tokens = Math.Min(attention.Tokens + allowed, (long)allowed * _options.TickRateHz / 2);
        var room = (int)Math.Min((attention.Tokens / _options.TickRateHz) - overheadBytes, destination.Length);
        var due = CountDue(attention);
        var sizeMax = RoomRecordCodec.SizeMax(_options.LookBytes);
        if (due == 0 || room < sizeMax)
            return 0;
        if (due * sizeMax > room)
            due = ChooseDue(attention, due, room, destination);

        var written = 0;
        var last = 0;
        for (var i = 0; i < due; i++)
        {
            ref var other = ref attention.List[(int)(_due[i] & 0xFFFF)];
            other.Credit = Math.Min(other.Credit - RoomViewer.Due, RoomViewer.Due - 1);
            written += Write(destination[written..], other, last);
            other.SentVersion = _bodies[other.Handle]!.Latest;
            last = other.Handle;
        }

        attention.Tokens -= (long)(written + overheadBytes) * _options.TickRateHz;
        return written;
    }

    private int Write(Span<byte> destination, in RoomViewer.Attended other, int last)
    {
        var body = _bodies[other.Handle]!;
        return body.Knows(other.SentVersion)
            ? RoomRecordCodec.WriteDelta(destination, other.Handle - last, body.PlaceAt(other.SentVersion), body.LookAt(other.SentVersion), body.Place, body.Look)
            : RoomRecordCodec.WriteWhole(destination, other.Handle - last, body.Place, body.Look);
    }

    /// <summary>Not all fit: the highest credit first, who waited longest in proportion to the attention that is due.</summary>
    /// <param name="attention">The viewer.</param>
    /// <param name="due">How many are due.</param>
    /// <param name="room">Bytes.</param>
    /// <param name="scratch">At least as long; written over.</param>
    /// <returns>How many fit; they stand in front, in the order of handles.</returns>
    private int ChooseDue(RoomViewer attention, int due, int room, Span<byte> scratch)
    {
        _due.AsSpan(0, due).Sort();
        var chosen = 0;
        for (var i = due - 1; i >= 0 && chosen < due; i--)
        {
            // As if nobody stood in front of it: its handle takes no fewer bytes than it will.
            room -= Write(scratch, attention.List[(int)(_due[i] & 0xFFFF)], 0);
            if (room < 0)
                break;
            _scratch[chosen++] = _due[i] & 0xFFFF;
        }

        _scratch.AsSpan(0, chosen).Sort();
        _scratch.AsSpan(0, chosen).CopyTo(_due);
        return chosen;
    }

    private bool IsPlaced(ushort handle) => _bodies[handle] is { Latest: not 0 };

    private int CountDue(RoomViewer attention)
    {
        var due = 0;
        for (var i = 0; i < attention.Count; i++)
        {
            ref var other = ref attention.List[i];
            other.Credit = Math.Min(other.Credit + other.Weight, CreditMax);
            var version = _bodies[other.Handle]!.Latest;
            if (version == 0 || version == other.SentVersion || other.Direct || other.Life != _life[other.Handle])
                other.Credit = Math.Min(other.Credit, RoomViewer.Due);
            else if (other.Credit >= RoomViewer.Due)
                _due[due++] = ((long)other.Credit << 16) | (uint)i;
        }

        return due;
    }

    private int Find(ushort viewer, RoomViewer attention)
    {
        var x = _x[viewer];
        var z = _z[viewer];
        var inner = (long)_options.SightBlocks << 8;
        var outer = inner + (inner >> 3);
        var count = 0;
        for (var cellX = RoomRecord.CellOf((int)(x - outer)); cellX <= RoomRecord.CellOf((int)(x + outer)); cellX++)
        {
            for (var cellZ = RoomRecord.CellOf((int)(z - outer)); cellZ <= RoomRecord.CellOf((int)(z + outer)); cellZ++)
            {
                for (var other = _grid.First(cellX, cellZ); other != 0; other = _grid.Next(other))
                {
                    long dx = _x[other] - x, dz = _z[other] - z;
                    var distance = (dx * dx) + (dz * dz);
                    // Who is in sight stays until an eighth beyond its rim, so that nobody flickers on it.
                    var rim = _mark[other] != 0 && attention.Old[_mark[other] - 1].Life == _life[other] ? outer : inner;
                    if (other != viewer && distance <= rim * rim)
                        _scratch[count++] = (distance << 16) | other;
                }
            }
        }

        _scratch.AsSpan(0, count).Sort();
        return count;
    }

    private RoomViewer.Attended Attend(RoomViewer attention, ushort handle, long distanceSquared, int rank)
    {
        var weight = rank < _options.Focus ? RoomViewer.Due : WeightAt((long)Math.Sqrt(distanceSquared));
        var mark = _mark[handle];
        if (mark != 0 && attention.Old[mark - 1].Life == _life[handle])
        {
            _mark[handle] = 0;
            return attention.Old[mark - 1] with { Weight = weight };
        }

        _entered[_enteredCount++] = handle;
        return new RoomViewer.Attended { Handle = handle, Life = _life[handle], Weight = weight, Credit = RoomViewer.Due };
    }

    private int WeightAt(long distance)
    {
        var sight = (long)_options.SightBlocks << 8;
        var fall = (_options.NearRateHz - _options.FarRateHz) * (long)RoomViewer.Due * Math.Min(distance, sight) / sight;
        return (int)(((_options.NearRateHz * (long)RoomViewer.Due) - fall) / _options.TickRateHz);
    }

    private void Move(ushort handle, int x, int z)
    {
        var (cellX, cellZ) = (RoomRecord.CellOf(x), RoomRecord.CellOf(z));
        if (!IsPlaced(handle))
        {
            _grid.Add(handle, cellX, cellZ);
            return;
        }

        var (oldX, oldZ) = (RoomRecord.CellOf(_x[handle]), RoomRecord.CellOf(_z[handle]));
        if (oldX == cellX && oldZ == cellZ)
            return;
        _grid.Remove(handle, oldX, oldZ);
        _grid.Add(handle, cellX, cellZ);
    }

    private RoomViewer ViewerOf(ushort handle) =>
        handle < _viewers.Length && _viewers[handle] is { Active: true } viewer ? viewer : throw new ArgumentOutOfRangeException(nameof(handle), handle, "no such body");
}
