using System.Buffers.Binary;
using System.Text;
using System.Threading.Channels;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>What is asked of every browser. A class for each browser calls it.</summary>
public abstract class BrowserTests
{
    private const int Messages = 300;

    private static readonly RtcDataChannelInit[] Kinds =
    [
        new(),
        new() { Ordered = false, Protocol = "p" },
        new() { MaxRetransmits = 0 },
        new() { Ordered = false, MaxRetransmits = 3 },
        new() { MaxPacketLifeTime = 500 },
        new() { Ordered = false, MaxPacketLifeTime = 1_000 },
        new() { Negotiated = true, Id = 100 },
        new() { Negotiated = true, Id = 101, Ordered = false, MaxRetransmits = 1 },
    ];

    private protected abstract Task<BrowserPeer> OpenPageAsync();

    private protected async Task OursOffersAsync()
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await OpenPageAsync();
        var channel = ours.CreateDataChannel("echo");
        var inbox = channel.Inbox();
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        await EchoAsync(channel, inbox);
    }

    private protected async Task TheyOfferAsync()
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await OpenPageAsync();
        var incoming = ours.IncomingChannelAsync();
        await page.RunAsync("() => { adopt(pc.createDataChannel('echo', { ordered: false, maxRetransmits: 3, protocol: 'p' })); }");
        await page.OfferToAsync(ours);
        var channel = await incoming;
        var inbox = channel.Inbox();
        Assert.Equal(("echo", "p", false, 3), (channel.Label, channel.Protocol, channel.Ordered, channel.MaxRetransmits));
        await channel.OpenAsync();
        await page.UntilAsync("channels.echo.channel.readyState === 'open'");
        await EchoAsync(channel, inbox);
    }

    /// <summary>Restarts from both sides, one upon the other, then the browser closes.</summary>
    private protected async Task RestartsThenTheyCloseAsync()
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await OpenPageAsync();
        var channel = ours.CreateDataChannel("echo");
        var inbox = channel.Inbox();
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        await page.OfferToAsync(ours, iceRestart: true);
        await EchoAsync(channel, inbox);
        await page.AnswerAsync(ours, new RtcOfferOptions { IceRestart = true });
        await EchoAsync(channel, inbox);
        var closed = channel.ClosedAsync();
        await page.RunAsync("() => pc.close()");
        await closed;
    }

    private protected async Task OursClosesAsync()
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await OpenPageAsync();
        var channel = ours.CreateDataChannel("echo");
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        await page.UntilAsync("channels.echo && channels.echo.channel.readyState === 'open'");
        ours.Close();
        await page.UntilAsync("channels.echo.closed");
        Assert.Equal(0, host.ConnectionCount);
    }

    /// <summary>Every kind of channel, made by ours and by the browser, closed by either.</summary>
    private protected async Task EveryKindAsync()
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await OpenPageAsync();
        var control = ours.CreateDataChannel("control");
        await page.AnswerAsync(ours);
        await control.OpenAsync();
        for (var i = 0; i < 2 * Kinds.Length; i++)
        {
            var init = Kinds[i / 2];
            var weMake = i % 2 == 0;
            var label = $"echo {i}";
            var incoming = ours.IncomingChannelAsync();
            var made = weMake || init.Negotiated ? ours.CreateDataChannel(label, init) : null;
            if (!weMake || init.Negotiated)
                await page.RunAsync("(label, init) => { adopt(pc.createDataChannel(label, init)); }", label, Dictionary(init));
            var channel = made ?? await incoming;
            var inbox = channel.Inbox();
            await channel.OpenAsync();
            await page.UntilAsync($"channels['{label}'] && channels['{label}'].channel.readyState === 'open'");
            var theirs = await page.GetAsync<Seen>(
                "label => { const { protocol, ordered, negotiated, maxRetransmits, maxPacketLifeTime } = channels[label].channel; return { protocol, ordered, negotiated, maxRetransmits, maxPacketLifeTime }; }", label);
            Assert.Equal(new Seen(init.Protocol, init.Ordered, init.Negotiated, init.MaxRetransmits, init.MaxPacketLifeTime), theirs);
            Assert.Equal(theirs, new Seen(channel.Protocol, channel.Ordered, channel.Negotiated, channel.MaxRetransmits, channel.MaxPacketLifeTime));
            channel.Send("text");
            Assert.True((await inbox.NextAsync()).IsText);
            channel.Send(new byte[10_000]);
            Assert.Equal(10_000, (await inbox.NextAsync()).Bytes.Length);
            var closed = channel.ClosedAsync();
            if (i / 2 % 2 == 0)
                channel.Close();
            else
                await page.RunAsync("label => channels[label].channel.close()", label);
            await closed;
            await page.UntilAsync($"channels['{label}'].closed");
        }
    }

    /// <summary>Datagrams of both directions are lost and swapped: channels hold to what they promise.</summary>
    private protected async Task LossAsync(int lossPercent)
    {
        using var host = NewHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await OpenPageAsync();
        var control = ours.CreateDataChannel("control");
        await page.AnswerAsync(ours);
        await control.OpenAsync();
        BadNetwork.Apply(host, lossPercent, 5, receivingToo: true);
        foreach (var (init, isReliable) in new[]
        {
            (new RtcDataChannelInit(), true), (new RtcDataChannelInit { Ordered = false }, true),
            (new RtcDataChannelInit { MaxRetransmits = 0 }, false), (new RtcDataChannelInit { Ordered = false, MaxPacketLifeTime = 5_000 }, false),
        })
        {
            var label = $"order {init.Ordered} {isReliable}";
            var channel = ours.CreateDataChannel(label, init);
            var inbox = channel.Inbox();
            await channel.OpenAsync();
            await page.UntilAsync($"channels['{label}'] && channels['{label}'].channel.readyState === 'open'");
            var message = new byte[900];
            for (var i = 0; i < Messages; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(message, i);
                channel.Send(message);
            }

            await page.RunAsync("(label, count) => { for (let i = 0; i < count; i++) { const m = new DataView(new ArrayBuffer(900)); m.setUint32(0, i); channels[label].channel.send(m.buffer); } }", label, Messages);
            var received = new List<int>();
            if (isReliable)
            {
                while (received.Count < Messages)
                    received.Add(BinaryPrimitives.ReadInt32BigEndian((await inbox.NextAsync()).Bytes));
                try
                {
                    await page.UntilAsync($"channels['{label}'].count >= {Messages}");
                }
                catch (Exception e)
                {
                    throw new TimeoutException(Peers.Describe(ours), e);
                }
            }

            else
            {
                // Chromium throws away what is still queued when the peer closes, and a bufferedAmount of 0 does not say that nothing is.
                await page.UntilAsync($"channels['{label}'].channel.bufferedAmount === 0");
                for (var known = -1; known != inbox.Count; await Task.Delay(1_000))
                    known = inbox.Count;
            }

            var closed = channel.ClosedAsync();
            channel.Close();
            await closed;
            await page.UntilAsync($"channels['{label}'].closed");
            while (inbox.TryRead(out var rest))
                received.Add(BinaryPrimitives.ReadInt32BigEndian(rest.Bytes));
            Judge(received, "to us");
            Judge(await page.GetAsync<List<int>>("label => channels[label].got", label), "to them");

            void Judge(List<int> numbers, string direction)
            {
                Assert.Equal(numbers.Count, numbers.Distinct().Count());
                if (init.Ordered)
                    Assert.Equal(numbers.Order(), numbers);
                Assert.True(isReliable ? numbers.Count == Messages : numbers.Count >= Messages / 2, $"{label}: {numbers.Count} of {Messages} {direction}");
            }
        }
    }

    private sealed record Seen(string protocol, bool ordered, bool negotiated, int? maxRetransmits, int? maxPacketLifeTime);

    // Where there is no network but loopback, browsers use that too (Firefox by a setting).
    private static RtcHost NewHost() => new();

    private static Dictionary<string, object> Dictionary(RtcDataChannelInit init)
    {
        var dictionary = new Dictionary<string, object> { ["ordered"] = init.Ordered, ["protocol"] = init.Protocol };
        if (init.MaxRetransmits is { } retransmits)
            dictionary["maxRetransmits"] = retransmits;
        if (init.MaxPacketLifeTime is { } time)
            dictionary["maxPacketLifeTime"] = time;
        if (init.Negotiated)
            (dictionary["negotiated"], dictionary["id"]) = (true, init.Id!.Value);
        return dictionary;
    }

    private static async Task EchoAsync(RtcDataChannel channel, ChannelReader<(byte[] Bytes, bool IsText)> inbox)
    {
        channel.Send("héllo");
        var (bytes, isText) = await inbox.NextAsync();
        Assert.Equal(("héllo", true), (Encoding.UTF8.GetString(bytes), isText));
        foreach (var size in new[] { 1, 1_000, 65_536, 262_144, 0 })
        {
            var message = new byte[size];
            new Random(size).NextBytes(message);
            channel.Send(message);
            (bytes, isText) = await inbox.NextAsync();
            Assert.False(isText);
            Assert.Equal(message, bytes);
        }
    }
}
