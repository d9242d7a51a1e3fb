namespace Egregore.Wire;

/// <summary>
/// A sender's chain over its own reflex states: each state it sends is hashed into a running value, and now and then the value is
/// signed. Whoever holds the states can prove what the sender said, and the sender cannot say two things of one tick.
/// </summary>
/// <remarks>
/// Sans-I/O: <see cref="TryCheckpoint"/> gives what is to be signed (<see cref="ChainCheckpoint.WriteSigningBytes"/>); the host signs.
/// Appending allocates nothing. One thread.
/// </remarks>
public sealed class StateChain
{
    /// <summary>Longest state, in bytes.</summary>
    public const int StateBytesMax = 256;

    /// <summary>Most states between two checkpoints.</summary>
    public const int CheckpointStatesMax = 256;

    private readonly PeerId _peer;
    private ChainHash _head;
    private uint _first;
    private ushort _count;

    /// <summary>Starts a chain.</summary>
    /// <param name="peer">Whose states they are.</param>
    /// <param name="chain">Higher than that of any chain this peer had before: the time it starts, in milliseconds, will do.</param>
    public StateChain(PeerId peer, ulong chain)
    {
        _peer = peer;
        Chain = chain;
        _head = ChainHash.Genesis(peer, chain);
    }

    /// <summary>Which chain of the peer's it is.</summary>
    public ulong Chain { get; }

    /// <summary>States since the last checkpoint.</summary>
    public int Pending => _count;

    /// <summary>The last state's link.</summary>
    public ChainHash Head => _head;

    /// <summary>
    /// Adds the state just sent. Within one checkpoint sequences follow each other without a gap; false, and nothing changes, when this
    /// one does not, or <see cref="CheckpointStatesMax"/> states already wait: take a checkpoint first.
    /// </summary>
    public bool TryAppend(uint sequence, ReadOnlySpan<byte> state)
    {
        if (_count == CheckpointStatesMax || (_count != 0 && sequence != _first + _count) || sequence < _first + _count || sequence == uint.MaxValue)
        {
            return false;
        }
        _first = _count == 0 ? sequence : _first;
        _head = _head.Next(sequence, state);
        _count++;
        return true;
    }

    /// <summary>Closes the states since the last one; false when there are none.</summary>
    public bool TryCheckpoint(out ChainCheckpoint checkpoint)
    {
        checkpoint = new ChainCheckpoint(_peer, Chain, _first, _count, _head);
        if (_count == 0)
        {
            return false;
        }
        _first += _count;
        _count = 0;
        return true;
    }
}
