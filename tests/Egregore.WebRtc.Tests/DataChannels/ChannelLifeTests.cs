using System.Text;
using Egregore.WebRtc.DataChannels;
using Egregore.WebRtc.Sctp;
using Egregore.WebRtc.Tests.Sctp;

namespace Egregore.WebRtc.Tests.DataChannels;

/// <summary>
/// What the soak does with its short connections, in virtual time: channels of every kind are opened, used and closed by either side over a bad network, and nobody gives up on a
/// peer that lives. With a pace that stood still after a small first round, one in a hundred was aborted here after 45 s.
/// </summary>
public sealed class ChannelLifeTests
{
    private const long StepUs = 1_000;
    private const long PatienceUs = 30_000_000;
    private const int Seeds = 100;
    private static readonly int[] Sizes = [0, 1, 1_000, 20_000, 262_144];

    private static readonly DataChannelInit[] Kinds =
    [
        new(), new() { Ordered = false }, new() { MaxRetransmits = 0 }, new() { Ordered = false, MaxRetransmits = 2 },
        new() { MaxPacketLifeTimeMs = 50 }, new() { Ordered = false, MaxPacketLifeTimeMs = 200 },
    ];

    [Theory]
    [InlineData(100, 0.01)]
    [InlineData(10_000, 0.01)]
    [InlineData(10_000, 0.05)]
    public void Short_connections_live_and_end_in_order(long delay, double loss)
    {
        for (int seed = 1; seed <= Seeds; seed++)
        {
            string? fault = new Life(seed, new LinkConditions { Delay = delay, Loss = loss, Reorder = loss, ReorderDelay = 4 * delay }).Run();
            Assert.True(fault is null, $"seed {seed}: {fault}");
        }
    }

    private sealed class Life
    {
        private readonly SctpNetwork network;
        private readonly DataChannelEnd opener;
        private readonly DataChannelEnd echo;
        private readonly int seed;
        private readonly List<string> toClose = [];
        private int echoed;

        public Life(int seed, LinkConditions conditions)
        {
            this.seed = seed;
            (network, echo, opener) = DataChannelEnd.Connect(seed, conditions);
        }

        public string? Run()
        {
            DataChannel control = opener.Transport.CreateChannel(new DataChannelInit { Label = "control" });
            opener.Flush();
            for (int cycle = 0; cycle < 2; cycle++)
            {
                if (!Cycle(control, (seed * 5) + (cycle * 31) + cycle)) return Describe(cycle);
            }
            return null;
        }

        private bool Cycle(DataChannel control, int number)
        {
            DataChannelInit init = Kinds[number % Kinds.Length] with { Label = $"channel {number}" };
            bool isReliable = init is { MaxRetransmits: null, MaxPacketLifeTimeMs: null };
            DataChannel channel = opener.Transport.CreateChannel(init);
            opener.Flush();
            int[] sizes = isReliable ? Sizes : Sizes[..^1];
            foreach (int size in sizes) Assert.Equal(DataChannelSendResult.Queued, opener.Send(channel, new byte[size]));
            bool isEchoed = Wait(() => opener.Messages.Count(message => message.Channel == channel) == sizes.Length, isReliable ? PatienceUs : 500_000);
            if (isReliable && !isEchoed) return false;
            if (number / Kinds.Length % 2 == 0) channel.Close();
            else opener.Send(control, Encoding.UTF8.GetBytes(init.Label));
            opener.Flush();
            return Wait(() => channel.State == DataChannelState.Closed, PatienceUs) && opener.Disconnected is null && echo.Disconnected is null;
        }

        private bool Wait(Func<bool> until, long patience)
        {
            for (long stop = network.Now + patience; !until() && network.Now < stop;)
            {
                network.RunFor(StepUs);
                for (; echoed < echo.Messages.Count; echoed++)
                {
                    (DataChannel channel, byte[] bytes, _) = echo.Messages[echoed];
                    if (channel.Label != "control") echo.Send(channel, bytes);
                    else toClose.Add(Encoding.UTF8.GetString(bytes));
                }
                // The wish to close a channel may overtake the channel's own announcement, which is on another stream.
                toClose.RemoveAll(label =>
                {
                    DataChannel? named = echo.Incoming.Find(other => other.Label == label);
                    named?.Close();
                    return named is not null;
                });
                echo.Flush();
            }
            return until();
        }

        private string Describe(int cycle) => $"cycle {cycle} at {network.Now / 1e6:0.0} s: {One(opener)}; {One(echo)}";

        private static string One(DataChannelEnd end) =>
            $"{end.Transport.Association.State} {end.Transport.Association.CloseReason} {end.Transport.Association.Statistics.Timeouts} timeouts, {end.Transport.Association.Statistics.ChunksInvalid} invalid, {end.Messages.Count} messages";
    }
}
