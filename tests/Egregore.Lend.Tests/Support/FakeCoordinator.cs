using System.Buffers.Text;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Egregore.Wire;
using Egregore.Work;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Egregore.Lend.Tests;

/// <summary>A coordinator that does what a test says, over the real wire: Kestrel on loopback, login with real signatures, kernels by their hash, and one socket at a time.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly WebApplication _app;
    private readonly Channel<(Kind Kind, byte[] Payload)> _received = Channel.CreateUnbounded<(Kind, byte[])>();
    private readonly Channel<WebSocket> _sockets = Channel.CreateUnbounded<WebSocket>();
    private readonly SemaphoreSlim _sending = new(1);
    private WebSocket? _socket;
    private uint _sequence;

    private FakeCoordinator(WebApplication app) => _app = app;

    public EcdsaP256 Key { get; } = EcdsaP256.Create();

    public Dictionary<string, byte[]> Kernels { get; } = new() { [ProbeKernel.Hash.ToString()] = ProbeKernel.Module };

    public int KernelRequests { get; private set; }

    /// <summary>Answers logins with 503 while it is set.</summary>
    public bool Away { get; set; }

    public HelperWelcome Welcome { get; set; } = new() { CreditsMax = 8, TaskBytesMax = 1 << 20, OutputBytesMax = 1 << 20 };

    public HelperHello Hello { get; private set; } = new() { Ticket = "" };

    public PeerId Helper { get; private set; }

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<FakeCoordinator> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var coordinator = new FakeCoordinator(app);
        app.UseWebSockets();
        app.MapPost("/api/session/challenge", (ChallengeBody body) => coordinator.Away ? Results.StatusCode(503) : Results.Json(new { challenge = Base64Url.EncodeToString("egregore ticket 1\nnonce"u8) }));
        app.MapPost("/api/session/ticket", (TicketBody body) => coordinator.Ticket(body));
        app.MapGet("/kernels/{file}", (string file) => coordinator.Kernel(file));
        app.Map("/work", coordinator.WorkAsync);
        await app.StartAsync();
        return coordinator;
    }

    /// <summary>Waits for a helper's hello and welcomes it.</summary>
    public async Task<HelperHello> WelcomeAsync()
    {
        _socket = await _sockets.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Hello = await ExpectAsync<HelperHello>(Kind.HelperHello);
        await SendAsync(Kind.HelperWelcome, Welcome with { Peer = Helper, PublicKey = Key.PublicKey });
        return Hello;
    }

    /// <summary>Waits for a helper's hello and refuses it.</summary>
    public async Task RefuseAsync(RefusalCode code, string text)
    {
        _socket = await _sockets.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Hello = await ExpectAsync<HelperHello>(Kind.HelperHello);
        await SendAsync(Kind.Refusal, new Refusal { Code = code, Text = text });
    }

    /// <summary>The next message of a kind; pings are answered and other kinds passed over.</summary>
    public async Task<T> ExpectAsync<T>(Kind kind)
        where T : class, IFlatTable<T>
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var (got, payload) = await _received.Reader.ReadAsync(limit.Token);
            if (got == kind)
            {
                Assert.Equal(VerifyError.None, T.TryRead(payload, VerifyLimits.OfSize(8 << 20), out var value));
                return value!;
            }
        }
    }

    /// <summary>Waits for the helper's goodbye.</summary>
    public async Task ClosedAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while ((await _received.Reader.ReadAsync(limit.Token)).Kind != Kind.None)
        {
            // What it said before.
        }
    }

    /// <summary>The next answer to a task: a result, or a failure with its code.</summary>
    public async Task<(Kind Kind, WorkFault Code)> NextAnswerAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var (kind, payload) = await _received.Reader.ReadAsync(limit.Token);
            if (kind == Kind.WorkResult)
                return (kind, WorkFault.None);
            if (kind == Kind.WorkFailure && WorkFailure.TryRead(payload, out var failure) == VerifyError.None)
                return (kind, failure!.Code);
        }
    }

    /// <summary>Waits until at least so many slots are parked that were not used yet.</summary>
    public async Task ParkedAsync(int slots)
    {
        for (var parked = 0; parked < slots;)
            parked += (await ExpectAsync<WorkPark>(Kind.WorkPark)).Slots;
    }

    public Task AssignAsync(ulong lease, byte[] input, uint runMs = 60_000, ulong fuel = 1_000_000_000, uint outputMax = 65_536) =>
        SendAsync(Kind.WorkAssign, new WorkAssign { Lease = lease, Kernel = ProbeKernel.Hash.ToArray(), Input = input, RunMs = runMs, Fuel = fuel, OutputMax = outputMax });

    /// <summary>A receipt with truth's signature.</summary>
    public WorkReceipt Receipt(ulong lease, WorkVerdict verdict, ulong fuel, long credits, EcdsaP256? signedBy = null)
    {
        var receipt = new WorkReceipt { Lease = lease, Kernel = ProbeKernel.Hash.ToArray(), Verdict = verdict, Fuel = fuel, Credits = credits, Time = 1_800_000_000_000 };
        var bytes = new byte[ReceiptBytes.Size];
        ReceiptBytes.Write(bytes, Helper, new Receipt(lease, ProbeKernel.Hash, verdict, fuel, credits, null), receipt.Time);
        return receipt with { Signature = (signedBy ?? Key).Sign(bytes) };
    }

    public async Task SendAsync<T>(Kind kind, T message)
        where T : class, IFlatTable<T>
    {
        var payload = message.ToArray();
        var envelope = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        await SendRawAsync(envelope.AsMemory(0, EnvelopeCodec.Write(envelope, kind, ++_sequence, payload)));
    }

    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket!.SendAsync(bytes, WebSocketMessageType.Binary, true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Cuts the connection without a word.</summary>
    public void Cut() => _socket!.Abort();

    public async ValueTask DisposeAsync()
    {
        // Ends what waits for a socket.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        Key.Dispose();
        _sending.Dispose();
    }

    private IResult Ticket(TicketBody body)
    {
        var key = Base64Url.DecodeFromChars(body.PublicKey);
        if (!EcdsaP256.Verify(key, Base64Url.DecodeFromChars(body.Challenge), Base64Url.DecodeFromChars(body.Signature)))
            return Results.StatusCode(401);
        Helper = PeerId.FromPublicKey(key);
        return Results.Json(new { ticket = "ticket-of-" + Helper });
    }

    private IResult Kernel(string file)
    {
        KernelRequests++;
        return Kernels.TryGetValue(Path.GetFileNameWithoutExtension(file), out var bytes) ? Results.Bytes(bytes, "application/wasm") : Results.NotFound();
    }

    private async Task WorkAsync(HttpContext context)
    {
        var socket = await context.WebSockets.AcceptWebSocketAsync();
        await _sockets.Writer.WriteAsync(socket);
        var buffer = new byte[4 << 20];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), context.RequestAborted);
                    length += result.Count;
                }
                while (!result.EndOfMessage);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await _received.Writer.WriteAsync((Kind.None, []));
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(buffer.AsSpan(0, length), VerifyLimits.OfSize(8 << 20), out var envelope));
                var (kind, payload) = (envelope.Header.Kind, envelope.Payload.ToArray());
                if (kind == Kind.Ping && Ping.TryRead(payload, out var ping) == VerifyError.None)
                    await SendAsync(Kind.Pong, new Pong { Id = ping!.Id, Sent = ping.Sent, Received = 1 });
                await _received.Writer.WriteAsync((kind, payload));
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The helper is gone, or the test cut it.
        }
    }

    private sealed record ChallengeBody(string PublicKey);

    private sealed record TicketBody(string PublicKey, string Challenge, string Signature);
}
