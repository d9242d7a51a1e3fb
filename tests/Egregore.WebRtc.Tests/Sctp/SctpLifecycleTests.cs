using System.Buffers.Binary;
using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>How associations begin, restart, stay alive and end.</summary>
public sealed class SctpLifecycleTests
{
    [Fact]
    public void Crossing_handshakes_over_loss_duplication_and_reordering_always_become_one_association()
    {
        for (int seed = 1; seed <= 200; seed++)
        {
            var network = new SctpNetwork(seed, new LinkConditions { Delay = 5_000, Jitter = 20_000, Loss = 0.2, Duplication = 0.2, Reorder = 0.3 });
            var a = new SctpEnd(network, 0);
            var b = new SctpEnd(network, 1);
            a.Association.Start(network.Now);
            network.RunFor(seed % 7 * 3_000);
            if (seed % 3 != 0) b.Association.Start(network.Now);
            Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established), $"seed {seed}");
            Assert.Equal(SctpSendResult.Queued, a.Send(1, [1]));
            Assert.Equal(SctpSendResult.Queued, b.Send(1, [2]));
            a.Flush();
            b.Flush();
            Assert.True(network.Run(() => a.Messages.Count == 1 && b.Messages.Count == 1, 60_000_000), $"seed {seed}");
            network.RunFor(5_000_000);
            Assert.Equal(0, a.Restarts + b.Restarts);
            Assert.Equal([SctpState.Established], a.States);
            Assert.Equal([SctpState.Established], b.States);
        }
    }

    [Fact]
    public void Shutdown_delivers_everything_first_over_loss_from_either_or_both_sides()
    {
        for (int seed = 1; seed <= 60; seed++)
        {
            (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(seed, new LinkConditions { Delay = 5_000, Loss = 0.1 });
            for (int i = 0; i < 50; i++)
            {
                a.Send(0, new byte[2_000]);
                b.Send(0, new byte[2_000]);
            }
            a.Association.Shutdown(network.Now);
            if (seed % 2 == 0) b.Association.Shutdown(network.Now);
            Assert.Equal(SctpSendResult.NotOpen, a.Send(0, [1]));
            a.Flush();
            b.Flush();
            Assert.True(network.Run(() => a.Association.State == SctpState.Closed && b.Association.State == SctpState.Closed, 200_000_000), $"seed {seed}");
            Assert.Equal(50, a.Messages.Count);
            Assert.Equal(50, b.Messages.Count);
            Assert.Equal([SctpCloseReason.Shutdown, SctpCloseReason.Shutdown], [a.Association.CloseReason, b.Association.CloseReason]);
            Assert.Equal(SctpAssociation.Never, Math.Min(a.NextDeadline, b.NextDeadline));
        }
    }

    [Fact]
    public void What_the_pace_holds_back_is_not_counted_as_the_peers_silence()
    {
        var network = new SctpNetwork(1);
        var congestion = new SteppedPace();
        var a = new SctpEnd(network, 0, congestion: congestion);
        var b = new SctpEnd(network, 1);
        a.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        network.Filter = (_, packet) => packet.Length < 500;
        congestion.PacingBytesPerSecond = 1;
        for (int i = 0; i < 20; i++) a.Send(0, new byte[1_000]);
        a.Flush();
        network.RunFor(1_000_000);
        network.Filter = null;
        Assert.Empty(b.Messages);
        network.RunFor(200_000_000);
        Assert.Equal(SctpState.Established, a.Association.State);
        congestion.PacingBytesPerSecond = 1_000_000;
        Assert.True(network.Run(() => b.Messages.Count == 20, 15_000_000), $"{b.Messages.Count} of 20, {a.Association.State} {a.Association.CloseReason}");
    }

    [Fact]
    public void What_is_young_at_a_timeout_and_fills_the_window_is_lost_at_the_next()
    {
        var network = new SctpNetwork(1);
        var a = new SctpEnd(network, 0, congestion: new SteppedPace { WindowBytes = 100_000, WindowBytesAfterTimeout = 2_400 });
        var b = new SctpEnd(network, 1);
        a.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        a.Send(0, new byte[1_000]);
        a.Flush();
        network.RunFor(200_000);
        network.Filter = (_, _) => false;
        a.Send(0, new byte[1_000]);
        a.Flush();
        // The timer expires 400 ms after the first one; these are on their way for 5 ms then, and more than the window that it leaves.
        network.RunFor(395_000);
        for (int i = 0; i < 40; i++) a.Send(0, new byte[1_000]);
        a.Flush();
        network.RunFor(20_000);
        network.Filter = null;
        Assert.True(network.Run(() => b.Messages.Count == 42, 20_000_000), $"{b.Messages.Count} of 42, {a.Association.Statistics.Timeouts} timeouts");
    }

    private sealed class SteppedPace : ICongestionControl
    {
        public long WindowBytes { get; set; } = 20_000;

        public long? WindowBytesAfterTimeout { get; init; }

        public long PacingBytesPerSecond { get; set; }

        public long BurstBytes => 10_000;

        public void OnPacketSize(int bytes)
        {
        }

        public void OnAck(in SctpAckSample sample)
        {
        }

        public void OnTimeout(long now) => WindowBytes = WindowBytesAfterTimeout ?? WindowBytes;

        public void OnIdle(long now)
        {
        }
    }

    [Fact]
    public void A_peer_that_begins_anew_is_taken_for_a_restart()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(3);
        for (int i = 0; i < 5; i++) a.Send(2, [(byte)i]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 5));
        var reborn = new SctpEnd(network, 0);
        reborn.Association.Start(network.Now);
        Assert.True(network.Run(() => reborn.Association.State == SctpState.Established));
        Assert.Equal(1, b.Restarts);
        reborn.Send(2, [99]);
        b.Send(2, [98]);
        reborn.Flush();
        b.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 6 && reborn.Messages.Count == 1));
        Assert.Equal(99, b.Messages[5].Bytes[0]);
        Assert.Equal(0, b.Association.Statistics.SequenceErrors + reborn.Association.Statistics.SequenceErrors);
    }

    [Fact]
    public void An_old_cookie_is_refused_and_the_handshake_begins_again()
    {
        var network = new SctpNetwork(4);
        var a = new SctpEnd(network, 0);
        var b = new SctpEnd(network, 1, new SctpOptions { CookieLifetimeMs = 100 });
        int held = 0;
        network.Filter = (from, packet) => from != 0 || packet[12] != ChunkType.CookieEcho || held++ > 0;
        a.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        Assert.Equal(1, b.Association.Statistics.CookiesRefused);
        Assert.True(held >= 3);
    }

    [Fact]
    public void A_silent_peer_is_given_up_while_connecting_while_sending_and_while_idle()
    {
        var network = new SctpNetwork(5);
        var alone = new SctpEnd(network, 0);
        alone.Association.Start(network.Now);
        Assert.True(network.Run(() => alone.Association.State == SctpState.Closed));
        Assert.Equal(SctpCloseReason.PeerUnreachable, alone.Association.CloseReason);

        foreach (bool sends in new[] { true, false })
        {
            (SctpNetwork quiet, SctpEnd a, _) = SctpHandshakeTests.Connect(6, options: new SctpOptions { HeartbeatMs = 5_000 });
            quiet.RunFor(60_000_000);
            Assert.Equal(SctpState.Established, a.Association.State);
            quiet.Filter = (_, _) => false;
            if (sends) a.Send(0, [1]);
            a.Flush();
            Assert.True(quiet.Run(() => a.Association.State == SctpState.Closed, 200_000_000));
            Assert.Equal(SctpCloseReason.PeerUnreachable, a.Association.CloseReason);
            Assert.Equal(0, a.Association.BufferedBytes);
        }
    }

    [Fact]
    public void A_lost_abort_is_repeated_when_the_peer_goes_on()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(11);
        network.Filter = (from, _) => from == 0;
        b.Association.Abort();
        network.RunFor(1_000_000);
        Assert.Equal(SctpState.Established, a.Association.State);
        network.Filter = null;
        a.Send(0, [1]);
        a.Flush();
        Assert.True(network.Run(() => a.Association.CloseReason == SctpCloseReason.PeerAbort, 100_000));
    }

    [Fact]
    public void An_outage_of_ten_seconds_loses_nothing()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(7, new LinkConditions { Delay = 10_000, Bandwidth = 2_000_000 });
        for (int i = 0; i < 3_000; i++) a.Send(0, BitConverter.GetBytes(i));
        for (int i = 0; i < 300; i++) a.Send(1, new byte[10_000]);
        a.Flush();
        network.RunFor(300_000);
        network.Filter = (_, _) => false;
        network.RunFor(10_000_000);
        network.Filter = null;
        Assert.True(network.Run(() => b.Messages.Count == 3_300, 30_000_000), $"{b.Messages.Count}");
        Assert.Equal(Enumerable.Range(0, 3_000), b.Messages.Where(message => message.Stream == 0).Select(message => BinaryPrimitives.ReadInt32LittleEndian(message.Bytes)));
    }

    [Fact]
    public void A_lost_last_packet_is_seen_by_the_tail_probe_before_the_timeout()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(8, new LinkConditions { Delay = 10_000 });
        a.Send(0, new byte[20_000]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 1));
        network.RunFor(1_000_000);
        int data = 0;
        network.Filter = (from, packet) => from != 0 || packet[12] != ChunkType.Data || ++data != 5;
        a.Send(0, new byte[5_800]);
        a.Flush();
        long started = network.Now;
        Assert.True(network.Run(() => b.Messages.Count == 2));
        Assert.InRange(network.Now - started, 0, 150_000);
        Assert.Equal(1, a.Association.Statistics.TailProbes);
        Assert.Equal(0, a.Association.Statistics.Timeouts);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Checksums_are_left_out_only_if_both_offer_it(bool first, bool second)
    {
        var network = new SctpNetwork(9);
        var a = new SctpEnd(network, 0, new SctpOptions { ZeroChecksum = first });
        var b = new SctpEnd(network, 1, new SctpOptions { ZeroChecksum = second });
        int zeros = 0;
        network.Filter = (_, packet) =>
        {
            if (packet.AsSpan(8, 4).IndexOfAnyExcept((byte)0) < 0) zeros++;
            return true;
        };
        a.Association.Start(network.Now);
        b.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        a.Send(0, new byte[10_000]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 1));
        Assert.Equal(0, zeros);
    }

    [Fact]
    public void A_callback_may_send_and_abort_but_not_receive()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(10);
        b.Received = (stream, bytes) => Assert.Equal(SctpSendResult.Queued, b.Send(stream, bytes));
        a.Send(0, [1, 2, 3]);
        a.Flush();
        Assert.True(network.Run(() => a.Messages.Count == 1));
        b.Received = (_, _) => Assert.Throws<InvalidOperationException>(() => b.Flush());
        a.Send(0, [1]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 2));
        b.Received = (_, _) => b.Association.Abort();
        for (int i = 0; i < 20; i++) a.Send(0, new byte[3_000]);
        a.Flush();
        Assert.True(network.Run(() => a.Association.State == SctpState.Closed));
        Assert.Equal(SctpCloseReason.LocalAbort, b.Association.CloseReason);
        Assert.Equal(SctpCloseReason.PeerAbort, a.Association.CloseReason);
        Assert.Equal(3, b.Messages.Count);
    }
}
