using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Egregore.Server.Tests.Support;
using Egregore.Wire;

namespace Egregore.Server.Tests;

public sealed class HostileInputTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Random_truncated_and_altered_envelopes_are_refused_and_harm_nobody(bool pipes)
    {
        await using var server = await TestServer.StartAsync(o => o with { MessagesPerSecond = 100_000, OffencesMax = 1_000_000, BytesPerSecond = 100_000_000 }, pipes: pipes);
        await using var good = await TestClient.JoinAsync(server);
        await using var bad = await TestClient.JoinAsync(server);
        var random = new Random(7);
        var action = new ActionRequest { Request = 1, Reducer = "set-mark", Arguments = new SetMark { Id = 1, Text = "x" }.ToArray() }.ToArray();
        var envelope = new byte[EnvelopeCodec.SizeMax(action.Length)];
        envelope = envelope[..EnvelopeCodec.Write(envelope, Kind.Subscribe, 1, action)];
        for (var i = 0; i < 3000; i++)
        {
            var bytes = (i % 3) switch
            {
                0 => RandomBytes(random, random.Next(200)),
                1 => envelope[..random.Next(envelope.Length)],
                _ => Altered(random, envelope),
            };
            await bad.SendRawAsync(bytes);
            if (i % 500 == 499)
                await bad.PingAsync((uint)i);
        }

        await good.ActAsync(1, "set-mark", new SetMark { Id = 1, Text = "fine" }.ToArray());
        Assert.Equal(RefusalCode.None, (await good.ReceiveAsync(Kind.ActionResult)).As<ActionResult>().Code);
    }

    [Fact]
    public async Task Each_kind_with_a_payload_that_is_none_is_refused_with_a_reason()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        foreach (var kind in Enum.GetValues<Kind>().Where(kind => kind is not (Kind.Checkpoint or Kind.Action)))
        {
            // Refusals are thinned to ten a second, so the clock steps between two.
            server.Time.Advance(TimeSpan.FromMilliseconds(200));
            await client.SendAsync(kind, [9, 9, 9]);
            var refusal = (await client.ReceiveAsync(Kind.Refusal)).As<Refusal>();
            Assert.NotEqual(RefusalCode.None, refusal.Code);
            Assert.NotEqual("", refusal.Text);
        }

        await client.PingAsync(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_over_the_bound_ends_the_connection_with_a_reason(bool pipes)
    {
        await using var server = await TestServer.StartAsync(pipes: pipes);
        await using var client = await TestClient.JoinAsync(server);
        await client.SendRawAsync(new byte[65_537]);
        Assert.Equal(RefusalCode.TooLarge, (await client.ReceiveUntilClosedAsync()).Code);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);

        await using var inParts = await TestClient.JoinAsync(server);
        await inParts.SendRawAsync(new byte[40_000], final: false);
        await inParts.SendRawAsync(new byte[40_000]);
        Assert.Equal(RefusalCode.TooLarge, (await inParts.ReceiveUntilClosedAsync()).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_in_fragments_is_one_message(bool pipes)
    {
        await using var server = await TestServer.StartAsync(pipes: pipes);
        await using var client = await TestClient.JoinAsync(server);
        var ping = new Ping { Id = 5, Sent = 1 }.ToArray();
        var bytes = new byte[EnvelopeCodec.SizeMax(ping.Length)];
        var length = EnvelopeCodec.Write(bytes, Kind.Ping, 1, ping);
        for (var i = 0; i < length - 1; i++)
            await client.SendRawAsync(bytes.AsMemory(i, 1), final: false);
        await client.SendRawAsync(bytes.AsMemory(length - 1, 1));
        Assert.Equal(5u, (await client.ReceiveAsync(Kind.Pong)).As<Pong>().Id);
    }

    [Fact]
    public async Task A_batch_is_its_messages_and_a_batch_in_a_batch_is_none()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        var ping = Envelope(Kind.Ping, new Ping { Id = 8, Sent = 1 }.ToArray());
        await client.SendAsync(Kind.Batch, Batch(ping, ping));
        await client.ReceiveAsync(Kind.Pong);
        await client.ReceiveAsync(Kind.Pong);
        await client.SendAsync(Kind.Batch, Batch(Envelope(Kind.Batch, Batch(ping))));
        Assert.Equal(RefusalCode.Malformed, (await client.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
    }

    [Fact]
    public async Task Text_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        await client.SendRawAsync("{}"u8.ToArray(), WebSocketMessageType.Text);
        Assert.Equal(RefusalCode.Malformed, (await client.ReceiveUntilClosedAsync()).Code);
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, client.CloseStatus);
    }

    [Theory]
    [InlineData("8205616263")]
    [InlineData("C28500000000")]
    [InlineData("8385000000000000000000")]
    [InlineData("897E00FF00000000")]
    [InlineData("82FFFFFFFFFFFFFFFFFF00000000")]
    [InlineData("808000000000")]
    public async Task What_is_no_frame_of_a_client_ends_the_connection(string hex)
    {
        await using var server = await TestServer.StartAsync();
        await using var good = await TestClient.JoinAsync(server);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Server.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: {server.Server.Address.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var answer = new StringBuilder();
        var buffer = new byte[1024];
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            answer.Append(Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        Assert.StartsWith("HTTP/1.1 101", answer.ToString(), StringComparison.Ordinal);
        // The example of RFC 6455, section 1.3.
        Assert.Contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", answer.ToString(), StringComparison.Ordinal);
        await stream.WriteAsync(Convert.FromHexString(hex));
        socket.Client.Shutdown(SocketShutdown.Send);
        while (await stream.ReadAsync(buffer) > 0)
        {
        }

        await good.PingAsync(1);
    }

    [Fact]
    public async Task A_time_ahead_of_truths_clock_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        var ahead = (ulong)(server.Time.GetUtcNow().ToUnixTimeMilliseconds() + 60_000) << 16;
        await client.SendAsync(Kind.Ping, new Ping { Id = 1 }, time: ahead);
        Assert.Equal(RefusalCode.BadTime, (await client.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
        await client.PingAsync(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flood_is_refused_and_cut_off_while_others_go_on(bool pipes)
    {
        await using var server = await TestServer.StartAsync(pipes: pipes);
        await using var good = await TestClient.JoinAsync(server);
        await using var flood = await TestClient.JoinAsync(server);
        var closed = flood.ReceiveUntilClosedAsync();
        var ping = Envelope(Kind.Ping, new Ping { Id = 1 }.ToArray());
        try
        {
            for (var i = 0; i < 100_000 && !closed.IsCompleted; i++)
                await flood.SendRawAsync(ping);
        }
        catch (WebSocketException)
        {
            // Cut off in the middle of a send.
        }

        Assert.Equal(RefusalCode.RateLimited, (await closed).Code);
        await good.PingAsync(9);
        await good.ActAsync(1, "set-mark", new SetMark { Id = 1, Text = "fine" }.ToArray());
        Assert.Equal(RefusalCode.None, (await good.ReceiveAsync(Kind.ActionResult)).As<ActionResult>().Code);
    }

    [Fact]
    public async Task Actions_have_a_rate_of_their_own()
    {
        await using var server = await TestServer.StartAsync(o => o with { ActionsPerSecond = 2 });
        await using var client = await TestClient.JoinAsync(server);
        for (var request = 1u; request <= 20; request++)
            await client.ActAsync(request, "set-mark", new SetMark { Id = request, Text = "x" }.ToArray());
        Assert.Equal(RefusalCode.RateLimited, (await client.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
        await client.PingAsync(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_does_not_read_is_cut_off_and_the_one_who_sent_goes_on(bool pipes)
    {
        await using var server = await TestServer.StartAsync(o => o with
        {
            Authority = Authority.Hybrid,
            SendQueueBytesMax = 65_536,
            MessagesPerSecond = 100_000,
            BytesPerSecond = 100_000_000,
        }, pipes: pipes);
        await using var slow = await TestClient.JoinAsync(server);
        await using var sender = await TestClient.JoinAsync(server);
        var gossip = new byte[30_000];
        // Thirty megabytes: more than the queue and the kernel's buffers take, and below what the sender may send in a second.
        for (var i = 0; i < 1_000; i++)
            await sender.SendAsync(Kind.Gossip, gossip, slow.Key.Id);
        await server.WaitAsync(report => report.Sessions.Any(session => session.Peer == slow.Key.Id.ToString() && !session.Connected));
        await sender.PingAsync(uint.MaxValue);
    }

    private static byte[] RandomBytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Altered(Random random, byte[] envelope)
    {
        var bytes = envelope.ToArray();
        for (var i = 0; i < 3; i++)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    private static byte[] Envelope(Kind kind, byte[] payload)
    {
        var bytes = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        return bytes[..EnvelopeCodec.Write(bytes, kind, 1, payload)];
    }

    private static byte[] Batch(params byte[][] envelopes)
    {
        var bytes = new byte[4096];
        var writer = new BatchWriter(bytes);
        foreach (var envelope in envelopes)
            Assert.True(writer.TryAdd(envelope));
        return bytes[..writer.Length];
    }
}
