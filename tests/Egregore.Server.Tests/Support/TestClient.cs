using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Buffers.Text;
using Egregore.Wire;

namespace Egregore.Server.Tests.Support;

/// <summary>A message as it came.</summary>
internal sealed record Received(Kind Kind, uint Sequence, byte[] Payload, PeerId Sender, PeerId Target, int WireBytes)
{
    public T As<T>()
        where T : class, IFlatTable<T>
    {
        Assert.Equal(VerifyError.None, T.TryRead(Payload, TestClient.Limits, out var value));
        return value!;
    }
}

/// <summary>A player over a real socket. Waits end with the test's patience, which only a failing test uses up.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    /// <summary>A task with its shared block may be larger than what clients say.</summary>
    private const int MessageBytesMax = 2 << 20;

    public static readonly VerifyLimits Limits = VerifyLimits.OfSize(MessageBytesMax);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[MessageBytesMax];
    private uint _sequence;

    public TestClient(TestKey? key = null) => Key = key ?? new TestKey();

    public TestKey Key { get; }

    public Welcome Welcome { get; private set; } = new();

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    /// <summary>Everything a healthy client does: ticket, socket, hello, welcome.</summary>
    public static async Task<TestClient> JoinAsync(TestServer server, TestKey? key = null, ulong session = 0, string name = "", ulong lastTransaction = 0)
    {
        var client = new TestClient(key);
        await client.ConnectAsync(server);
        await client.SendAsync(Kind.Hello, new Hello { Ticket = await client.TicketAsync(server), Protocol = 1, Session = session, Name = name, LastTransaction = lastTransaction });
        client.Welcome = (await client.ReceiveAsync(Kind.Welcome)).As<Welcome>();
        return client;
    }

    public async Task<string> TicketAsync(TestServer server)
    {
        var challenge = await ChallengeAsync(server);
        using var response = await TicketAsync(server, challenge, Key.Sign(Base64Url.DecodeFromChars(challenge)));
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<Api.TicketResponse>())!.Ticket;
    }

    public async Task<string> ChallengeAsync(TestServer server)
    {
        using var response = await server.Http.PostAsJsonAsync("/api/session/challenge", new { publicKey = Base64Url.EncodeToString(Key.PublicKey) });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<Api.ChallengeResponse>())!.Challenge;
    }

    public Task<HttpResponseMessage> TicketAsync(TestServer server, string challenge, byte[] signature) => server.Http.PostAsJsonAsync(
        "/api/session/ticket", new { publicKey = Base64Url.EncodeToString(Key.PublicKey), challenge, signature = Base64Url.EncodeToString(signature) });

    public Task ConnectAsync(TestServer server, string? origin = null, string path = "/ws")
    {
        if (origin is not null)
            _socket.Options.SetRequestHeader("Origin", origin);
        return _socket.ConnectAsync(new Uri(server.Socket, path), CancellationToken.None).WaitAsync(Patience);
    }

    public Task SendAsync<T>(Kind kind, T value, PeerId target = default, PeerId sender = default, ulong time = 0)
        where T : class, IFlatTable<T> => SendAsync(kind, value.ToArray(), target, sender, time);

    public Task SendAsync(Kind kind, byte[] payload, PeerId target = default, PeerId sender = default, ulong time = 0, uint sequence = 0)
    {
        var bytes = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        var length = EnvelopeCodec.Write(bytes, kind, sequence == 0 ? ++_sequence : sequence, payload, sender: sender, target: target, time: time);
        return SendRawAsync(bytes.AsMemory(0, length));
    }

    public Task SendRawAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type = WebSocketMessageType.Binary, bool final = true) =>
        _socket.SendAsync(message, type, final, CancellationToken.None).AsTask().WaitAsync(Patience);

    public Task ActAsync(uint request, string reducer, byte[] arguments) =>
        SendAsync(Kind.Action, new ActionRequest { Request = request, Reducer = reducer, Arguments = arguments });

    /// <summary>The next message, or null when the server closed.</summary>
    public async Task<Received?> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult result;
            try
            {
                result = await _socket.ReceiveAsync(_buffer.AsMemory(length), patience.Token);
            }
            catch (WebSocketException)
            {
                return null;
            }

            if (result.MessageType == WebSocketMessageType.Close)
                return null;
            length += result.Count;
            if (!result.EndOfMessage)
                continue;
            Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(_buffer.AsSpan(0, length), Limits, out var envelope));
            return new Received(
                envelope.Header.Kind, envelope.Header.Sequence, envelope.Payload.ToArray(), envelope.Sender, envelope.Target, length + (length <= 125 ? 2 : length <= 65_535 ? 4 : 10));
        }
    }

    /// <summary>The next message of a kind (and for which a condition holds); others before it are passed over.</summary>
    public async Task<Received> ReceiveAsync(Kind kind, Func<Received, bool>? that = null)
    {
        while (true)
        {
            var received = await ReceiveAsync() ?? throw new InvalidOperationException($"closed ({_socket.CloseStatus} {_socket.CloseStatusDescription}) while waiting for {kind}");
            if (received.Kind == kind && (that is null || that(received)))
                return received;
        }
    }

    /// <summary>Reads until the server closes; gives the last refusal before that.</summary>
    public async Task<Refusal> ReceiveUntilClosedAsync()
    {
        var refusal = new Refusal();
        while (await ReceiveAsync() is { } received)
        {
            if (received.Kind == Kind.Refusal)
                refusal = received.As<Refusal>();
        }

        return refusal;
    }

    /// <summary>A ping and its pong: whatever was sent before has been taken by then.</summary>
    public async Task PingAsync(uint id, Action<Received>? before = null)
    {
        await SendAsync(Kind.Ping, new Ping { Id = id, Sent = 7 });
        while (await ReceiveAsync() is { } received && (received.Kind != Kind.Pong || received.As<Pong>().Id != id))
            before?.Invoke(received);
    }

    public void Abort() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            try
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(Patience);
            }
            catch (WebSocketException)
            {
                // Closed from the other side meanwhile.
            }
        }

        _socket.Dispose();
    }
}
