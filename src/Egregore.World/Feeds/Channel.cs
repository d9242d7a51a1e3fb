namespace Egregore.World.Feeds;

/// <summary>What several sessions share: a whole table, one value of an index, or one cell. Its changes are encoded once a flush.</summary>
internal sealed class Channel
{
    private readonly List<(SessionFeed Session, int Count)> _subscribers = [];

    /// <summary>Entries of the feed's batch to send as upserts and as deletes.</summary>
    public List<int> Upserts { get; } = [];

    public List<int> Deletes { get; } = [];

    /// <summary>Entries of rows that the subscribers have: sent as patches to who reads them, else as upserts.</summary>
    public List<int> Changes { get; } = [];

    public bool IsDirty => Upserts.Count + Deletes.Count + Changes.Count > 0;

    public int Count => _subscribers.Count;

    public SessionFeed Subscriber(int index) => _subscribers[index].Session;

    /// <summary>Adds one subscription of a session.</summary>
    public void Add(SessionFeed session)
    {
        for (int i = 0; i < _subscribers.Count; i++)
        {
            if (ReferenceEquals(_subscribers[i].Session, session))
            {
                _subscribers[i] = (session, _subscribers[i].Count + 1);
                return;
            }
        }
        _subscribers.Add((session, 1));
    }

    /// <summary>Takes back one subscription of a session.</summary>
    public void Remove(SessionFeed session)
    {
        for (int i = 0; i < _subscribers.Count; i++)
        {
            if (!ReferenceEquals(_subscribers[i].Session, session))
            {
                continue;
            }
            if (_subscribers[i].Count > 1)
            {
                _subscribers[i] = (session, _subscribers[i].Count - 1);
            }
            else
            {
                _subscribers.RemoveAt(i);
            }
            return;
        }
    }
}

/// <summary>The channels over one index of one table.</summary>
internal abstract class ChannelSet<TRow>
{
    /// <summary>Channels with subscribers.</summary>
    public abstract int Count { get; }

    /// <summary>The channel that a row belongs to, or null when nobody listens to it.</summary>
    public abstract Channel? Find(TRow row);
}

internal sealed class ChannelSet<TRow, TIndex>(Func<TRow, TIndex> selector) : ChannelSet<TRow>
    where TIndex : notnull
{
    private readonly Dictionary<TIndex, Channel> _channels = [];

    public override int Count => _channels.Count;

    public override Channel? Find(TRow row) => _channels.GetValueOrDefault(selector(row));

    public void Add(TIndex value, SessionFeed session)
    {
        if (!_channels.TryGetValue(value, out Channel? channel))
        {
            channel = new Channel();
            _channels.Add(value, channel);
        }
        channel.Add(session);
    }

    public void Remove(TIndex value, SessionFeed session)
    {
        if (_channels.TryGetValue(value, out Channel? channel))
        {
            channel.Remove(session);
            if (channel.Count == 0)
            {
                _channels.Remove(value);
            }
        }
    }
}
