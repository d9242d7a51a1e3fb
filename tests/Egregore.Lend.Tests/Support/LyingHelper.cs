using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Egregore.Cli.Lend;
using Egregore.Sandbox;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Lend.Tests;

/// <summary>
/// A helper for tests that speaks the real wire and computes for real, and then says what the test wants: something wrong, too late, twice, under another's lease. No part of the program.
/// One task at a time, on a thread of its own that runs below the test's: it stands for another machine.
/// </summary>
internal sealed partial class LyingHelper : IAsyncDisposable
{
    private const int PriorityOfProcess = 0, Nice = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly LendSocket _socket;
    private readonly HttpClient _http;
    private readonly Queue<(Kind Kind, byte[] Payload)> _read = new();
    private readonly Queue<(Kind Kind, byte[] Payload)> _batch = new();
    // One for all of them: a kernel is compiled once.
    private static readonly KernelSandbox Sandbox = new(new SandboxOptions(), TimeProvider.System);

    private readonly Dictionary<KernelHash, ReadOnlyMemory<byte>> _blocks = [];

    private LyingHelper(LendSocket socket, HttpClient http, EcdsaP256 key)
    {
        _socket = socket;
        _http = http;
        Key = key;
    }

    public EcdsaP256 Key { get; }

    public HelperWelcome Welcome { get; private set; } = new();

    public WorkStanding Standing { get; private set; } = new();

    public List<WorkReceipt> Receipts { get; } = [];

    /// <summary>Logs in, says hello and is welcomed.</summary>
    /// <exception cref="InvalidOperationException">It was refused; the message has the reason.</exception>
    public static async Task<LyingHelper> JoinAsync(Uri url, string name, EcdsaP256? key = null, byte slots = 1, HelperTier tier = HelperTier.Peer, string apiKey = "")
    {
        key ??= EcdsaP256.Create();
        var http = new HttpClient { BaseAddress = url };
        var (socket, ticket) = await LendSocket.OpenAsync(url, http, key, CancellationToken.None);
        var helper = new LyingHelper(socket, http, key);
        helper.Send(Kind.HelperHello, new HelperHello { Ticket = ticket, Protocol = 1, Name = name, Tier = tier, ApiKey = apiKey, Slots = slots });
        var (kind, payload) = await helper.NextAsync(kind => kind is Kind.HelperWelcome or Kind.Refusal);
        if (kind == Kind.Refusal)
        {
            await helper.DisposeAsync();
            throw new InvalidOperationException(LendSocket.Parse<Refusal>(payload).Text);
        }

        helper.Welcome = LendSocket.Parse<HelperWelcome>(payload);
        return helper;
    }

    public void Park(int slots) => Send(Kind.WorkPark, new WorkPark { Slots = (ushort)slots });

    /// <summary>Compiles the kernels that the server expects to need, as helpers do before they park.</summary>
    public async Task TryKernelsAsync()
    {
        for (var left = Welcome.Kernels; left.Length >= KernelHash.Size; left = left[KernelHash.Size..])
        {
            var kernel = KernelHash.Read(left.Span[..KernelHash.Size]);
            Sandbox.Load(kernel, await _http.GetByteArrayAsync($"kernels/{kernel}.wasm"));
            var sample = await _http.GetByteArrayAsync($"kernels/{kernel}.sample");
            Sandbox.Run(kernel, [], sample, 2_000_000_000, 1 << 20);
        }
    }

    /// <summary>The next task.</summary>
    public async Task<WorkAssign> TaskAsync()
    {
        var assign = LendSocket.Parse<WorkAssign>((await NextAsync(kind => kind == Kind.WorkAssign)).Payload);
        if (!assign.SharedBytes.IsEmpty)
            _blocks[KernelHash.Read(assign.Shared.Span)] = assign.SharedBytes;
        return assign;
    }

    /// <summary>What the kernel really answers.</summary>
    public async Task<KernelRun> ComputeAsync(WorkAssign assign)
    {
        var kernel = KernelHash.Read(assign.Kernel.Span);
        if (!Sandbox.Holds(kernel))
            Sandbox.Load(kernel, await _http.GetByteArrayAsync($"kernels/{kernel}.wasm"));
        var shared = assign.Shared.IsEmpty ? default : _blocks[KernelHash.Read(assign.Shared.Span)];
        return await BesideAsync(() => Sandbox.Run(kernel, shared.Span, assign.Input.Span, assign.Fuel, (int)assign.OutputMax));
    }

    /// <summary>Answers as it should.</summary>
    public async Task AnswerAsync(WorkAssign assign, byte park = 1)
    {
        var run = await ComputeAsync(assign);
        if (run.Fault == WorkFault.None)
            Answer(assign.Lease, run.Output, run.Fuel, park);
        else
            Send(Kind.WorkFailure, new WorkFailure { Lease = assign.Lease, Code = run.Fault, Fuel = run.Fuel, Park = park });
    }

    /// <summary>Answers with one bit of the right output turned over, and everything else as it should be.</summary>
    public async Task AnswerWrongAsync(WorkAssign assign, byte park = 1)
    {
        var run = await ComputeAsync(assign);
        byte[] output = run.Output.Length == 0 ? [1] : [.. run.Output];
        output[^1] ^= 1;
        Answer(assign.Lease, output, run.Fuel, park);
    }

    /// <summary>Claims more fuel than the run used.</summary>
    public async Task AnswerDearAsync(WorkAssign assign, byte park = 1)
    {
        var run = await ComputeAsync(assign);
        Answer(assign.Lease, run.Output, run.Fuel + 1, park);
    }

    /// <summary>Answers with a hash that is not the output's.</summary>
    public async Task AnswerForgedAsync(WorkAssign assign, byte park = 1)
    {
        var run = await ComputeAsync(assign);
        Send(Kind.WorkResult, new WorkResult { Lease = assign.Lease, Output = run.Output, Hash = new byte[32], Fuel = run.Fuel, RunUs = 1, Park = park });
    }

    /// <summary>Any answer under any lease: a repeat, another's, nobody's.</summary>
    public void Answer(ulong lease, byte[] output, ulong fuel, byte park = 0) =>
        Send(Kind.WorkResult, new WorkResult { Lease = lease, Output = output, Hash = SHA256.HashData(output), Fuel = fuel, RunUs = 1_000, Park = park });

    /// <summary>The same answer many times.</summary>
    public void Flood(ulong lease, int times)
    {
        for (var i = 0; i < times; i++)
            Answer(lease, [0], 1);
    }

    /// <summary>Waits for the receipt of a lease with one of some verdicts.</summary>
    public async Task<WorkReceipt> ReceiptAsync(ulong lease, params WorkVerdict[] verdicts)
    {
        while (true)
        {
            if (Receipts.Find(receipt => receipt.Lease == lease && verdicts.Contains(receipt.Verdict)) is { } found)
                return found;
            _read.Enqueue(await ReadAsync());
        }
    }

    /// <summary>Waits until its standing is as wanted.</summary>
    public async Task<WorkStanding> StandingAsync(Func<WorkStanding, bool> wanted)
    {
        while (!wanted(Standing))
            _read.Enqueue(await ReadAsync());
        return Standing;
    }

    public void Send<T>(Kind kind, T message)
        where T : class, IFlatTable<T>
    {
        if (!_socket.Send(kind, message))
            throw new InvalidOperationException("the socket's queue is full");
    }

    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync();
        _http.Dispose();
    }

    private static Task<KernelRun> BesideAsync(Func<KernelRun> run)
    {
        var done = new TaskCompletionSource<KernelRun>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            // Linux takes 0 for the calling thread.
            _ = SetPriority(PriorityOfProcess, 0, Nice);
            try
            {
                done.SetResult(run());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }) { IsBackground = true, Name = "liar" }.Start();
        return done.Task;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);

    private async Task<(Kind Kind, byte[] Payload)> NextAsync(Func<Kind, bool> wanted)
    {
        for (var kept = _read.Count; kept > 0; kept--)
        {
            var message = _read.Dequeue();
            if (wanted(message.Kind))
                return message;
            _read.Enqueue(message);
        }

        while (true)
        {
            var message = await ReadAsync();
            if (wanted(message.Kind))
                return message;
            _read.Enqueue(message);
        }
    }

    /// <summary>The next message; receipts and standings are noted on the way.</summary>
    private async Task<(Kind Kind, byte[] Payload)> ReadAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (_batch.Count == 0)
            LendSocket.Read(await _socket.Received.ReadAsync(limit.Token), (kind, payload) => _batch.Enqueue((kind, payload)));
        var message = _batch.Dequeue();
        if (message.Kind == Kind.WorkReceipt)
            Receipts.Add(LendSocket.Parse<WorkReceipt>(message.Payload));
        else if (message.Kind == Kind.WorkStanding)
            Standing = LendSocket.Parse<WorkStanding>(message.Payload);
        return message;
    }
}
