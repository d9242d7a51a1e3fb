using System.Net;
using System.Threading.Channels;

namespace Egregore.WebRtc.Tests;

/// <summary>Two connections of ours with their signaling in memory, and what tests wait on.</summary>
internal static class Peers
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static RtcHost LoopbackHost() => new(new RtcHostOptions { Addresses = [IPAddress.Loopback] });

    /// <summary>Carries descriptions and candidates between two ends; the first one offers.</summary>
    public static void Connect(RtcPeerConnection offerer, RtcPeerConnection answerer)
    {
        var (toAnswerer, toOfferer) = (Trickle(offerer, answerer), Trickle(answerer, offerer));
        Negotiate(offerer, answerer);
        toAnswerer();
        toOfferer();
    }

    public static void Negotiate(RtcPeerConnection offerer, RtcPeerConnection answerer, RtcOfferOptions? options = null)
    {
        var offer = offerer.CreateOffer(options);
        offerer.SetLocalDescription(offer);
        answerer.SetRemoteDescription(offer);
        answerer.SetLocalDescription();
        offerer.SetRemoteDescription(answerer.LocalDescription!);
    }

    /// <summary>A candidate may come before its description: it is kept until the description is there, as by signaling that keeps order.</summary>
    /// <returns>To be called when it is there.</returns>
    private static Action Trickle(RtcPeerConnection from, RtcPeerConnection to)
    {
        var early = new List<RtcIceCandidate?>();
        var isThere = false;
        from.IceCandidate += candidate =>
        {
            lock (early)
            {
                if (!isThere)
                {
                    early.Add(candidate);
                    return;
                }
            }

            to.AddIceCandidate(candidate);
        };
        return () =>
        {
            lock (early)
                isThere = true;
            foreach (var candidate in early)
                to.AddIceCandidate(candidate);
        };
    }

    public static Task<RtcDataChannel> IncomingChannelAsync(this RtcPeerConnection connection)
    {
        var made = new TaskCompletionSource<RtcDataChannel>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.DataChannel += channel => made.TrySetResult(channel);
        return made.Task.WaitAsync(Patience);
    }

    public static Task OpenAsync(this RtcDataChannel channel)
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Opened += _ => opened.TrySetResult();
        channel.Closed += _ => opened.TrySetException(new InvalidOperationException("closed before it opened: " + channel.Connection.FailureReason));
        if (channel.ReadyState == RtcDataChannelState.Open)
            opened.TrySetResult();
        return opened.Task.WaitAsync(Patience);
    }

    public static Task ClosedAsync(this RtcDataChannel channel)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Closed += _ => closed.TrySetResult();
        if (channel.ReadyState == RtcDataChannelState.Closed)
            closed.TrySetResult();
        return closed.Task.WaitAsync(Patience);
    }

    public static Task StateAsync(this RtcPeerConnection connection, RtcPeerConnectionState state)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionStateChanged += now =>
        {
            if (now == state)
                reached.TrySetResult();
        };
        if (connection.ConnectionState == state)
            reached.TrySetResult();
        return reached.Task.WaitAsync(Patience);
    }

    /// <summary>Where a connection stands, for the text of a failure.</summary>
    public static string Describe(RtcPeerConnection connection)
    {
        var stats = connection.GetStats();
        var counters = connection.Transport.Agent.Counters;
        return $"malformed {counters.Malformed} integrity {counters.BadIntegrity} unknown {counters.Unknown} strangers {counters.DataFromStrangers} tuples {counters.TupleConflicts} "
            + $"roles {counters.RoleConflicts} sctp {connection.Channels.Association.State} {connection.Channels.Association.CloseReason} {connection.Channels.ChannelCount}\n"
            + $"{connection.SignalingState} {connection.ConnectionState} {connection.IceConnectionState} {connection.FailureReason} {stats.DtlsCipher} dropped {stats.DatagramsDropped}\n"
            + string.Join('\n', stats.CandidatePairs) + Sctp();

        string Sctp()
        {
            lock (connection.Gate)
            {
                var (association, now) = (connection.Channels.Association, connection.Host.NowUs);
                var s = association.Statistics;
                return $"\nsctp: in flight {association.InFlightBytes}, buffered {association.BufferedBytes}, round trip {association.RoundTripMicroseconds} us, next {association.NextDeadline - now} us, "
                    + $"packets {s.PacketsSent} and {s.PacketsReceived}, timeouts {s.Timeouts}, probes {s.TailProbes}, again {s.ChunksRetransmitted}, doubled {s.DuplicateChunks}, "
                    + $"abandoned {s.MessagesAbandoned}, dropped {s.Dropped} {s.ChunksDroppedFull}";
            }
        }
    }

    public static ChannelReader<(byte[] Bytes, bool IsText)> Inbox(this RtcDataChannel channel)
    {
        var inbox = System.Threading.Channels.Channel.CreateUnbounded<(byte[], bool)>();
        channel.Message += (_, message, isText) => inbox.Writer.TryWrite((message.ToArray(), isText));
        return inbox.Reader;
    }

    public static async Task<(byte[] Bytes, bool IsText)> NextAsync(this ChannelReader<(byte[] Bytes, bool IsText)> inbox)
    {
        using var patience = new CancellationTokenSource(Patience);
        return await inbox.ReadAsync(patience.Token);
    }
}
