using System.Buffers;

namespace Egregore.Work.Frames;

/// <summary>One part of a frame, as its task was settled.</summary>
/// <param name="Output">Its output; empty where there is none. Valid during the call.</param>
/// <param name="Missing">The task failed: nobody had an answer in time. What a missing part means is the stream's own (keep the last state, coast, ...).</param>
/// <param name="Level">Who gave it.</param>
public readonly record struct FramePart(ReadOnlyMemory<byte> Output, bool Missing, FailoverLevel Level);

/// <summary>Takes what a <see cref="FrameSequence"/> has ready.</summary>
public interface IFrameSink
{
    /// <summary>The next frame, in order; all its parts are there or missing for good.</summary>
    void Apply(uint frame, ReadOnlySpan<FramePart> parts);

    /// <summary>A part of a frame that was applied was wrong; this is the right one, or there is none. Before it is applied a part is exchanged without a word.</summary>
    void Correct(uint frame, int part, ReadOnlySpan<byte> output, bool missing);
}

/// <summary>
/// A stream of frames, each of several tasks: up to three are in flight at one time, and they are applied in order. A frame never waits for a helper: every task is settled by its
/// deadline, by the next level or as missing, so a frame is complete at the latest deadline of its tasks.
/// </summary>
/// <remarks>Owned by the thread of the coordinator. Tags of the tasks are this sequence's: <see cref="Tag"/>.</remarks>
public sealed class FrameSequence
{
    private readonly IFrameSink _sink;
    private readonly Slot[] _slots;
    private readonly int _partsMax;
    private uint _first = 1;
    private uint _next = 1;
    private bool _applying;

    /// <summary>A stream without frames.</summary>
    /// <param name="stream">Its number, which tells its tags from those of other streams.</param>
    /// <param name="sink">Takes frames.</param>
    /// <param name="inFlightMax">Frames at one time; the default is 3.</param>
    /// <param name="partsMax">Parts of one frame, at most 65,535.</param>
    public FrameSequence(ushort stream, IFrameSink sink, int inFlightMax = 3, int partsMax = 1_024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inFlightMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inFlightMax, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(partsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partsMax, ushort.MaxValue);
        Stream = stream;
        _sink = sink;
        _partsMax = partsMax;
        _slots = new Slot[inFlightMax];
        for (var i = 0; i < _slots.Length; i++)
            _slots[i] = new Slot();
    }

    /// <summary>Its number.</summary>
    public ushort Stream { get; }

    /// <summary>Frames begun and not applied yet.</summary>
    public int InFlight => (int)(_next - _first);

    /// <summary>Frames applied so far.</summary>
    public long Applied { get; private set; }

    /// <summary>Begins the next frame. All its parts are then submitted with their <see cref="Tag"/>.</summary>
    /// <param name="parts">Tasks of the frame, at least 1.</param>
    /// <param name="frame">Its number, from 1, without gaps.</param>
    /// <returns>False where as many as may be are in flight: the caller goes on without.</returns>
    public bool TryBegin(int parts, out uint frame)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, _partsMax);
        frame = 0;
        if (InFlight == _slots.Length)
            return false;
        frame = _next++;
        var slot = _slots[frame % (uint)_slots.Length];
        slot.Begin(parts);
        return true;
    }

    /// <summary>The tag of one part's task.</summary>
    public ulong Tag(uint frame, int part) => ((ulong)Stream << 48) | ((ulong)frame << 16) | (ushort)part;

    /// <summary>A part was not taken by the coordinator: it is missing.</summary>
    public void Miss(uint frame, int part)
    {
        if (!IsInFlight(frame, part))
            return;
        _slots[frame % (uint)_slots.Length].Put(part, default, missing: true, FailoverLevel.Truth);
        ApplyReady();
    }

    /// <summary>Takes a settlement, if it is of this stream.</summary>
    /// <returns>Whether it was.</returns>
    public bool Settled(in Settlement settlement)
    {
        if (settlement.Tag >> 48 != Stream)
            return false;
        var frame = (uint)(settlement.Tag >> 16);
        var part = (int)(settlement.Tag & 0xFFFF);
        var failed = settlement.Outcome == TaskOutcome.Failed;
        if (!IsInFlight(frame, part))
        {
            // Verified: what was applied stands.
            if (frame < _first && frame != 0 && (failed || settlement.Outcome == TaskOutcome.RolledBack))
                _sink.Correct(frame, part, settlement.Output, failed);
            return true;
        }

        var slot = _slots[frame % (uint)_slots.Length];
        if (slot.Has(part))
        {
            if (settlement.Outcome is TaskOutcome.RolledBack or TaskOutcome.Failed)
                slot.Put(part, settlement.Output, failed, settlement.Level);
            return true;
        }

        slot.Put(part, settlement.Output, failed, settlement.Level);
        ApplyReady();
        return true;
    }

    private bool IsInFlight(uint frame, int part) => frame >= _first && frame < _next && part < _slots[frame % (uint)_slots.Length].Parts;

    private void ApplyReady()
    {
        if (_applying)
            return;
        _applying = true;
        while (_first != _next && _slots[_first % (uint)_slots.Length] is { IsComplete: true } slot)
        {
            _sink.Apply(_first, slot.Ready);
            slot.Clear();
            _first++;
            Applied++;
        }

        _applying = false;
    }

    private sealed class Slot
    {
        private FramePart[] _parts = [];
        private byte[]?[] _buffers = [];
        private bool[] _has = [];
        private int _count;

        public int Parts { get; private set; }

        public bool IsComplete => _count == Parts;

        public ReadOnlySpan<FramePart> Ready => _parts.AsSpan(0, Parts);

        public void Begin(int parts)
        {
            if (_parts.Length < parts)
            {
                _parts = new FramePart[parts];
                _buffers = new byte[]?[parts];
                _has = new bool[parts];
            }

            Parts = parts;
            _count = 0;
        }

        public bool Has(int part) => _has[part];

        public void Put(int part, ReadOnlySpan<byte> output, bool missing, FailoverLevel level)
        {
            if (_buffers[part] is { } old)
                ArrayPool<byte>.Shared.Return(old);
            _buffers[part] = null;
            if (!_has[part])
                _count++;
            _has[part] = true;
            if (output.Length > 0)
            {
                var buffer = _buffers[part] = ArrayPool<byte>.Shared.Rent(output.Length);
                output.CopyTo(buffer);
                _parts[part] = new FramePart(buffer.AsMemory(0, output.Length), missing, level);
            }
            else
            {
                _parts[part] = new FramePart(default, missing, level);
            }
        }

        public void Clear()
        {
            for (var i = 0; i < Parts; i++)
            {
                if (_buffers[i] is { } buffer)
                    ArrayPool<byte>.Shared.Return(buffer);
                _buffers[i] = null;
                _has[i] = false;
                _parts[i] = default;
            }

            Parts = _count = 0;
        }
    }
}
