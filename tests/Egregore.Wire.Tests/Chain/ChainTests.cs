using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Egregore.Wire.Tests.Chain;

public sealed class ChainTests
{
    private const ulong ChainId = 1_700_000_000_000;

    private static readonly PeerId Alice = new(11, 22);

    [Fact]
    public void The_hash_is_as_documented()
    {
        var chain = new StateChain(Alice, ChainId);
        byte[] genesis = new byte[40];
        "egregore/chain/1"u8.CopyTo(genesis);
        Alice.Write(genesis.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(genesis.AsSpan(32), ChainId);
        byte[] head = SHA256.HashData(genesis);
        Assert.Equal(Convert.ToHexStringLower(head), chain.Head.ToString());

        Assert.True(chain.TryAppend(500, State(500)));
        head = SHA256.HashData([.. head, 0xf4, 1, 0, 0, .. State(500)]);
        Assert.Equal(Convert.ToHexStringLower(head), chain.Head.ToString());
    }

    [Fact]
    public void A_sender_has_no_gaps_within_a_checkpoint_and_a_bound_on_its_length()
    {
        var chain = new StateChain(Alice, ChainId);
        Assert.False(chain.TryCheckpoint(out _));
        Assert.True(chain.TryAppend(10, State(10)));
        Assert.False(chain.TryAppend(10, State(10)));
        Assert.False(chain.TryAppend(12, State(12)));
        for (uint i = 11; i < 10 + StateChain.CheckpointStatesMax; i++)
        {
            Assert.True(chain.TryAppend(i, State(i)));
        }
        Assert.False(chain.TryAppend(10 + StateChain.CheckpointStatesMax, State(0)));
        Assert.True(chain.TryCheckpoint(out ChainCheckpoint checkpoint));
        Assert.Equal((10u, (ushort)256, 266u), (checkpoint.First, checkpoint.Count, checkpoint.End));
        Assert.Equal(0, chain.Pending);
        Assert.False(chain.TryAppend(265, State(0)));
        Assert.True(chain.TryAppend(300, State(300)));
        Assert.Throws<ArgumentOutOfRangeException>(() => chain.TryAppend(301, new byte[StateChain.StateBytesMax + 1]));
    }

    [Fact]
    public void All_states_in_any_order_are_verified()
    {
        var chain = new StateChain(Alice, ChainId);
        var verifier = new ChainVerifier(Alice);
        for (uint segment = 0; segment < 5; segment++)
        {
            uint first = 100 + (segment * 40);
            ChainCheckpoint checkpoint = Segment(chain, first, 40);
            foreach (uint sequence in Enumerable.Range((int)first, 40).OrderBy(s => (s * 7919) % 41).Select(s => (uint)s))
            {
                Assert.Equal(StateVerdict.Kept, verifier.Add(sequence, State(sequence)));
                Assert.Equal(StateVerdict.Duplicate, verifier.Add(sequence, State(sequence)));
            }
            Assert.Equal(CheckpointVerdict.Verified, verifier.Check(checkpoint));
            Assert.Equal(CheckpointVerdict.Stale, verifier.Check(checkpoint));
            Assert.Equal(first + 40, verifier.Next);
            Assert.Equal(StateVerdict.Late, verifier.Add(first, State(first)));
        }
    }

    [Fact]
    public void A_lost_state_is_incomplete_and_the_chain_is_picked_up_again()
    {
        var chain = new StateChain(Alice, ChainId);
        var verifier = new ChainVerifier(Alice);
        ChainCheckpoint first = Segment(chain, 1, 40);
        Receive(verifier, 1, 40, lost: 17);
        Assert.Equal(CheckpointVerdict.Incomplete, verifier.Check(first));

        ChainCheckpoint second = Segment(chain, 41, 40);
        Receive(verifier, 41, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(second));
    }

    [Fact]
    public void A_lost_checkpoint_is_incomplete_and_the_chain_is_picked_up_again()
    {
        var chain = new StateChain(Alice, ChainId);
        var verifier = new ChainVerifier(Alice);
        ChainCheckpoint first = Segment(chain, 1, 40);
        Receive(verifier, 1, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(first));

        Segment(chain, 41, 40);
        Receive(verifier, 41, 40);
        ChainCheckpoint third = Segment(chain, 81, 40);
        Receive(verifier, 81, 40);
        Assert.Equal(CheckpointVerdict.Incomplete, verifier.Check(third));

        ChainCheckpoint fourth = Segment(chain, 121, 40);
        Receive(verifier, 121, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(fourth));
    }

    [Fact]
    public void Who_joins_late_verifies_from_the_first_checkpoint_on()
    {
        var chain = new StateChain(Alice, ChainId);
        Segment(chain, 1, 40);
        var verifier = new ChainVerifier(Alice);
        ChainCheckpoint second = Segment(chain, 41, 40);
        Receive(verifier, 41, 40);
        Assert.Equal(CheckpointVerdict.Incomplete, verifier.Check(second));
        ChainCheckpoint third = Segment(chain, 81, 40);
        Receive(verifier, 81, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(third));
    }

    [Fact]
    public void States_that_were_not_signed_are_forged()
    {
        var chain = new StateChain(Alice, ChainId);
        var verifier = new ChainVerifier(Alice);
        ChainCheckpoint first = Segment(chain, 1, 40);
        Receive(verifier, 1, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(first));

        ChainCheckpoint second = Segment(chain, 41, 40);
        Receive(verifier, 41, 40, lost: 60);
        verifier.Add(60, State(9999));
        Assert.Equal(StateVerdict.Contradiction, verifier.Add(60, State(60)));
        Assert.Equal(CheckpointVerdict.Forged, verifier.Check(second));
    }

    [Fact]
    public void Two_accounts_of_the_same_states_are_forged()
    {
        var chain = new StateChain(Alice, ChainId);
        var verifier = new ChainVerifier(Alice);
        ChainCheckpoint first = Segment(chain, 1, 40);
        Receive(verifier, 1, 40);
        verifier.Check(first);
        Assert.Equal(CheckpointVerdict.Forged, verifier.Check(first with { Head = ChainHash.Genesis(Alice, 3) }));
        Assert.Equal(CheckpointVerdict.Forged, verifier.Check(first with { First = 30, Head = ChainHash.Genesis(Alice, 3) }));
    }

    [Fact]
    public void A_new_chain_of_the_same_peer_starts_over_and_the_old_one_is_ignored()
    {
        var verifier = new ChainVerifier(Alice);
        var old = new StateChain(Alice, ChainId);
        ChainCheckpoint before = Segment(old, 1000, 40);
        Receive(verifier, 1000, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(before));
        Receive(verifier, 1040, 3);

        var chain = new StateChain(Alice, ChainId + 1);
        ChainCheckpoint first = Segment(chain, 1, 40);
        Receive(verifier, 1, 40);
        Assert.Equal(CheckpointVerdict.Incomplete, verifier.Check(first));
        Assert.Equal(CheckpointVerdict.OtherChain, verifier.Check(before));
        ChainCheckpoint second = Segment(chain, 41, 40);
        Receive(verifier, 41, 40);
        Assert.Equal(CheckpointVerdict.Verified, verifier.Check(second));
        Assert.Equal(CheckpointVerdict.OtherChain, verifier.Check(second with { Peer = new PeerId(5, 5) }));
    }

    [Fact]
    public void The_store_is_bounded_and_a_flood_of_states_only_pushes_out_older_ones()
    {
        var verifier = new ChainVerifier(Alice, statesMax: 64, stateBytesMax: 24);
        Assert.Equal(StateVerdict.TooLong, verifier.Add(1, new byte[25]));
        for (uint i = 1; i <= 200; i++)
        {
            Assert.Equal(StateVerdict.Kept, verifier.Add(i, State(i)));
        }
        Assert.False(verifier.TryGet(136, out _));
        Assert.True(verifier.TryGet(137, out ReadOnlySpan<byte> state));
        Assert.Equal(State(137), state.ToArray());
        Assert.Equal(StateVerdict.Late, verifier.Add(100, State(100)));
        Assert.Equal(StateVerdict.Kept, verifier.Add(uint.MaxValue, State(5)));
    }

    [Fact]
    public void Appending_and_receiving_allocate_nothing()
    {
        var chain = new StateChain(Alice, ChainId);
        var verifier = new ChainVerifier(Alice);
        byte[] state = new byte[24];
        Loop(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Loop(1001);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Loop(uint from)
        {
            for (uint i = from; i < from + 400; i++)
            {
                chain.TryAppend(i, state);
                verifier.Add(i, state);
                if (i % 40 == 0 && chain.TryCheckpoint(out ChainCheckpoint checkpoint))
                {
                    verifier.Check(checkpoint);
                }
            }
        }
    }

    private static ChainCheckpoint Segment(StateChain chain, uint first, uint count)
    {
        for (uint i = first; i < first + count; i++)
        {
            Assert.True(chain.TryAppend(i, State(i)));
        }
        Assert.True(chain.TryCheckpoint(out ChainCheckpoint checkpoint));
        return checkpoint;
    }

    private static void Receive(ChainVerifier verifier, uint first, uint count, uint lost = 0)
    {
        for (uint i = first; i < first + count; i++)
        {
            if (i != lost)
            {
                verifier.Add(i, State(i));
            }
        }
    }

    private static byte[] State(uint sequence)
    {
        byte[] state = new byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(8), sequence * 3);
        return state;
    }
}
