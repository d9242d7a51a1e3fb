using Egregore.Wire;

namespace Egregore.World;

/// <summary>A session as truth keeps it: whose it is, how far its requests got, and its last answers.</summary>
internal sealed class SessionState(ulong id, PeerId peer, Feeds.SessionFeed feed)
{
    private readonly List<Answer> _answers = [];
    private int _first;

    public ulong Id { get; } = id;

    public PeerId Peer { get; } = peer;

    public Feeds.SessionFeed Feed { get; set; } = feed;

    /// <summary>Whether truth still has its subscriptions (not after a restart).</summary>
    public bool HasFeed { get; set; }

    /// <summary>The largest request number taken.</summary>
    public uint Request { get; set; }

    /// <summary>When its connection went, in milliseconds of world time; null: it is there.</summary>
    public long? DisconnectedMs { get; set; }

    /// <summary>Its end is being written.</summary>
    public bool Ending { get; set; }

    /// <summary>It has ended for good. Stays when its end could not be kept and is tried again.</summary>
    public bool HasEnded { get; set; }

    public int AnswerCount => _answers.Count - _first;

    /// <summary>Answers kept, oldest first.</summary>
    public ReadOnlySpan<Answer> Answers => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_answers)[_first..];

    public bool TryFind(uint request, out Answer answer)
    {
        for (int i = _answers.Count - 1; i >= _first; i--)
        {
            if (_answers[i].Request == request)
            {
                answer = _answers[i];
                return true;
            }
        }
        answer = default;
        return false;
    }

    public void Remember(in Answer answer, int max)
    {
        _answers.Add(answer);
        if (AnswerCount > max)
        {
            _first++;
        }
        if (_first >= max)
        {
            _answers.RemoveRange(0, _first);
            _first = 0;
        }
    }

    /// <summary>Marks an answer as given.</summary>
    public void Given(uint request)
    {
        for (int i = _answers.Count - 1; i >= _first; i--)
        {
            if (_answers[i].Request == request)
            {
                _answers[i] = _answers[i] with { IsGiven = true };
                return;
            }
        }
    }

    /// <summary>Forgets the newest answer, whose transaction is undone.</summary>
    public void Forget(uint request, uint previousRequest)
    {
        Request = previousRequest;
        if (AnswerCount > 0 && _answers[^1].Request == request)
        {
            _answers.RemoveAt(_answers.Count - 1);
        }
    }
}

/// <summary>The answer to a request.</summary>
internal readonly record struct Answer(uint Request, ulong Transaction, RefusalCode Code, string Text, bool IsGiven);

/// <summary>An answer that waits for its group, or a lifecycle step that its group's failure takes back.</summary>
internal readonly record struct PendingAnswer(SessionState? Session, Journal.RecordKind Kind, uint PreviousRequest, Answer Answer);
