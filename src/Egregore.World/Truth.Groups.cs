using Egregore.Wire;
using Egregore.World.Journal;

namespace Egregore.World;

/// <content>Group commit: what is executed becomes durable, or is undone.</content>
public sealed partial class Truth
{
    private readonly byte[] _head = new byte[JournalFormat.HashBytes];
    private SnapshotJob? _snapshot;

    /// <summary>The number of the next group to be written.</summary>
    internal ulong NextGroup { get; private set; }

    /// <summary>Rows of tables that this version of the game no longer has.</summary>
    internal KeptTables Kept { get; }

    /// <summary>Whether there is something to persist.</summary>
    public bool HasOpenGroup => !_open.IsEmpty;

    /// <summary>The filled group for the host to persist, or null when there is none or one is still being written.</summary>
    public JournalGroup? TakeGroup()
    {
        if (_writing is not null || _open.IsEmpty)
        {
            return null;
        }
        _writing = _open;
        _open = _spare;
        _open.Clear();
        _writing.Complete(NextGroup, _head);
        if (_snapshotRequested)
        {
            TakeImage(NextGroup + 1, Transaction, _writing.Head);
        }
        return _writing;
    }

    /// <summary>The group is durable: releases its answers, and its changes for the next flush.</summary>
    /// <exception cref="InvalidOperationException">Not the group that was taken.</exception>
    public void Persisted(JournalGroup group)
    {
        TakeBack(group);
        group.Head.CopyTo(_head);
        NextGroup = group.Number + 1;
        DurableTransaction = group.FirstTransaction + (ulong)group.Transactions - 1;
        Counters.Groups++;
        foreach (RowChange change in group.Changes)
        {
            _publisher.Record(DurableTransaction, change);
        }
        foreach (PendingAnswer pending in group.Answers)
        {
            switch (pending.Kind)
            {
                case RecordKind.Action:
                    pending.Session!.Given(pending.Answer.Request);
                    pending.Session.Feed.Answered = true;
                    Answer(pending.Session.Id, pending.Answer);
                    break;
                case RecordKind.Disconnect:
                    Remove(pending.Session!);
                    break;
                default:
                    break;
            }
        }
        Recycle(group);
    }

    /// <summary>The group could not be kept: it and everything executed since is undone, and its actions are refused as StorageUnavailable.</summary>
    /// <exception cref="InvalidOperationException">Not the group that was taken.</exception>
    public void Failed(JournalGroup group, string reason)
    {
        TakeBack(group);
        Database.Undo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_open.Changes));
        Database.Undo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(group.Changes));
        Counters.Undone += _open.Transactions + group.Transactions;
        Transaction = DurableTransaction;
        _publisher.Undone();
        _snapshot?.AbandonAfter(DurableTransaction);
        PendingAnswer[] pendings = [.. group.Answers, .. _open.Answers];
        for (int i = pendings.Length - 1; i >= 0; i--)
        {
            PendingAnswer pending = pendings[i];
            if (pending.Kind == RecordKind.Action)
            {
                pending.Session!.Forget(pending.Answer.Request, pending.PreviousRequest);
            }
        }
        Recycle(group);
        _open.Clear();
        foreach (PendingAnswer pending in pendings)
        {
            Refuse(pending, reason);
        }
    }

    private void Refuse(in PendingAnswer pending, string reason)
    {
        switch (pending.Kind)
        {
            case RecordKind.Action:
                Counters.Refused++;
                Answer(pending.Session!.Id, new Answer(pending.Answer.Request, 0, RefusalCode.StorageUnavailable, reason, true));
                break;
            case RecordKind.Connect:
                Remove(pending.Session!);
                _output.Send(pending.Session!.Id, Kind.Refusal, new Refusal { Code = RefusalCode.StorageUnavailable, Text = reason }.ToArray());
                break;
            default:
                // A session's end is tried again with the next tick.
                pending.Session!.Ending = false;
                break;
        }
    }

    private void TakeBack(JournalGroup group)
    {
        if (!ReferenceEquals(group, _writing))
        {
            throw new InvalidOperationException("This group is not the one being written.");
        }
        _writing = null;
    }

    private void Recycle(JournalGroup group)
    {
        group.Clear();
        _spare = group;
    }
}
