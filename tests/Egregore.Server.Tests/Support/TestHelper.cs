using System.Net;
using Egregore.Sandbox;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Server.Tests.Support;

/// <summary>A helper over a real socket, which computes in the real sandbox, or lies.</summary>
internal sealed class TestHelper : IAsyncDisposable
{
    private readonly KernelSandbox _sandbox = new(null, TimeProvider.System);
    private readonly List<WorkReceipt> _receipts = [];
    private readonly Dictionary<KernelHash, byte[]> _blocks = [];
    private Task? _running;

    private TestHelper(TestServer server, TestKey? key)
    {
        Server = server;
        Client = new TestClient(key);
    }

    public TestServer Server { get; }

    public TestClient Client { get; }

    public HelperWelcome Welcome { get; private set; } = new();

    /// <summary>What it says instead of the right answer.</summary>
    public Func<WorkAssign, byte[], byte[]>? Lie { get; set; }

    /// <summary>Fuel that it claims, for the fuel that it used.</summary>
    public Func<ulong, ulong>? Claim { get; set; }

    /// <summary>Whether it answers a task at all.</summary>
    public Func<WorkAssign, bool> Answers { get; set; } = _ => true;

    public WorkStanding Standing { get; private set; } = new();

    public int Tasks { get; private set; }

    public IReadOnlyList<WorkReceipt> Receipts
    {
        get
        {
            lock (_receipts)
                return [.. _receipts];
        }
    }

    public static async Task<TestHelper> ConnectAsync(TestServer server, TestKey? key = null, string name = "", HelperTier tier = HelperTier.Peer, string apiKey = "")
    {
        var helper = new TestHelper(server, key);
        await helper.Client.ConnectAsync(server, path: "/work");
        await helper.Client.SendAsync(Kind.HelperHello, new HelperHello { Ticket = await helper.Client.TicketAsync(server), Protocol = 1, Slots = 4, Name = name, Tier = tier, ApiKey = apiKey });
        return helper;
    }

    public static async Task<TestHelper> JoinAsync(TestServer server, TestKey? key = null, string name = "", HelperTier tier = HelperTier.Peer, string apiKey = "")
    {
        var helper = await ConnectAsync(server, key, name, tier, apiKey);
        helper.Welcome = (await helper.Client.ReceiveAsync(Kind.HelperWelcome)).As<HelperWelcome>();
        return helper;
    }

    /// <summary>Parks, and computes what comes until the socket ends.</summary>
    public TestHelper Start(ushort slots = 4)
    {
        _running = RunAsync(slots);
        return this;
    }

    /// <summary>Ends when the socket has ended.</summary>
    public Task EndedAsync() => _running ?? Task.CompletedTask;

    public Task AnswerAsync(WorkAssign assign, byte[] output, ulong fuel) => Client.SendAsync(Kind.WorkResult, new WorkResult
    {
        Lease = assign.Lease,
        Output = output,
        Hash = KernelHash.Of(output).ToArray(),
        Fuel = fuel,
        RunUs = 100,
        Park = 1,
    });

    public async ValueTask DisposeAsync()
    {
        Client.Abort();
        if (_running is not null)
            await _running;
        await Client.DisposeAsync();
        _sandbox.Dispose();
    }

    private async Task RunAsync(ushort slots)
    {
        try
        {
            await Client.SendAsync(Kind.WorkPark, new WorkPark { Slots = slots });
            while (await Client.ReceiveAsync() is { } message)
            {
                switch (message.Kind)
                {
                    case Kind.WorkAssign:
                        await TakeAsync(message.As<WorkAssign>());
                        break;
                    case Kind.WorkReceipt:
                        lock (_receipts)
                            _receipts.Add(message.As<WorkReceipt>());
                        break;
                    case Kind.WorkStanding:
                        Standing = message.As<WorkStanding>();
                        break;
                }
            }
        }
        catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The socket ended.
        }
    }

    private async Task TakeAsync(WorkAssign assign)
    {
        Tasks++;
        if (!Answers(assign))
            return;
        var kernel = KernelHash.Read(assign.Kernel.Span);
        if (!_sandbox.Holds(kernel))
        {
            using var response = await Server.Http.GetAsync($"/kernels/{kernel}.wasm");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            _sandbox.Load(kernel, await response.Content.ReadAsByteArrayAsync());
        }

        var block = assign.Shared.Length == KernelHash.Size ? KernelHash.Read(assign.Shared.Span) : default;
        if (assign.SharedBytes.Length > 0)
            _blocks[block] = assign.SharedBytes.ToArray();
        var run = _sandbox.Run(kernel, block.IsNone ? [] : _blocks[block], assign.Input.Span, assign.Fuel, (int)assign.OutputMax);
        await AnswerAsync(assign, Lie?.Invoke(assign, run.Output) ?? run.Output, Claim?.Invoke(run.Fuel) ?? run.Fuel);
    }
}
