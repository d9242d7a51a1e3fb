namespace Egregore.Work;

/// <summary>One world: its terms and its waiting tasks.</summary>
internal sealed class WorldEntry(WorldId id, WorldTerms terms, int account)
{
    private const int Priorities = 3;

    private readonly TaskEntry?[] _first = new TaskEntry?[Priorities];
    private readonly TaskEntry?[] _last = new TaskEntry?[Priorities];

    public WorldId Id { get; } = id;

    public WorldTerms Terms { get; set; } = terms;

    public int Account { get; } = account;

    /// <summary>Start-time fair queueing: what the world has had, by its weight.</summary>
    public double Served;

    public int Waiting;

    /// <summary>Players and when that was last counted, for the cost of an hour.</summary>
    public int Players;
    public long PlayersSinceUs;
    public double PlayerUs;
    public long Paid;

    public void Add(TaskEntry task)
    {
        var at = (int)task.Priority;
        task.WaitBefore = _last[at];
        task.WaitAfter = null;
        if (_last[at] is { } last)
            last.WaitAfter = task;
        else
            _first[at] = task;
        _last[at] = task;
        Waiting++;
    }

    public void Remove(TaskEntry task)
    {
        var at = (int)task.Priority;
        if (task.WaitBefore is { } before)
            before.WaitAfter = task.WaitAfter;
        else
            _first[at] = task.WaitAfter;
        if (task.WaitAfter is { } after)
            after.WaitBefore = task.WaitBefore;
        else
            _last[at] = task.WaitBefore;
        task.WaitBefore = task.WaitAfter = null;
        Waiting--;
    }

    public TaskEntry? First(int priority = 0)
    {
        for (; priority < Priorities; priority++)
        {
            if (_first[priority] is { } task)
                return task;
        }

        return null;
    }

    public TaskEntry? After(TaskEntry task) => task.WaitAfter ?? First((int)task.Priority + 1);

    public void CountPlayers(long nowUs)
    {
        PlayerUs += (double)Players * Math.Max(0, nowUs - PlayersSinceUs);
        PlayersSinceUs = nowUs;
    }
}
