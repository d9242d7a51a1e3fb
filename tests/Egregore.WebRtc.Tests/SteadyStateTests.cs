using Xunit.Abstractions;

namespace Egregore.WebRtc.Tests;

/// <summary>Tests that count what the whole process allocates: nothing else may run beside them.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>Two hosts over loopback, in full flow through the public interface: what a message allocates, threads, sockets, DTLS and handlers included.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SteadyStateTests(ITestOutputHelper output)
{
    private const int Rounds = 6;
    private const long BufferedHigh = 1 << 20;

    /// <summary>Bytes in a round: what the test's own host allocates meanwhile on threads of its own, some kilobytes. An array of a pool that is empty once is more, so one round has to stay below.</summary>
    private const long AllocatedMax = 20_000;

    [Theory]
    [InlineData(64, 400_000, true)]
    [InlineData(1_024, 60_000, true)]
    [InlineData(1_024, 60_000, false)]
    [InlineData(65_536, 2_000, true)]
    public async Task A_message_allocates_nothing(int size, int count, bool reliable)
    {
        // Goes last: handlers use it until their host is gone.
        using var low = new AutoResetEvent(false);
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var incoming = b.IncomingChannelAsync();
        var channel = a.CreateDataChannel("flow", reliable ? null : new RtcDataChannelInit { Ordered = false, MaxRetransmits = 0 });
        Peers.Connect(a, b);
        var received = await incoming;
        await channel.OpenAsync();
        long arrived = 0;
        long bytes = 0;
        received.Message += (_, message, _) =>
        {
            bytes += message.Length;
            Volatile.Write(ref arrived, arrived + 1);
        };
        channel.BufferedAmountLowThreshold = BufferedHigh / 4;
        channel.BufferedAmountLow += _ => low.Set();
        var message = new byte[size];

        void Flow()
        {
            for (var sent = 0; sent < count;)
            {
                if (channel.BufferedAmount < BufferedHigh)
                {
                    // Assert.Equal itself allocates 200 bytes.
                    if (channel.TrySend(message) != RtcSendResult.Queued)
                        Assert.Fail("not queued");
                    sent++;
                }
                else
                {
                    Assert.True(low.WaitOne(Peers.Patience));
                }
            }
        }

        Flow();
        var least = long.MaxValue;
        for (var round = 0; round < Rounds && least > AllocatedMax; round++)
        {
            var arrivedBefore = Volatile.Read(ref arrived);
            var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
            Flow();
            var allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
            var messages = Volatile.Read(ref arrived) - arrivedBefore;
            output.WriteLine($"{size} bytes: {messages} messages arrived, {allocated} bytes allocated, {(double)allocated / count:0.###} for a message");
            Assert.True(messages > count / 10, $"{messages} of {count}");
            least = Math.Min(least, allocated);
        }

        Assert.Equal(size * Volatile.Read(ref arrived), Volatile.Read(ref bytes));
        Assert.True(least <= AllocatedMax, $"{least} bytes for {count} messages");
    }
}
