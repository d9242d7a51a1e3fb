using Egregore.World;
using VoxelArena;

namespace Egregore.Browser;

/// <summary>
/// Which bodies the picture has to be told of: each that came, changed or went since the frame before. A body that was shown ahead of truth keeps its handle when
/// truth's own row takes its place, so that the picture goes on with it and does not jump.
/// </summary>
internal sealed class BodyFeed(PeerRef self)
{
    /// <summary>Records in a frame; the others follow in the next.</summary>
    private const int PerFrameMax = 512;

    private const int GoneFlag = 1;
    private const int AwakeFlag = 2;
    private const int AheadFlag = 4;
    private const double Unit = 1.0 / 4096;
    private const double Turn = 1.0 / Rotation.One;

    private readonly Dictionary<ulong, uint> _handles = [];
    private readonly Queue<ulong> _changed = new();
    private readonly HashSet<ulong> _changedSet = [];

    // Since the last frame: own predictions that were taken back, and own bodies that truth told.
    private readonly List<Body> _takenBack = [];
    private readonly List<Body> _told = [];
    private uint _lastHandle;

    /// <summary>A row changed, as the cache tells it.</summary>
    public void Changed(Body? before, Body? after)
    {
        var body = (after ?? before)!;
        if (after is null && IsAhead(body.Id))
            _takenBack.Add(body);
        else if (before is null && !IsAhead(body.Id) && body.By == self)
            _told.Add(body);
        if (_changedSet.Add(body.Id))
            _changed.Enqueue(body.Id);
    }

    /// <summary>Appends the records of this frame; gives how many.</summary>
    public int Write(FrameWriter frame, Table<Body, ulong> rows)
    {
        HandOver();
        var count = 0;
        while (count < PerFrameMax && _changed.TryDequeue(out var id))
        {
            _changedSet.Remove(id);
            var body = rows.Find(id);
            if (body is not null)
                Write(frame, frame.Append(FrameWriter.BodyBytes), HandleOf(id), body);
            else if (_handles.Remove(id, out var handle))
                WriteGone(frame, frame.Append(FrameWriter.BodyBytes), handle);
            else
                continue;
            count++;
        }

        return count;
    }

    // The same place where physics has not moved it yet; else the first of the same make: both lists are in the order in which the bodies were made.
    private void HandOver()
    {
        foreach (var shown in _takenBack)
        {
            if (!_handles.TryGetValue(shown.Id, out var handle))
                continue;
            var at = _told.FindIndex(body => body.At == shown.At && body.Kind == shown.Kind);
            if (at < 0)
                at = _told.FindIndex(body => body.Kind == shown.Kind && body.Block == shown.Block);
            if (at < 0)
                continue;
            _handles.Remove(shown.Id);
            _handles[_told[at].Id] = handle;
            _told.RemoveAt(at);
        }

        _takenBack.Clear();
        _told.Clear();
    }

    private uint HandleOf(ulong id)
    {
        if (!_handles.TryGetValue(id, out var handle))
            _handles[id] = handle = ++_lastHandle;
        return handle;
    }

    private static void WriteGone(FrameWriter frame, int at, uint handle)
    {
        frame.Int32(at, (int)handle);
        frame.UInt16(at + 6, GoneFlag);
    }

    private static void Write(FrameWriter frame, int at, uint handle, Body body)
    {
        frame.Int32(at, (int)handle);
        frame.Byte(at + 4, (int)body.Kind);
        frame.Byte(at + 5, (int)body.Block);
        frame.UInt16(at + 6, (body.Awake ? AwakeFlag : 0) | (IsAhead(body.Id) ? AheadFlag : 0));
        frame.Int32(at + 8, (int)body.Frame);
        frame.Int32(at + 12, (int)body.Touched);
        frame.Vector(at + 16, body.At.X * Unit, body.At.Y * Unit, body.At.Z * Unit);
        frame.Vector(at + 28, body.Rotation.X * Turn, body.Rotation.Y * Turn, body.Rotation.Z * Turn);
        frame.Single(at + 40, body.Rotation.W * Turn);
        frame.Vector(at + 44, body.Velocity.X * Unit, body.Velocity.Y * Unit, body.Velocity.Z * Unit);
        frame.Vector(at + 56, body.Spin.X * Unit, body.Spin.Y * Unit, body.Spin.Z * Unit);
        frame.Vector(at + 68, body.Half.X * Unit, body.Half.Y * Unit, body.Half.Z * Unit);
    }

    // A prediction's ids lie above all of truth's.
    private static bool IsAhead(ulong id) => id >> 63 != 0;
}
