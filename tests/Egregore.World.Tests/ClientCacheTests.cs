using Egregore.Wire;
using Egregore.World.Client;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

public sealed class ClientCacheTests
{
    private readonly World _world = new();
    private readonly ClientCache _cache;
    private readonly List<(Block? Before, Block? After)> _changes = [];
    private readonly List<ActionResult> _settled = [];
    private readonly ulong _session;

    public ClientCacheTests()
    {
        _session = _world.Open(1);
        _cache = new ClientCache(_world.Definition, new PeerId(1, 1)) { Settled = _settled.Add };
        _cache.Watch(_world.Game.Blocks, (before, after) => _changes.Add((before, after)));
        _world.Output.Caches[_session] = _cache;
        var subscribe = new Subscribe { Id = 1, TableName = "block" };
        _cache.Subscribed(subscribe);
        _world.Subscribe(_session, subscribe);
        _world.Settle();
    }

    [Fact]
    public void A_prediction_that_was_right_shows_once_and_is_provisional_until_its_rows_came()
    {
        Send(_cache.Act("put-block", new PutBlock { Key = 1, Kind = 2 }, _world.Now)!);
        Assert.Equal((null, new Block { Key = 1, Kind = 2 }), Assert.Single(_changes));
        Assert.True(_cache.IsProvisional(_world.Game.Blocks, 1));
        _world.Persist();
        Assert.Equal(RefusalCode.None, Assert.Single(_settled).Code);
        Assert.True(_cache.IsProvisional(_world.Game.Blocks, 1));
        _world.Truth.Flush();
        Assert.False(_cache.IsProvisional(_world.Game.Blocks, 1));
        Assert.Single(_changes);
        Assert.Equal(0, _cache.PendingCount);
    }

    [Fact]
    public void A_refusal_rolls_back_with_its_reason()
    {
        ActionRequest request = _cache.Act("put-block", new PutBlock { Key = 1, Kind = 2 }, _world.Now)!;
        // Another peer was faster.
        ulong other = _world.Open(2);
        _world.Act(other, 1, "put-block", new PutBlock { Key = 1, Kind = 3 });
        Send(request);
        _world.Settle();
        Assert.Equal((RefusalCode.Rejected, "occupied"), (_settled[0].Code, _settled[0].Text));
        Assert.Equal((byte)3, _cache.Db.Table(_world.Game.Blocks).Find(1)!.Kind);
        Assert.False(_cache.IsProvisional(_world.Game.Blocks, 1));
        Assert.Equal([(null, (byte?)2), ((byte?)2, null), (null, (byte?)3)], _changes.Select(change => (change.Before?.Kind, change.After?.Kind)));
    }

    [Fact]
    public void Pending_actions_are_run_again_over_what_came_from_truth()
    {
        ActionRequest first = _cache.Act("put-block", new PutBlock { Key = 1, Kind = 2 }, _world.Now)!;
        ActionRequest second = _cache.Act("take-block", new TakeBlock { Key = 1 }, _world.Now)!;
        ActionRequest third = _cache.Act("put-block", new PutBlock { Key = 1, Kind = 4 }, _world.Now)!;
        _changes.Clear();
        Send(first);
        _world.Settle();
        Send(second);
        _world.Settle();
        Assert.Equal((byte)4, _cache.Db.Table(_world.Game.Blocks).Find(1)!.Kind);
        Assert.Empty(_changes);
        Send(third);
        _world.Settle();
        Assert.Empty(_changes);
        Assert.Equal(0, _cache.PendingCount);
    }

    [Fact]
    public void Reducers_that_are_not_predicted_wait_for_truth()
    {
        ActionRequest request = _cache.Act("take-item", new TakeItem { Id = 1 }, _world.Now)!;
        Assert.Equal("take-item", request.Reducer);
        Assert.Throws<ArgumentException>(() => _cache.Act("take-item", new Later(), 0));
    }

    [Fact]
    public void A_lost_answer_is_asked_for_again_and_the_action_runs_once()
    {
        Send(_cache.Act("put-item", World.Item(3, 1), _world.Now)!);
        _world.Output.Caches.Clear();
        _world.Settle();
        _world.Truth.Disconnected(_session, _world.Now);
        SessionOpening opening = _world.Truth.Open(new PeerId(1, 1), _session, _cache.Transaction, _world.Now);
        _world.Output.Caches[_session] = _cache;
        foreach ((Kind kind, byte[] payload) in _cache.Connected(opening.SameSession, opening.Resumed))
        {
            if (kind == Kind.Subscribe)
            {
                _world.Truth.Subscribe(_session, payload);
            }
            else
            {
                _world.Truth.Submit(_session, payload, _world.Now);
            }
        }
        _world.Settle();
        Assert.Equal(RefusalCode.None, Assert.Single(_settled).Code);
        Assert.Equal(1, _world.Truth.Counters.Repeated);
        Assert.Equal(0, _cache.PendingCount);
    }

    [Fact]
    public void After_a_restart_of_truth_the_cache_is_compared_and_only_the_difference_shows()
    {
        for (uint i = 1; i <= 10; i++)
        {
            _world.Act(_session, i, "put-block", new PutBlock { Key = i, Kind = 1 });
        }
        _world.Settle();
        _world.Output.Caches.Clear();
        _world.Act(_session, 11, "take-block", new TakeBlock { Key = 4 });
        _world.Act(_session, 12, "put-block", new PutBlock { Key = 40, Kind = 1 });
        _world.Persist();
        _changes.Clear();
        World again = _world.Restart();
        SessionOpening opening = again.Truth.Open(new PeerId(1, 1), _session, _cache.Transaction, again.Now);
        again.Output.Caches[opening.Session] = _cache;
        foreach ((_, byte[] payload) in _cache.Connected(opening.SameSession, opening.Resumed))
        {
            again.Truth.Subscribe(opening.Session, payload);
        }
        again.Settle();
        Assert.Equal([(4L, false), (40L, true)], _changes.Select(change => ((change.Before ?? change.After)!.Key, change.After is not null)));
    }

    [Fact]
    public void A_refused_subscription_does_not_keep_a_resync_waiting()
    {
        _cache.Subscribed(new Subscribe { Id = 7, TableName = "no-such-table" });
        _world.Act(_session, 1, "put-block", new PutBlock { Key = 1, Kind = 2 });
        _world.Settle();
        _world.Act(_session, 2, "put-block", new PutBlock { Key = 2, Kind = 2 });
        _world.Persist();
        World again = _world.Restart();
        SessionOpening opening = again.Truth.Open(new PeerId(1, 1), _session, _cache.Transaction, again.Now);
        foreach ((_, byte[] payload) in _cache.Connected(opening.SameSession, opening.Resumed))
        {
            again.Truth.Subscribe(opening.Session, payload);
        }
        again.Settle();
        byte[] refused = Assert.Single(again.Output.Sent, message => message.Kind == Kind.Refusal).Payload;
        Assert.Equal(VerifyError.None, Refusal.TryRead(refused, out Refusal? refusal));
        Assert.Equal((RefusalCode.UnknownTarget, 7u), (refusal!.Code, refusal.Subscription));
        foreach ((_, Kind kind, byte[] payload) in again.Output.Sent.Where(message => message.Kind == Kind.Delta))
        {
            _cache.Receive(kind, payload);
        }
        // Before and behind the rows it waited for: either way all is there once both have come.
        Assert.Null(_cache.Db.Table(_world.Game.Blocks).Find(2));
        Assert.Equal(RefusalCode.None, _cache.SubscriptionRefused(refusal.Subscription));
        Assert.NotNull(_cache.Db.Table(_world.Game.Blocks).Find(2));
        Assert.Equal(again.Truth.DurableTransaction, _cache.Transaction);
        Assert.Single(_cache.Connected(sameSession: true, resumed: true));
    }

    [Fact]
    public void In_another_session_unanswered_actions_are_settled_as_unknown()
    {
        _cache.Act("put-block", new PutBlock { Key = 1, Kind = 2 }, _world.Now);
        _cache.Connected(sameSession: false, resumed: false);
        Assert.Equal(RefusalCode.Unauthenticated, Assert.Single(_settled).Code);
        Assert.Null(_cache.Db.Table(_world.Game.Blocks).Find(1));
    }

    [Fact]
    public void Strange_bytes_change_nothing()
    {
        _world.Act(_session, 1, "put-block", new PutBlock { Key = 1, Kind = 2 });
        _world.Settle();
        byte[] good = _world.Output.Sent.Last(message => message.Kind == Kind.Delta).Payload;
        var random = new DeterministicRandom(5);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = [.. good];
            bytes[random.Next(bytes.Length)] ^= (byte)(1 + random.Next(255));
            _cache.Receive(Kind.Delta, bytes.AsSpan(0, random.Next(bytes.Length + 1)));
        }
        Assert.Equal(RefusalCode.Malformed, _cache.Receive(Kind.ActionResult, new byte[5]));
        Assert.Equal(RefusalCode.UnknownTarget, _cache.Receive(Kind.Hello, good));
        var stranger = new Delta { Transaction = 9, Tables = [new TableDelta { Name = "$scheduled" }] };
        var other = new ClientCache(_world.Definition, default);
        Assert.Equal(RefusalCode.UnknownTarget, other.Receive(Kind.Delta, stranger.ToArray()));
    }

    private void Send(ActionRequest request) => _world.Truth.Submit(_session, request.ToArray(), _world.Now);
}
