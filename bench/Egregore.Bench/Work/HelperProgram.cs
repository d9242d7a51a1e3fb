using System.Buffers.Text;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using Egregore.Wire;

namespace Egregore.Bench.Work;

/// <summary>The helpers of <c>work.*</c>, in a process of their own: they log in, park, and answer each task at once with nothing, as the empty kernel would.</summary>
public static class HelperProgram
{
    private const int LoginsAtOnce = 16;

    /// <summary>Connects so many helpers, says "ready", and answers until its standard input ends.</summary>
    /// <param name="url">The server.</param>
    /// <param name="count">Helpers.</param>
    /// <param name="slots">Tasks that each takes at one time.</param>
    /// <param name="fuel">What a run of the empty kernel uses.</param>
    public static async Task RunAsync(Uri url, int count, int slots, ulong fuel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = LoginsAtOnce }) { BaseAddress = url };
        using var gate = new SemaphoreSlim(LoginsAtOnce);
        var helpers = new Task<ClientWebSocket>[count];
        for (int i = 0; i < count; i++) helpers[i] = JoinAsync(http, url, slots, gate);
        ClientWebSocket[] sockets = await Task.WhenAll(helpers).ConfigureAwait(false);
        Task[] running = [.. sockets.Select(socket => Task.Run(() => AnswerAsync(socket, fuel)))];
        await Console.Out.WriteLineAsync("ready").ConfigureAwait(false);
        await Console.In.ReadToEndAsync().ConfigureAwait(false);
        foreach (ClientWebSocket socket in sockets) socket.Abort();
        await Task.WhenAll(running).ConfigureAwait(false);
        foreach (ClientWebSocket socket in sockets) socket.Dispose();
    }

    private static async Task<ClientWebSocket> JoinAsync(HttpClient http, Uri url, int slots, SemaphoreSlim gate)
    {
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            using var key = EcdsaP256.Create();
            string publicKey = Base64Url.EncodeToString(key.PublicKey.Span);
            string challenge = await PostAsync(http, "api/session/challenge", new { publicKey }, "challenge").ConfigureAwait(false);
            string signature = Base64Url.EncodeToString(key.Sign(Base64Url.DecodeFromChars(challenge)));
            string ticket = await PostAsync(http, "api/session/ticket", new { publicKey, challenge, signature }, "ticket").ConfigureAwait(false);
            var socket = new ClientWebSocket();
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            await socket.ConnectAsync(new UriBuilder(url) { Scheme = "ws", Path = "/work" }.Uri, CancellationToken.None).ConfigureAwait(false);
            await SendAsync(socket, Kind.HelperHello, new HelperHello { Ticket = ticket, Protocol = 1, Slots = (byte)Math.Min(64, slots), Name = "bench" }.ToArray()).ConfigureAwait(false);
            await SendAsync(socket, Kind.WorkPark, new WorkPark { Slots = (ushort)slots }.ToArray()).ConfigureAwait(false);
            return socket;
        }
        finally
        {
            gate.Release();
        }
    }

    private static async Task<string> PostAsync(HttpClient http, string path, object body, string field)
    {
        using HttpResponseMessage reply = await http.PostAsJsonAsync(path, body).ConfigureAwait(false);
        reply.EnsureSuccessStatusCode();
        using JsonDocument json = JsonDocument.Parse(await reply.Content.ReadAsStringAsync().ConfigureAwait(false));
        return json.RootElement.GetProperty(field).GetString()!;
    }

    private static async Task AnswerAsync(ClientWebSocket socket, ulong fuel)
    {
        byte[] received = new byte[64 * 1024];
        byte[] result = new byte[256];
        byte[] sending = new byte[512];
        ReadOnlyMemory<byte> nothing = SHA256.HashData([]);
        try
        {
            int length = 0;
            while (true)
            {
                ValueWebSocketReceiveResult part = await socket.ReceiveAsync(received.AsMemory(length), CancellationToken.None).ConfigureAwait(false);
                if (part.MessageType == WebSocketMessageType.Close) return;
                length += part.Count;
                if (!part.EndOfMessage) continue;
                int answer = Answer(received.AsSpan(0, length), nothing, fuel, result, sending);
                length = 0;
                if (answer > 0) await socket.SendAsync(sending.AsMemory(0, answer), WebSocketMessageType.Binary, true, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private static int Answer(ReadOnlySpan<byte> message, ReadOnlyMemory<byte> hash, ulong fuel, byte[] result, byte[] sending)
    {
        if (EnvelopeCodec.TryRead(message, out EnvelopeView envelope) != VerifyError.None || envelope.Header.Kind != Kind.WorkAssign) return 0;
        if (WorkAssignView.TryRead(envelope.Payload, out WorkAssignView assign) != VerifyError.None) return 0;
        int written = new WorkResult { Lease = assign.Lease, Hash = hash, Fuel = fuel, RunUs = 1, Park = 1 }.Write(result);
        return EnvelopeCodec.Write(sending, Kind.WorkResult, 0, result.AsSpan(0, written));
    }

    private static Task SendAsync(ClientWebSocket socket, Kind kind, byte[] payload)
    {
        byte[] bytes = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        return socket.SendAsync(bytes.AsMemory(0, EnvelopeCodec.Write(bytes, kind, 0, payload)), WebSocketMessageType.Binary, true, CancellationToken.None).AsTask();
    }
}
