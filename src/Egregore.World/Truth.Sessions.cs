using Egregore.Wire;
using Egregore.World.Feeds;
using Egregore.World.Journal;

namespace Egregore.World;

/// <content>Sessions, subscriptions and the tick.</content>
public sealed partial class Truth
{
    private readonly List<RowChange> _inFlight = [];

    /// <summary>
    /// Opens a session for a peer whose identity the host has proved, or resumes one of the same peer. With <paramref name="session"/> 0, or one that
    /// has ended or is another's, a new one begins: before it connects, the peer's earlier ones disconnect for good, so that a late end never undoes what a
    /// new session began. Subscriptions of a resumed session go on: what it missed since <paramref name="lastTransaction"/> comes as one batch with the
    /// next <see cref="Flush"/>.
    /// </summary>
    /// <remarks>A new session costs a look at all sessions, at most <see cref="TruthOptions.SessionsMax"/>. One that the game refuses has ended the earlier ones all the same.</remarks>
    public SessionOpening Open(PeerId peer, ulong session, ulong lastTransaction, long nowMs)
    {
        Advance(nowMs);
        if (session != 0 && _sessions.TryGetValue(session, out SessionState? known) && known.Peer == peer && !known.HasEnded)
        {
            _disconnected.Remove(known);
            known.DisconnectedMs = null;
            bool resumed = known.HasFeed;
            if (resumed)
            {
                Publisher.Resume(known.Feed, lastTransaction);
            }
            else
            {
                known.HasFeed = true;
                _publisher.Add(known.Feed);
            }
            return new SessionOpening(RefusalCode.None, "", session, SameSession: true, resumed);
        }
        if (_sessions.Count >= _options.SessionsMax)
        {
            return new SessionOpening(RefusalCode.Overloaded, "the world is full", 0, false, false);
        }
        EndOthers(peer);
        ulong id = NewSessionId();
        ActionOutcome outcome = Execute(new Call(RecordKind.Connect, Definition.OnConnect, "") { Sender = peer, Session = id });
        if (outcome.Code != RefusalCode.None)
        {
            return new SessionOpening(outcome.Code, outcome.Text, 0, false, false);
        }
        var state = new SessionState(id, peer, new SessionFeed(id, peer) { SentTransaction = DurableTransaction }) { HasFeed = true };
        _sessions.Add(id, state);
        _publisher.Add(state.Feed);
        _open.Answers.Add(new PendingAnswer(state, RecordKind.Connect, 0, default));
        return new SessionOpening(RefusalCode.None, "", id, false, false);
    }

    /// <summary>The session's connection is gone; it may be resumed for <see cref="TruthOptions.ResumeWithinMs"/>.</summary>
    public void Disconnected(ulong session, long nowMs)
    {
        Advance(nowMs);
        if (_sessions.TryGetValue(session, out SessionState? state) && state.DisconnectedMs is null)
        {
            state.DisconnectedMs = WorldTimeMs;
            state.Feed.Connected = false;
            state.Feed.ResumeFrom = null;
            _disconnected.Add(state);
        }
    }

    /// <summary>The session's owner is done with it: it disconnects for good at once, in a transaction of its own. One that is not there, or has ended, is left as it is.</summary>
    public void End(ulong session, long nowMs)
    {
        Advance(nowMs);
        if (_sessions.TryGetValue(session, out SessionState? state))
        {
            EndForGood(state);
        }
    }

    /// <summary>Whose session it is, or null when there is none or it has ended.</summary>
    public PeerId? PeerOf(ulong session) => _sessions.TryGetValue(session, out SessionState? state) && !state.HasEnded ? state.Peer : null;

    /// <summary>A Subscribe's bytes. First rows, or the difference for an area that moved, come with the next <see cref="Flush"/>. Anything but None is also sent as a Refusal that names the subscription.</summary>
    public RefusalCode Subscribe(ulong session, ReadOnlySpan<byte> subscribe)
    {
        if (!_sessions.TryGetValue(session, out SessionState? state) || state.HasEnded)
        {
            return RefusalCode.Unauthenticated;
        }
        RefusalCode code = TrySubscribe(state, subscribe, out uint id, out string text);
        if (code != RefusalCode.None)
        {
            Counters.Refused++;
            _output.Send(session, Kind.Refusal, new Refusal { Code = code, Text = text, Subscription = id }.ToArray());
        }
        return code;
    }

    /// <summary>Runs scheduled reducers that are due and ends sessions that were not resumed.</summary>
    public void Tick(long nowMs)
    {
        Advance(nowMs);
        for (int i = 0; i < _disconnected.Count; i++)
        {
            SessionState state = _disconnected[i];
            state.DisconnectedMs ??= WorldTimeMs;
            if (!state.Ending && (state.HasEnded || WorldTimeMs - state.DisconnectedMs >= _options.ResumeWithinMs))
            {
                End(state);
            }
        }
        Table<ScheduledCall, ScheduledId> calls = Db.Table(Definition.Scheduled);
        int left = _options.ScheduledPerTickMax;
        foreach (ScheduledCall call in calls.Rows)
        {
            if (call.At > WorldTimeMs || left-- == 0 || _open.Length > _options.GroupBytesMax)
            {
                break;
            }
            RunScheduled(call);
        }
    }

    /// <summary>Sends what became durable since the last flush to its subscribers, one batch a session. Once a tick.</summary>
    public void Flush()
    {
        _inFlight.Clear();
        if (_writing is not null)
        {
            _inFlight.AddRange(_writing.Changes);
        }
        _inFlight.AddRange(_open.Changes);
        _publisher.Flush(DurableTransaction, _inFlight);
        _inFlight.Clear();
    }

    private void RunScheduled(ScheduledCall call)
    {
        var id = new ScheduledId(call.At, call.Id);
        ReducerDefinition? reducer = Definition.FindReducer(call.Reducer);
        object? arguments = reducer?.ReadArguments(call.Arguments.Span);
        if (reducer is not null && arguments is not null)
        {
            ActionOutcome outcome = Execute(new Call(RecordKind.Scheduled, reducer, arguments) { Scheduled = id, ArgumentBytes = call.Arguments.Span });
            if (outcome.Code == RefusalCode.None)
            {
                return;
            }
        }
        // A call that is refused (or whose reducer this version lacks) is taken off the list all the same.
        Execute(new Call(RecordKind.Scheduled, null, "") { Scheduled = id });
    }

    private void EndOthers(PeerId peer)
    {
        foreach (SessionState other in _sessions.Values)
        {
            if (other.Peer == peer)
            {
                EndForGood(other);
            }
        }
    }

    private void EndForGood(SessionState state)
    {
        if (state.DisconnectedMs is null)
        {
            Disconnected(state.Id, WorldTimeMs);
        }
        state.HasEnded = true;
        if (!state.Ending)
        {
            End(state);
        }
    }

    private void End(SessionState state)
    {
        ActionOutcome outcome = Execute(new Call(RecordKind.Disconnect, Definition.OnDisconnect, "") { Sender = state.Peer, Session = state.Id });
        if (outcome.Code != RefusalCode.None)
        {
            // The game's reducer failed: the session ends without it.
            Execute(new Call(RecordKind.Disconnect, null, "") { Sender = state.Peer, Session = state.Id });
        }
        state.Ending = true;
        state.HasEnded = true;
        _open.Answers.Add(new PendingAnswer(state, RecordKind.Disconnect, 0, default));
    }

    private void Remove(SessionState state)
    {
        _sessions.Remove(state.Id);
        _disconnected.Remove(state);
        _publisher.Remove(state.Feed);
    }

    private ulong NewSessionId()
    {
        ulong id;
        do
        {
            id = _random.NextUInt64();
        }
        while (id == 0 || _sessions.ContainsKey(id));
        return id;
    }

    private RefusalCode TrySubscribe(SessionState state, ReadOnlySpan<byte> subscribe, out uint id, out string text)
    {
        VerifyError error = SubscribeView.TryRead(subscribe, out SubscribeView view);
        id = error == VerifyError.None ? view.Id : 0;
        if (error != VerifyError.None || view.Id is 0 or > ushort.MaxValue)
        {
            text = error == VerifyError.None ? "subscription ids are 1 to 65535" : $"no subscription: {error}";
            return RefusalCode.Malformed;
        }
        TableFeed? feed = _publisher.Find(view.TableName);
        if (feed is null)
        {
            text = "no such table";
            return RefusalCode.UnknownTarget;
        }
        text = "";
        if (view.Cancel)
        {
            _publisher.Subscribe(state.Feed, view.Id, feed, null);
            return RefusalCode.None;
        }
        if (view.Area && view.Radius > _options.RadiusMax)
        {
            text = $"an area's radius is at most {_options.RadiusMax} cells";
            return RefusalCode.TooLarge;
        }
        if (state.Feed.Find(view.Id) is null && _publisher.SubscriptionCount(state.Feed) >= _options.SubscriptionsPerSessionMax)
        {
            text = $"a session has at most {_options.SubscriptionsPerSessionMax} subscriptions";
            return RefusalCode.Overloaded;
        }
        var request = new SubscribeRequest
        {
            Index = view.Index,
            Key = view.Key,
            IsArea = view.Area,
            Center = new Cell(view.CellX, view.CellZ),
            Radius = view.Radius,
        };
        object? filter = feed.ParseFilter(request, out text);
        if (filter is null)
        {
            return RefusalCode.BadArguments;
        }
        if (view.RowSchema == feed.Definition.Schema.Hash)
        {
            state.Feed.Patched.Add(feed);
        }
        else if (state.Feed.Patched.Remove(feed))
        {
            state.Feed.Unread.Add(feed);
        }
        _publisher.Subscribe(state.Feed, view.Id, feed, filter);
        return RefusalCode.None;
    }
}

/// <summary>What opening a session gave.</summary>
/// <param name="Code">None, or why there is no session.</param>
/// <param name="Text">The reason.</param>
/// <param name="Session">Its number.</param>
/// <param name="SameSession">Whether it is the session asked for: what the client has no answer for may be sent again, and is not run twice.</param>
/// <param name="Resumed">Whether subscriptions go on as before; else the client subscribes anew.</param>
public readonly record struct SessionOpening(RefusalCode Code, string Text, ulong Session, bool SameSession, bool Resumed);
