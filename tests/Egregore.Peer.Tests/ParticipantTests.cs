using Egregore.Mesh;
using Egregore.Wire;
using Egregore.World.Movement;
using VoxelArena;

namespace Egregore.Peer.Tests;

public sealed class ParticipantTests
{
    [Fact]
    public void Two_who_are_introduced_link_directly_and_find_each_others_steps_right()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var walker = new Walker(network, ada);
        network.Run(5_000, walker.Step);

        var seen = bob.Participant.FindNeighbour(ada.Participant.Self)!;
        Assert.Equal(NeighbourPath.Direct, seen.Path);
        Assert.True(seen.Accepted > 90, $"{seen.Accepted} accepted");
        Assert.Equal(0, seen.Rejected);
        Assert.True(MoveState.TryRead(seen.Track.Newest, out var newest));
        Assert.Equal(walker.State, newest);
        Assert.True(seen.CheckpointsVerified >= 5, $"{seen.CheckpointsVerified} checkpoints verified");
        Assert.Equal(0, seen.CheckpointsWrong);
    }

    [Fact]
    public void A_leap_is_rejected_and_not_shown()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var walker = new Walker(network, ada);
        network.Run(2_000, walker.Step);
        var before = walker.State;
        walker.State = before with { X = before.X + (20 * MoveState.BlockUnits) };
        network.Run(50, walker.Send);

        var seen = bob.Participant.FindNeighbour(ada.Participant.Self)!;
        Assert.Equal(1, seen.Rejected);
        Assert.NotEmpty(seen.LastRejection);
        Assert.True(MoveState.TryRead(seen.Track.Newest, out var shown));
        Assert.Equal(before, shown);
    }

    [Fact]
    public void States_that_were_changed_on_the_way_do_not_fit_the_signed_checkpoint()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var walker = new Walker(network, ada);
        network.Run(2_000, walker.Step);
        network.Tamper = (from, _, message) =>
        {
            // The pitch of a state: nothing that the rules of movement could notice.
            if (from == ada.Participant.Self && EnvelopeCodec.TryRead(message, out var view) == VerifyError.None && view.Header.Kind == Kind.Reflex)
                message[^4] ^= 1;
            return message;
        };
        network.Run(3_000, walker.Step);
        Assert.True(bob.Participant.FindNeighbour(ada.Participant.Self)!.CheckpointsWrong > 0);
    }

    [Fact]
    public void When_truth_is_gone_a_common_neighbour_carries_signed_signals()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var eve = network.Add("Eve");
        network.Welcome(eve);
        network.Introduce(bob, eve);
        network.Run(500);
        network.TruthGoes();
        network.Run(60_000);

        Assert.True(ada.Participant.IsDirect(eve.Participant.Self) && eve.Participant.IsDirect(ada.Participant.Self));
        Assert.Contains(ada.Signals.Concat(eve.Signals), s => s.Type == SignalType.Answer);
    }

    [Fact]
    public void A_first_state_far_from_where_truth_introduced_the_neighbour_is_not_shown()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var walker = new Walker(network, ada);
        var start = walker.State;
        Place(network, bob, ada, start with { X = start.X + (200 * MoveState.BlockUnits) });
        network.Run(500, walker.Step);
        var seen = bob.Participant.FindNeighbour(ada.Participant.Self)!;
        Assert.True(seen.Doubted > 5, $"{seen.Doubted} doubted");
        Assert.Equal(0, seen.Rejected);
        Assert.True(seen.Track.IsEmpty);

        // Truth says where it is: from there on the neighbour is seen.
        Place(network, bob, ada, walker.State);
        network.Run(500, walker.Step);
        Assert.True(MoveState.TryRead(seen.Track.Newest, out var newest));
        Assert.Equal(walker.State, newest);
    }

    [Fact]
    public void Whoever_went_quiet_comes_back_within_reach_whatever_its_ticks_say()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var walker = new Walker(network, ada);
        network.Run(1_000, walker.Step);
        var seen = bob.Participant.FindNeighbour(ada.Participant.Self)!;
        network.Run(3_000);

        // Three seconds of silence, and a tick that claims an hour: the time that passed is what counts.
        var far = new byte[MoveState.SizeBytes];
        (walker.State with { X = walker.State.X + (300 * MoveState.BlockUnits) }).Write(far);
        var envelope = new byte[EnvelopeCodec.SizeMax(far.Length)];
        var length = EnvelopeCodec.Write(envelope, Kind.Reflex, seen.Track.NewestTick + 72_000, far);
        bob.Participant.ReceiveLink(ada.Participant.Self, envelope.AsSpan(0, length), network.NowMs);
        Assert.Equal(1, seen.Rejected);
        Assert.True(MoveState.TryRead(seen.Track.Newest, out var shown));
        Assert.Equal(walker.State, shown);
    }

    [Fact]
    public void What_peers_have_relayed_is_bounded_for_each_and_for_all()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var payload = new Heartbeat { Id = 1, Sent = 1 }.ToArray();
        for (var i = 0; i < 1_000; i++)
            Relay(ada, bob.Participant.Self, payload);
        Assert.Equal(800, ada.Participant.Stats.RelayedRefused);
        var eve = new PeerId(7, 7);
        Relay(ada, eve, payload);
        Assert.Equal(800, ada.Participant.Stats.RelayedRefused);

        // Many together meet the bound of all, and are forgotten in turn.
        for (ulong peer = 1; peer <= 2_000; peer++)
            Relay(ada, new PeerId(peer, 9), payload);
        Assert.InRange(ada.Participant.Stats.RelayedRefused, 800 + 2_000 - 1_000, 3_000);

        void Relay(VirtualHost to, PeerId from, byte[] bytes)
        {
            var envelope = new byte[EnvelopeCodec.SizeMax(bytes.Length)];
            var length = EnvelopeCodec.Write(envelope, Kind.Heartbeat, 1, bytes, sender: from);
            to.Participant.ReceiveTruth(envelope.AsSpan(0, length), network.NowMs);
        }
    }

    [Fact]
    public void Patches_that_do_not_fit_make_it_ask_once_for_whole_rows()
    {
        var network = new VirtualNetwork();
        var ada = network.Add("Ada");
        network.Welcome(ada);
        ada.Participant.Subscribe(new Subscribe { Id = 3, TableName = "bodies", Area = true, Radius = 2 });
        Assert.Equal([Body.Schema.Hash], ada.Subscribes.Select(subscribe => subscribe.RowSchema));

        // Of a body that nobody told it of.
        var delta = new Delta { Transaction = 1, Tables = [new TableDelta { Name = "bodies", Patches = new byte[] { 0, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0 } }] };
        network.Tell(ada, Kind.Delta, delta.ToArray());
        network.Tell(ada, Kind.Delta, delta.ToArray());
        Assert.Equal([Body.Schema.Hash, 0], ada.Subscribes.Select(subscribe => subscribe.RowSchema));
        Assert.Equal((3u, "bodies", 2), (ada.Subscribes[1].Id, ada.Subscribes[1].TableName, ada.Subscribes[1].Radius));
        Assert.Equal(1, ada.Participant.Cache.UnreadTables);
    }

    [Fact]
    public void Attempts_at_links_are_bounded_and_end_by_themselves()
    {
        var network = new VirtualNetwork();
        var (ada, _) = Linked(network);
        for (ulong peer = 1; peer <= 20; peer++)
            Offer(new PeerId(peer, 9), 1);
        var begun = ada.Signals.Count(signal => signal.To.Low == 9);
        Assert.Equal(8, begun);
        Assert.Equal(12, ada.Participant.Stats.AttemptsRefused);

        // Offered again at once: not heard. After the time, the places are free.
        Offer(new PeerId(1, 9), 2);
        Assert.Equal(8, ada.Signals.Count(signal => signal.To.Low == 9));
        network.Run(21_000);
        Assert.Equal(20, ada.Participant.Stats.AttemptsRefused);
        Offer(new PeerId(30, 9), 1);
        Assert.Equal(9, ada.Signals.Count(signal => signal.To.Low == 9));

        void Offer(PeerId from, uint connection)
        {
            var payload = new Signal { Type = SignalType.Offer, Connection = connection, Data = "offer" }.ToArray();
            var envelope = new byte[EnvelopeCodec.SizeMax(payload.Length)];
            var length = EnvelopeCodec.Write(envelope, Kind.Signal, 1, payload, sender: from, target: ada.Participant.Self);
            ada.Participant.ReceiveTruth(envelope.AsSpan(0, length), network.NowMs);
        }
    }

    [Fact]
    public void Gossip_is_signed_at_its_origin_and_taken_by_those_who_verified_it()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        ada.Participant.Mesh.Publish(1, [1, 2, 3], network.NowMs);
        network.Run(1_000);
        Assert.Equal(1, bob.Participant.Stats.GossipDelivered);

        // In Ada's name by another: a body that Ada did not sign.
        using var key = EcdsaP256.Create();
        network.Tamper = (_, _, message) =>
        {
            if (EnvelopeCodec.TryRead(message, out var view) != VerifyError.None || view.Header.Kind != Kind.Gossip)
                return message;
            var forged = new byte[EnvelopeCodec.SizeMax(view.Payload.Length)];
            var length = EnvelopeCodec.Write(forged, Kind.Gossip, 1, view.Payload, view.Header.Ttl, time: view.Time, signature: key.Sign(view.Payload));
            return forged[..length];
        };
        ada.Participant.Mesh.Publish(1, [4, 5, 6], network.NowMs);
        network.Run(1_000);
        Assert.Equal(1, bob.Participant.Stats.GossipDelivered);
        Assert.True(bob.Participant.Mesh.Stats.Received(ReceiveResult.Forged) > 0);
    }

    /// <summary>Truth tells of a neighbour and where it is.</summary>
    private static void Place(VirtualNetwork network, VirtualHost to, VirtualHost who, MoveState state)
    {
        var near = new Wire.Neighbour { Peer = who.Participant.Self, Name = "x", Handle = 9, X = state.X >> 4, Y = state.Y >> 4, Z = state.Z >> 4 };
        network.Tell(to, Kind.Neighbours, new Neighbours { Peers = [near] }.ToArray());
    }

    [Fact]
    public void A_routed_signal_with_a_wrong_signature_is_refused()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        using var key = EcdsaP256.Create();
        var payload = new Signal { Type = SignalType.Offer, Connection = 7, Data = "offer", PublicKey = key.PublicKey }.ToArray();
        var envelope = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        var length = EnvelopeCodec.Write(envelope, Kind.Signal, 1, payload, 2, key.Peer, ada.Participant.Self, signature: key.Sign(payload));
        ada.Participant.ReceiveLink(bob.Participant.Self, envelope.AsSpan(0, length), network.NowMs);
        network.Run(100);
        Assert.DoesNotContain(ada.Signals, s => s.To == key.Peer);
        Assert.True(ada.Participant.Stats.SignalsRefused > 0);
    }

    [Fact]
    public void Whatever_bytes_come_nothing_breaks()
    {
        var network = new VirtualNetwork();
        var (ada, bob) = Linked(network);
        var random = new Random(20261121);
        var sample = new Hello { Ticket = "t" }.ToArray();
        for (var i = 0; i < 5_000; i++)
        {
            var payload = random.Next(2) == 0 ? sample.ToArray() : new byte[random.Next(200)];
            random.NextBytes(payload.AsSpan(0, Math.Min(payload.Length, random.Next(40))));
            var envelope = new byte[EnvelopeCodec.SizeMax(payload.Length)];
            var length = EnvelopeCodec.Write(envelope, (Kind)random.Next(64), (uint)random.Next(), payload, 3, random.Next(2) == 0 ? default : bob.Participant.Self);
            for (var flips = random.Next(4); flips > 0; flips--)
                envelope[random.Next(length)] ^= (byte)(1 << random.Next(8));
            if (random.Next(2) == 0)
                ada.Participant.ReceiveTruth(envelope.AsSpan(0, random.Next(length)), network.NowMs);
            else
                ada.Participant.ReceiveLink(bob.Participant.Self, envelope.AsSpan(0, length), network.NowMs);
        }

        network.Run(1_000);
        Assert.True(ada.Participant.Stats.TruthRefused > 0);
    }

    private static (VirtualHost Ada, VirtualHost Bob) Linked(VirtualNetwork network)
    {
        var ada = network.Add("Ada");
        var bob = network.Add("Bob");
        network.Welcome(ada, bob);
        network.Introduce(ada, bob);
        network.Run(5_000);
        Assert.True(ada.Participant.Mesh.IsLinked(bob.Participant.Self, LinkKind.Direct), "no direct link");
        Assert.True(bob.Participant.Mesh.IsLinked(ada.Participant.Self, LinkKind.Direct), "no direct link");
        return (ada, bob);
    }

    /// <summary>Walks in a circle by the game's own rules.</summary>
    private sealed class Walker(VirtualNetwork network, VirtualHost host)
    {
        private readonly byte[] _bytes = new byte[MoveState.SizeBytes];

        public MoveState State { get; set; } = VoxelArenaGame.Spawn(host.Participant.Self);

        public void Step()
        {
            var input = new MoveInput(MoveButtons.Forward, (ushort)(State.Yaw + 900), 0);
            State = VoxelMovement.Step(State, input, host.Game.Rules.Voxels(host.Participant.Cache.Db), host.Game.Rules.Limits);
            Send();
        }

        public void Send()
        {
            State.Write(_bytes);
            host.Participant.SendReflex(_bytes, network.NowMs);
        }
    }
}
