using System.Text;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Against a real Chromium, in both roles.</summary>
public sealed class ChromiumTests(ChromiumFixture chromium) : IClassFixture<ChromiumFixture>
{
    [ChromiumFact]
    public async Task Ours_offers_and_chromium_echoes()
    {
        using var host = new RtcHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await chromium.OpenAsync();
        var channel = ours.CreateDataChannel("echo");
        var inbox = channel.Inbox();
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        await EchoAsync(channel, inbox);
    }

    [ChromiumFact]
    public async Task Chromium_offers_and_ours_answers()
    {
        using var host = new RtcHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await chromium.OpenAsync();
        var incoming = ours.IncomingChannelAsync();
        await page.Page.EvaluateAsync("adopt(pc.createDataChannel('echo', { ordered: false, maxRetransmits: 3, protocol: 'p' })) && 0");
        await page.OfferToAsync(ours);
        var channel = await incoming;
        var inbox = channel.Inbox();
        Assert.Equal(("echo", "p", false, 3), (channel.Label, channel.Protocol, channel.Ordered, channel.MaxRetransmits));
        await channel.OpenAsync();
        await page.UntilAsync("channels.echo.channel.readyState === 'open'");
        await EchoAsync(channel, inbox);
    }

    [ChromiumFact]
    public async Task Ice_restarts_from_both_sides_then_chromium_closes()
    {
        using var host = new RtcHost();
        using var ours = new RtcPeerConnection(host: host);
        await using var page = await chromium.OpenAsync();
        var channel = ours.CreateDataChannel("echo");
        var inbox = channel.Inbox();
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        await page.OfferToAsync(ours, iceRestart: true);
        await EchoAsync(channel, inbox);
        await page.AnswerAsync(ours, new RtcOfferOptions { IceRestart = true });
        await EchoAsync(channel, inbox);
        var closed = channel.ClosedAsync();
        await page.Page.EvaluateAsync("pc.close()");
        await closed;
    }

    private static async Task EchoAsync(RtcDataChannel channel, System.Threading.Channels.ChannelReader<(byte[] Bytes, bool IsText)> inbox)
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
