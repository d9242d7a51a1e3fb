using Egregore.Work.Frames;

namespace Egregore.Work.Tests;

public sealed class FrameSequenceTests : IFrameSink
{
    private readonly List<(uint Frame, string Parts)> _applied = [];
    private readonly List<(uint Frame, int Part, bool Missing)> _corrected = [];

    [Fact]
    public void Three_frames_are_in_flight_and_are_applied_in_order()
    {
        var frames = new FrameSequence(3, this);
        for (uint i = 1; i <= 3; i++)
        {
            Assert.True(frames.TryBegin(2, out var frame));
            Assert.Equal(i, frame);
        }

        Assert.False(frames.TryBegin(2, out _));
        Put(frames, 3, 0, "e");
        Put(frames, 3, 1, "f");
        Put(frames, 2, 0, "c");
        Put(frames, 2, 1, "d");
        Assert.Empty(_applied);
        Put(frames, 1, 1, "b");
        Put(frames, 1, 1, "x");
        Put(frames, 1, 0, "a");
        Assert.Equal([(1u, "ab"), (2u, "cd"), (3u, "ef")], _applied);
        Assert.Equal(0, frames.InFlight);
        Assert.True(frames.TryBegin(1, out _));
    }

    [Fact]
    public void What_fails_is_missing_and_what_was_wrong_is_corrected()
    {
        var frames = new FrameSequence(3, this);
        frames.TryBegin(3, out var frame);
        Put(frames, frame, 0, "a");
        Put(frames, frame, 1, "wrong");
        // Before the frame is applied it is only exchanged.
        Put(frames, frame, 1, "b", TaskOutcome.RolledBack);
        frames.Miss(frame, 2);
        Assert.Equal([(1u, "ab-")], _applied);
        Put(frames, frame, 0, "", TaskOutcome.Verified);
        Put(frames, frame, 0, "z", TaskOutcome.RolledBack);
        Put(frames, frame, 1, "", TaskOutcome.Failed);
        Assert.Equal([(1u, 0, false), (1u, 1, true)], _corrected);
    }

    [Fact]
    public void Tags_of_others_are_not_its_own()
    {
        var frames = new FrameSequence(3, this);
        frames.TryBegin(1, out _);
        Assert.False(frames.Settled(new Settlement { Tag = new FrameSequence(4, this).Tag(1, 0) }));
        Assert.True(frames.Settled(new Settlement { Tag = frames.Tag(9, 0) }));
        Assert.True(frames.Settled(new Settlement { Tag = frames.Tag(1, 7) }));
        Assert.Empty(_applied);
    }

    [Fact]
    public void A_frame_does_not_wait_for_helpers_that_stall()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 2 });
        for (var i = 1; i <= 8; i++)
            bench.Join(i);
        var frames = new FrameSequence(1, this);
        bench.OnSettled = settled => frames.Settled(new Settlement { Tag = settled.Tag, Outcome = settled.Outcome, Output = settled.Output });
        var start = bench.Now;
        frames.TryBegin(4, out var frame);
        for (var part = 0; part < 4; part++)
            bench.Submit($"{part}", tag: frames.Tag(frame, part));
        var answered = 0;
        while (_applied.Count == 0)
        {
            bench.Advance(1_000);
            for (; answered < bench.Locals.Count; answered++)
                bench.AnswerLocal(bench.Locals[answered]);
        }

        Assert.Equal("1234", _applied[0].Parts);
        Assert.InRange(bench.Now - start, 1, 200_000);
    }

    void IFrameSink.Apply(uint frame, ReadOnlySpan<FramePart> parts)
    {
        var text = "";
        foreach (var part in parts)
            text += part.Missing ? "-" : System.Text.Encoding.ASCII.GetString(part.Output.Span);
        _applied.Add((frame, text));
    }

    void IFrameSink.Correct(uint frame, int part, ReadOnlySpan<byte> output, bool missing) => _corrected.Add((frame, part, missing));

    private static void Put(FrameSequence frames, uint frame, int part, string output, TaskOutcome outcome = TaskOutcome.Provisional) =>
        frames.Settled(new Settlement { Tag = frames.Tag(frame, part), Outcome = outcome, Output = System.Text.Encoding.ASCII.GetBytes(output) });
}
