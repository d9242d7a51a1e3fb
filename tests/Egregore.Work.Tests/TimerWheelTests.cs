namespace Egregore.Work.Tests;

public sealed class TimerWheelTests
{
    [Fact]
    public void It_gives_what_a_sorted_list_gives_at_most_a_millisecond_later()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            var wheel = new TimerWheel();
            var timers = Enumerable.Range(0, 50).Select(_ => new Entry()).ToArray();
            var now = random.NextInt64(1L << 40);
            for (var step = 0; step < 3_000; step++)
            {
                var timer = timers[random.Next(timers.Length)];
                switch (random.Next(4))
                {
                    case 0 or 1:
                        // Some far beyond the wheel's reach of four seconds.
                        timer.Wanted = now + (random.Next(10) == 0 ? random.Next(20_000_000) : random.Next(30_000));
                        wheel.Set(timer, timer.Wanted, now);
                        break;
                    case 2:
                        timer.Wanted = -1;
                        wheel.Clear(timer);
                        break;
                    default:
                        now += random.Next(20) == 0 ? random.Next(9_000_000) : random.Next(5_000);
                        while (wheel.TakeDue(now) is { } due)
                        {
                            var entry = (Entry)due;
                            Assert.InRange(entry.Wanted, 0, now);
                            entry.Wanted = -1;
                        }

                        Assert.All(timers, t => Assert.True(t.Wanted < 0 || t.Wanted > now - 1_000, $"seed {seed}: due {t.Wanted}, now {now}"));
                        break;
                }
            }
        }
    }

    private sealed class Entry : Timed
    {
        public long Wanted { get; set; } = -1;
    }
}
