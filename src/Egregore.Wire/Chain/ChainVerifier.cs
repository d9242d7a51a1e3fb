namespace Egregore.Wire;

/// <summary>What became of a state given to a <see cref="ChainVerifier"/>.</summary>
public enum StateVerdict : byte
{
    /// <summary>Kept until a checkpoint covers it.</summary>
    Kept = 0,

    /// <summary>The same state again.</summary>
    Duplicate,

    /// <summary>A checkpoint has already passed it, or it is older than what is kept.</summary>
    Late,

    /// <summary>
    /// Another state of the same sequence is kept already: the sender says two things of one tick, or started over. A reason to look, not a
    /// proof: states alone are not signed.
    /// </summary>
    Contradiction,

    /// <summary>Longer than <see cref="StateChain.StateBytesMax"/>.</summary>
    TooLong,
}

/// <summary>What a signed checkpoint says of the states received.</summary>
public enum CheckpointVerdict : byte
{
    /// <summary>Exactly the states received are what the sender signed.</summary>
    Verified = 0,

    /// <summary>Some states or an earlier checkpoint did not arrive, so nothing can be said; the chain is picked up from here. Nobody's fault.</summary>
    Incomplete,

    /// <summary>All states arrived and the sender signed others, or it signed two accounts of the same states.</summary>
    Forged,

    /// <summary>A checkpoint at or before the last one taken; ignored.</summary>
    Stale,

    /// <summary>Of a chain that the sender has given up, or of another peer; ignored.</summary>
    OtherChain,
}

/// <summary>
/// A receiver's side of one peer's <see cref="StateChain"/>: keeps the states that arrived, in any order, and judges them when a
/// checkpoint comes. States travel unreliably, so loss is a normal result and never an accusation.
/// </summary>
/// <remarks>
/// Sans-I/O: the host checks the checkpoint's signature first and only then calls <see cref="Check"/>. Memory is bounded:
/// <paramref name="statesMax"/> states of at most <see cref="StateChain.StateBytesMax"/> bytes, allocated once. One thread.
/// </remarks>
/// <param name="peer">Whose chain it is.</param>
/// <param name="statesMax">States kept; the newest win. At least <see cref="StateChain.CheckpointStatesMax"/> is of use.</param>
/// <param name="stateBytesMax">Longest state kept, in bytes.</param>
public sealed class ChainVerifier(PeerId peer, int statesMax = StateChain.CheckpointStatesMax, int stateBytesMax = 64)
{
    private readonly Slot[] _slots = new Slot[statesMax];
    private readonly byte[] _bytes = new byte[statesMax * Math.Min(stateBytesMax, StateChain.StateBytesMax)];
    private readonly int _stride = Math.Min(stateBytesMax, StateChain.StateBytesMax);
    private ChainHash _head;
    private ulong _chain;
    private uint _next;
    private bool _anchored;

    /// <summary>The sequence behind the last state that a checkpoint covered; 0 before the first.</summary>
    public uint Next => _next;

    /// <summary>Keeps a state until a checkpoint covers it.</summary>
    public StateVerdict Add(uint sequence, ReadOnlySpan<byte> state)
    {
        if (state.Length > _stride)
        {
            return StateVerdict.TooLong;
        }
        if (sequence < _next)
        {
            return StateVerdict.Late;
        }
        int index = (int)(sequence % (uint)_slots.Length);
        ref Slot slot = ref _slots[index];
        if (slot.IsUsed && slot.Sequence >= sequence)
        {
            return slot.Sequence > sequence ? StateVerdict.Late
                : At(index, slot).SequenceEqual(state) ? StateVerdict.Duplicate
                : StateVerdict.Contradiction;
        }
        slot = new Slot(sequence, (ushort)state.Length, true);
        state.CopyTo(_bytes.AsSpan(index * _stride));
        return StateVerdict.Kept;
    }

    /// <summary>Judges the states received by a checkpoint whose signature the host has found to be the peer's.</summary>
    public CheckpointVerdict Check(in ChainCheckpoint checkpoint)
    {
        if (checkpoint.Peer != peer || (_anchored && checkpoint.Chain < _chain))
        {
            return CheckpointVerdict.OtherChain;
        }
        if (_anchored && checkpoint.Chain > _chain)
        {
            // The peer started over, and its sequences may have, too: what is far from this checkpoint is of the chain before.
            _anchored = false;
            _next = 0;
            Forget(checkpoint.First, (long)checkpoint.End + _slots.Length);
        }
        if (_anchored && checkpoint.End <= _next)
        {
            return checkpoint.End == _next && checkpoint.Head != _head ? CheckpointVerdict.Forged : CheckpointVerdict.Stale;
        }
        CheckpointVerdict verdict = Judge(checkpoint);
        _anchored = true;
        _chain = checkpoint.Chain;
        _head = checkpoint.Head;
        _next = checkpoint.End;
        return verdict;
    }

    /// <summary>A state that is kept; false when it did not arrive or has made room for a newer one.</summary>
    public bool TryGet(uint sequence, out ReadOnlySpan<byte> state)
    {
        int index = (int)(sequence % (uint)_slots.Length);
        Slot slot = _slots[index];
        bool found = slot.IsUsed && slot.Sequence == sequence;
        state = found ? At(index, slot) : default;
        return found;
    }

    private CheckpointVerdict Judge(in ChainCheckpoint checkpoint)
    {
        if (_anchored && checkpoint.First < _next)
        {
            return CheckpointVerdict.Forged;
        }
        // Without an anchor the states may be the chain's first; if they are not, an earlier link is missing.
        bool anchored = _anchored;
        ChainHash head = anchored ? _head : ChainHash.Genesis(peer, checkpoint.Chain);
        for (uint sequence = checkpoint.First; sequence != checkpoint.End; sequence++)
        {
            if (!TryGet(sequence, out ReadOnlySpan<byte> state))
            {
                return CheckpointVerdict.Incomplete;
            }
            head = head.Next(sequence, state);
        }
        return head == checkpoint.Head ? CheckpointVerdict.Verified
            : anchored && checkpoint.First == _next ? CheckpointVerdict.Forged
            : CheckpointVerdict.Incomplete;
    }

    private void Forget(uint before, long from)
    {
        foreach (ref Slot slot in _slots.AsSpan())
        {
            slot = slot.Sequence < before || slot.Sequence >= from ? default : slot;
        }
    }

    private ReadOnlySpan<byte> At(int index, Slot slot) => _bytes.AsSpan(index * _stride, slot.Length);

    private readonly record struct Slot(uint Sequence, ushort Length, bool IsUsed);
}
