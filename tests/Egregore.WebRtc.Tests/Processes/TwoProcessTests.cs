using System.Diagnostics;
using System.Net;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Tests.Interop;

namespace Egregore.WebRtc.Tests.Processes;

/// <summary>Ends that have nothing in common but the network: how one's leaving is noticed by the other.</summary>
public sealed class TwoProcessTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_the_other_process_closes_is_closed_at_once(bool weOffer)
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        var (channel, other) = await OpenAsync(ours, weOffer);
        using (other)
        {
            var closed = channel.ClosedAsync();
            var state = ours.StateAsync(RtcPeerConnectionState.Closed);
            channel.Send("end");
            await closed;
            await state;
            Assert.Equal(0, host.ConnectionCount);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_we_close_is_closed_in_the_other_process_at_once(bool weOffer)
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        var (_, other) = await OpenAsync(ours, weOffer);
        using (other)
        {
            ours.Close();
            await other.UntilAsync("state Closed");
        }
    }

    /// <summary>
    /// Nobody says anything any more: RFC 7675 ends the connection. The times of the specification divided by ten; with its own, <c>IceAgentTests</c> runs the
    /// agent in virtual time.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_process_that_is_killed_is_noticed_by_the_end_of_consent(bool weOffer)
    {
        var ice = new IceSettings { ConsentIntervalUs = 500_000, ConsentTimeoutUs = 3_000_000, DisconnectedAfterUs = 750_000 };
        await KillAsync(weOffer, ice);
    }

    private static async Task KillAsync(bool weOffer, IceSettings ice)
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(new RtcConfiguration { Ice = ice }, host);
        var (channel, other) = await OpenAsync(ours, weOffer);
        using (other)
        {
            var disconnected = Reached(RtcPeerConnectionState.Disconnected);
            var failed = Reached(RtcPeerConnectionState.Failed);
            other.Kill();
            var since = Stopwatch.GetTimestamp();
            await disconnected;
            var silent = Stopwatch.GetElapsedTime(since);
            await failed;
            var gone = Stopwatch.GetElapsedTime(since);
            var slack = TimeSpan.FromSeconds(3);
            // The latest answer came up to an interval (times 1.2) before the end of the process.
            Assert.InRange(silent, Us(ice.DisconnectedAfterUs - (ice.ConsentIntervalUs * 12 / 10)) - slack, Us(ice.DisconnectedAfterUs) + slack);
            Assert.InRange(gone, Us(ice.ConsentTimeoutUs - (ice.ConsentIntervalUs * 12 / 10)) - slack, Us(ice.ConsentTimeoutUs) + slack);
            Assert.Equal(RtcDataChannelState.Open, channel.ReadyState);
        }

        Task Reached(RtcPeerConnectionState state)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ours.ConnectionStateChanged += now =>
            {
                if (now == state)
                    reached.TrySetResult();
            };
            return reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        }

        static TimeSpan Us(long us) => TimeSpan.FromMicroseconds(us);
    }

    private static async Task<(RtcDataChannel Channel, ProcessPeer Other)> OpenAsync(RtcPeerConnection ours, bool weOffer)
    {
        var incoming = ours.IncomingChannelAsync();
        var channel = weOffer ? ours.CreateDataChannel("echo") : null;
        var other = ProcessPeer.OfOurs(ours, weOffer ? "answer" : "offer");
        if (weOffer)
            other.Offer();
        channel ??= await incoming;
        var inbox = channel.Inbox();
        await channel.OpenAsync();
        await other.UntilAsync("open echo");
        channel.Send([1]);
        Assert.Equal([1], (await inbox.NextAsync()).Bytes);
        return (channel, other);
    }

    private static RtcHost NewHost() => new(new RtcHostOptions { Addresses = [IPAddress.Loopback] });
}
