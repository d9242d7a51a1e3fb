using System.Text.Json;
using Egregore.Sandbox;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Lend.Tests;

/// <summary>The bytes that this codec writes, pinned for the page's codec (<c>web/test/lend-wire.test.ts</c>). <c>EGREGORE_UPDATE_GOLDEN=1</c> writes them anew.</summary>
public sealed class WireGoldenTests
{
    [Fact]
    public void Tables_of_a_helper_are_the_pinned_bytes()
    {
        var cancel = new WorkCancel { Lease = 77 }.ToArray();
        var envelope = Envelope(Kind.WorkCancel, cancel);
        var batch = new byte[1024];
        var writer = new BatchWriter(batch);
        Assert.True(writer.TryAdd(envelope) && writer.TryAdd(envelope));
        var whole = new byte[EnvelopeCodec.SizeMax(cancel.Length)];
        var wholeLength = EnvelopeCodec.Write(whole, Kind.WorkCancel, 9, cancel, 3, new PeerId(1, 2), new PeerId(3, 4), 5, Bytes(64, 9));
        var receipt = new byte[ReceiptBytes.Size];
        ReceiptBytes.Write(receipt, new PeerId(0x0123456789abcdef, 0xfedcba9876543210), new Receipt(0x0102030405060708, KernelHash.Read(Bytes(32, 0)), WorkVerdict.Wrong, 9, -2, "x"), 3);
        var golden = new Dictionary<string, byte[]>
        {
            ["Refusal"] = new Refusal { Code = RefusalCode.Forbidden, Text = "no\u2026 ü", Sequence = 7 }.ToArray(),
            ["Ping"] = new Ping { Id = uint.MaxValue, Sent = ulong.MaxValue }.ToArray(),
            ["Pong"] = new Pong { Id = 1, Sent = 2, Received = 3 }.ToArray(),
            ["HelperHello"] = new HelperHello { Ticket = "abc.def", Protocol = 1, Name = "tab", Tier = HelperTier.Cloud, ApiKey = "k", Slots = 64 }.ToArray(),
            ["HelperWelcome"] = new HelperWelcome
            {
                Peer = new PeerId(0x0123456789abcdef, 0xfedcba9876543210), Time = 1_800_000_000_000, CreditsMax = 65_535, TaskBytesMax = 1 << 20, OutputBytesMax = 4_096, PublicKey = Bytes(65, 4), Kernels = Bytes(32, 60),
            }.ToArray(),
            ["WorkPark"] = new WorkPark { Slots = 3, Held = (byte[])[.. Bytes(32, 1), .. Bytes(32, 40)], Paused = true, Tried = Bytes(36, 7) }.ToArray(),
            ["WorkAssign"] = new WorkAssign
            {
                Lease = 1UL << 63, Kernel = Bytes(32, 9), Shared = Bytes(32, 200), SharedBytes = (byte[])[1, 2, 3], Input = (byte[])[9, 8, 7, 6, 5], RunMs = 200, Fuel = 1_000_000, OutputMax = 65_536,
            }.ToArray(),
            ["WorkResult"] = new WorkResult { Lease = 5, Output = (byte[])[0, 1, 255], Hash = Bytes(32, 3), Fuel = 99, RunUs = 1_234, Park = 1 }.ToArray(),
            ["WorkFailure"] = new WorkFailure { Lease = 5, Code = WorkFault.OutOfFuel, Text = "out of fuel", Fuel = 1UL << 40, Park = 2 }.ToArray(),
            ["WorkCancel"] = cancel,
            ["WorkReceipt"] = new WorkReceipt
            {
                Lease = 5, Kernel = Bytes(32, 7), Verdict = WorkVerdict.Wrong, Fuel = 1, Credits = -1_500_000, Time = 1_800_000_000_001, Text = "wrong: the doubled run differs",
                Signature = Enumerable.Range(0, 64).Select(i => (byte)(255 - i)).ToArray(),
            }.ToArray(),
            ["WorkStanding"] = new WorkStanding
            {
                Balance = long.MinValue, BannedMs = 3_600_000, Reason = "wrong",
                Kernels =
                [
                    new KernelStanding { Kernel = Bytes(32, 7), Name = "rigid", Trust = 973, Accepted = 12, Late = 1, Wrong = 2, Sampled = 50 },
                    new KernelStanding { Kernel = Bytes(32, 8), Name = "path", Sampled = 1_000 },
                ],
            }.ToArray(),
            ["Envelope"] = envelope,
            ["Batch"] = Envelope(Kind.Batch, writer.Written),
            ["EnvelopeWhole"] = whole[..wholeLength],
            ["ReceiptBytes"] = receipt,
        };
        var text = "{\n" + string.Join(",\n", golden.Select(entry => $"  \"{entry.Key}\": \"{Convert.ToHexStringLower(entry.Value)}\"")) + "\n}\n";
        Pinned("work-wire.json", System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal(golden.Count, JsonDocument.Parse(text).RootElement.EnumerateObject().Count());
    }

    [Fact]
    public void The_probe_kernel_of_the_pages_tests_is_the_metered_one() => Pinned("probe.wasm", ProbeKernel.Module);

    [Fact]
    public void What_the_probe_kernel_answers_is_pinned_for_the_page()
    {
        using var sandbox = new KernelSandbox(new SandboxOptions { MemoryPagesMax = 1_024 }, TimeProvider.System);
        sandbox.Load(ProbeKernel.Hash, ProbeKernel.Module);
        var lines = new List<string>();
        foreach (var (input, fuel) in ((byte[], ulong)[])[(ProbeKernel.Sum(1, 2, 250), 100_000), (ProbeKernel.Forever, 50_000), (ProbeKernel.Trap, 100_000), (ProbeKernel.Refuse, 100_000), (ProbeKernel.TooMuch, 100_000), (ProbeKernel.Loop(1_000), 100_000), (ProbeKernel.Remember, 100_000), (ProbeKernel.Loop(1_000), 500)])
        {
            var run = sandbox.Run(ProbeKernel.Hash, [], input, fuel, 65_536);
            lines.Add($"  {{ \"input\": \"{Convert.ToHexStringLower(input)}\", \"given\": {fuel}, \"fault\": {(int)run.Fault}, \"output\": \"{Convert.ToHexStringLower(run.Output)}\", \"fuel\": {run.Fuel} }}");
        }

        Pinned("probe-runs.json", System.Text.Encoding.UTF8.GetBytes("[\n" + string.Join(",\n", lines) + "\n]\n"));
    }

    private static void Pinned(string name, byte[] bytes)
    {
        if (Environment.GetEnvironmentVariable("EGREGORE_UPDATE_GOLDEN") == "1")
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "egregore.slnx")))
                folder = Path.GetDirectoryName(folder)!;
            File.WriteAllBytes(Path.Combine(folder, "web", "test", "golden", name), bytes);
            return;
        }

        Assert.Equal(Convert.ToHexString(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", name))), Convert.ToHexString(bytes));
    }

    private static byte[] Bytes(int count, int first) => [.. Enumerable.Range(0, count).Select(i => (byte)(first + i))];

    private static byte[] Envelope(Kind kind, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        return bytes[..EnvelopeCodec.Write(bytes, kind, 9, payload)];
    }
}
