using System.Numerics;
using Xunit;

namespace Egregore.Physics.Tests;

public sealed class CascadeTests
{
    private readonly Bench _bench = new();

    [Fact]
    public void Nothing_awake_costs_nothing()
    {
        _bench.Table[1] = Bench.At(1, 0, 1.45f, 0, awake: false);
        _bench.Run(2_000);
        Assert.Empty(_bench.Submitted);
        Assert.Empty(_bench.Commits);
    }

    [Fact]
    public void A_thrown_body_falls_rests_and_sleeps()
    {
        _bench.Table[1] = Bench.At(1, 0, 6, 0, new Vector3(2, 0, 0));
        _bench.Run(4_000);
        var body = _bench.Table[1];
        Assert.False(body.Awake);
        Assert.Equal(1.45f, body.Y / (float)Bench.Unit, 0.01f);
        Assert.True(body.X > Bench.Unit, "it should have flown");
        var tasks = _bench.Submitted.Count;
        _bench.Run(2_000);
        Assert.Equal(tasks, _bench.Submitted.Count);
        Assert.Equal(0, _bench.Cascade.Figures.FramesLate);
    }

    [Fact]
    public void Frames_are_committed_in_order_at_their_time_though_they_are_computed_ahead()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Run(1_500);
        Assert.Equal(_bench.Commits.Select(commit => commit.Frame).Order(), _bench.Commits.Select(commit => commit.Frame));
        Assert.InRange(_bench.Commits[0].AtMs - 1_000, 200, 250);
        foreach (var (before, after) in _bench.Commits.Zip(_bench.Commits.Skip(1)))
        {
            Assert.Equal(before.Frame + 1, after.Frame);
            Assert.Equal(100, after.AtMs - before.AtMs);
        }

        // Three ahead of what is committed.
        Assert.Equal(_bench.Commits[^1].Frame + 3, _bench.Submitted[^1].Frame);
    }

    [Fact]
    public void Bodies_that_cannot_meet_are_tasks_of_their_own_and_meet_in_one_later()
    {
        _bench.Table[1] = Bench.At(1, 0, 1.45f, 0, new Vector3(10, 0, 0));
        _bench.Table[2] = Bench.At(2, 12, 1.45f, 0, new Vector3(-10, 0, 0));
        _bench.Holds = _ => true;
        _bench.Run(50);
        Assert.Equal([1, 1], _bench.Submitted.Select(task => task.Bodies.Count));
        _bench.Table[1] = Bench.At(1, 5, 1.45f, 0, new Vector3(10, 0, 0)) with { Touched = 1 };
        _bench.Table[2] = Bench.At(2, 7, 1.45f, 0, new Vector3(-10, 0, 0)) with { Touched = 1 };
        _bench.Holds = _ => false;
        _bench.Run(50);
        Assert.Contains(_bench.Submitted, task => task.Bodies.Count == 2);
    }

    [Fact]
    public void The_largest_island_of_a_frame_is_asked_for_first()
    {
        _bench.Table[1] = Bench.At(1, 0, 6, 0);
        _bench.Table[2] = Bench.At(2, 10, 6, 0);
        _bench.Table[3] = Bench.At(3, 11, 6, 0);
        _bench.Table[4] = Bench.At(4, 22, 6, 0);
        _bench.Holds = _ => true;
        _bench.Run(50);
        Assert.Equal([2ul, 1ul, 4ul], _bench.Submitted.Select(task => task.Bodies[0].Id));
    }

    [Fact]
    public void A_sleeping_body_in_the_way_comes_along_and_the_far_one_sleeps_on()
    {
        _bench.Table[1] = Bench.At(1, 0, 3, 0, new Vector3(4, 0, 0));
        _bench.Table[2] = Bench.At(2, 1.2f, 2.4f, 0, awake: false);
        _bench.Table[3] = Bench.At(3, 30, 1.45f, 0, awake: false);
        _bench.Run(400);
        Assert.All(_bench.Submitted.Take(1), task => Assert.Equal([1ul, 2ul], task.Bodies.Select(body => body.Id)));
        Assert.DoesNotContain(_bench.Submitted, task => task.Bodies.Any(body => body.Id == 3));
        Assert.Contains(_bench.Commits, commit => commit.Bodies.Any(body => body.Id == 2));
    }

    [Fact]
    public void Sleepers_within_reach_lie_still_and_those_behind_them_stay_out()
    {
        // A row on the floor; what lies beside it trembles.
        _bench.Table[1] = Bench.At(1, 0, 1.45f, 0, new Vector3(0.5f, 0, 0));
        for (var i = 2u; i < 8; i++)
            _bench.Table[i] = Bench.At(i, (i - 1) * 0.95f, 1.45f, 0, awake: false);
        _bench.Run(3_000);
        Assert.All(_bench.Submitted, task => Assert.Equal([1ul, 2ul], task.Bodies.Select(body => body.Id)));
        Assert.All(_bench.Submitted, task => Assert.Equal(1, task.Moving));
        Assert.DoesNotContain(_bench.Commits, commit => commit.Bodies.Any(body => body.Id != 1));
    }

    [Fact]
    public void One_sleeper_holds_bodies_of_several_islands()
    {
        _bench.Table[1] = Bench.At(1, -0.95f, 1.45f, 0);
        _bench.Table[2] = Bench.At(2, 0, 1.45f, 0, awake: false) with { Half = new Vector3(0.45f, 0.45f, 4) };
        _bench.Table[3] = Bench.At(3, 0.95f, 1.45f, 3);
        _bench.Run(50);
        Assert.Equal([[1ul, 2ul], [3ul, 2ul]], _bench.Submitted.Take(2).Select(task => task.Bodies.Select(body => body.Id)));
    }

    [Fact]
    public void A_blow_comes_as_far_as_its_speed_and_the_masses_let_it()
    {
        for (var i = 2u; i < 8; i++)
            _bench.Table[i] = Bench.At(i, (i - 1) * 0.95f, 1.45f, 0, awake: false);
        int Moved(float speed, float density = 1)
        {
            _bench.Table[1] = Bench.At(1, -0.2f, 1.45f, 0, new Vector3(speed, 0, 0)) with { Density = density };
            return new Islands(_bench, _bench.Options).Find(null!, [_bench.Table[1]], [], []).Single().Moving;
        }

        // The fastest comes to two of them by itself.
        Assert.Equal([1, 2, 3, 5], new[] { 1.5f, 3, 6, 12 }.Select(speed => Moved(speed)));
        Assert.Equal(3, Moved(3, density: 9));
        Assert.Equal(1, Moved(-12));
    }

    [Fact]
    public void What_lay_on_a_body_that_goes_wakes_and_what_lay_under_it_sleeps_on()
    {
        for (var i = 1u; i < 5; i++)
            _bench.Table[i] = Bench.At(i, 0, 0.55f + (0.9f * i), 0, awake: false);
        _bench.Run(200);
        // The second is drawn aside, slowly.
        _bench.Table[2] = _bench.Table[2] with { Awake = true, Touched = 1, Velocity = new Vector3(0, 0, 0.9f) };
        _bench.Run(900);
        var woken = _bench.Commits.SelectMany(commit => commit.Bodies).Select(body => body.Id).ToHashSet();
        Assert.Equal([2ul, 3ul, 4ul], woken.Order());
        Assert.True(_bench.Table[4].Y < 4 * Bench.Unit);
    }

    [Fact]
    public void What_is_touched_starts_over_and_the_next_frame_still_comes_in_time()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Run(500);
        var commits = _bench.Commits.Count;
        // Somebody throws things about at every tick, far away.
        for (var i = 0u; i < 20; i++)
        {
            _bench.Table[100 + i] = Bench.At(100 + i, 20, 30 + i, 0);
            _bench.Run(50);
        }

        Assert.InRange(_bench.Commits.Count - commits, 9, 11);
        Assert.Equal(0, _bench.Cascade.Figures.FramesLate);
        Assert.True(_bench.Cascade.Figures.TasksDiscarded > 0);
        Assert.All(_bench.Commits, commit => Assert.Contains(commit.Bodies, body => body.Id == 1));
    }

    [Fact]
    public void A_touch_wins_over_what_was_computed_before_it()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Run(400);
        _bench.Table[1] = _bench.Table[1] with { Touched = 1, Velocity = new Vector3(0, 40, 0) };
        var from = _bench.Table[1].Y;
        _bench.Run(600);
        Assert.True(_bench.Table[1].Y > from + (5 * Bench.Unit), $"it went to {_bench.Table[1].Y / (float)Bench.Unit}");
    }

    [Fact]
    public void A_body_that_is_gone_does_not_come_back()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Table[2] = Bench.At(2, 1, 60, 0);
        _bench.Run(400);
        _bench.Table.Remove(1);
        _bench.Run(600);
        Assert.False(_bench.Table.ContainsKey(1));
        Assert.DoesNotContain(_bench.Submitted.TakeLast(2), task => task.Bodies.Any(body => body.Id == 1));
    }

    [Fact]
    public void A_stalled_answer_delays_its_frame_and_nothing_is_committed_out_of_order()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Holds = task => task.Frame == 3 && _bench.NowMs < 2_000;
        _bench.Run(2_000);
        Assert.Equal(Enumerable.Range(1, _bench.Commits.Count).Select(i => (uint)i), _bench.Commits.Select(commit => commit.Frame));
        Assert.InRange(_bench.Cascade.Figures.LateMsMax, 500, 1_000);
        Assert.True(_bench.Cascade.Figures.FramesLate >= 1);
    }

    [Fact]
    public void An_answer_nobody_waits_for_is_refused()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Run(100);
        var task = _bench.Submitted[0];
        Assert.False(_bench.Cascade.Complete(task.Key, Bench.Solve(task)));
        Assert.False(_bench.Cascade.Complete(999, Bench.Solve(task)));
    }

    [Fact]
    public void A_wrong_answer_is_put_right_before_and_after_its_commit()
    {
        _bench.Table[1] = Bench.At(1, 0, 60, 0);
        _bench.Run(400);
        var ahead = _bench.Submitted[^1];
        var right = Bench.Solve(ahead)[0] with { X = 3 * Bench.Unit };
        Assert.True(_bench.Correct(ahead, [right]));
        _bench.Run(500);
        Assert.InRange(_bench.Table[1].X, 3 * Bench.Unit, 3 * Bench.Unit);

        var kept = _bench.Submitted.First(task => task.Frame == _bench.Commits[^1].Frame);
        Assert.True(_bench.Correct(kept, [kept.Bodies[0] with { X = 7 * Bench.Unit }]));
        _bench.Run(500);
        Assert.Equal(7 * Bench.Unit, _bench.Table[1].X);
        Assert.Equal(2, _bench.Cascade.Figures.Corrections);
    }
}
