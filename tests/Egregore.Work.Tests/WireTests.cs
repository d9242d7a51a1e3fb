using System.Text;
using Egregore.Wire;

namespace Egregore.Work.Tests;

public sealed class WireTests
{
    [Fact]
    public void What_leaves_the_coordinator_names_no_world_no_player_no_helper_and_no_task()
    {
        // Each id and name is a pattern that cannot appear by chance.
        const uint world = 0xC0FFEE77;
        const ulong tag = 0xFEEDFACECAFEBEEF;
        var key = new UInt128(0x1122334455667788, 0x99AABBCCDDEEFF01);
        var sink = new Recorder();
        var work = new WorkCoordinator(new WorkOptions { TruthAuditPermille = 500 }, sink, 9);
        var kernel = KernelHash.Of("kernel"u8);
        work.AddKernel(new KernelManifest { Hash = kernel, Name = "secret-name", InputBytesMax = 4_096, OutputBytesMax = 64 });
        work.AddWorld(new WorldId(world), new WorldTerms());
        work.AddBlock("block"u8, out var block);
        var owners = new List<PeerId>();
        for (var i = 1; i <= 6; i++)
        {
            owners.Add(new PeerId(0xABAD1DEA00000000 | (uint)i, 0xDEADBEEF0BADF00D));
            work.Join(new HelperProfile { Owner = owners[^1], AddressRange = 0x0A0B0C0D0E0F1011UL + (ulong)i, Cluster = 0x5152535455565758UL + (ulong)i, Slots = 4 }, 1_000, out var id);
            work.Park(id, 16, 1_000);
        }

        var beneficiary = new PeerId(0x7A7B7C7D7E7F7071, 0x6162636465666768);
        var now = 1_000_000L;
        for (var i = 0; i < 60; i++)
        {
            work.Submit(
                new WorkTask
                {
                    Kernel = kernel, World = new WorldId(world), Input = "input"u8, Shared = block, Tag = tag, Key = key + (UInt128)i, Beneficiary = beneficiary, Class = (VerificationClass)(i % 3),
                    Priority = TaskPriority.Urgent,
                },
                now);
            while (sink.Leases.TryDequeue(out var sent))
            {
                byte[] output = i % 7 == 0 ? [1, 2] : [3, 4];
                work.Result(sent.Helper, sent.Lease, output, KernelHash.Of(output), 500, 100, 1, now += 1_000);
            }

            while (sink.Runs.TryDequeue(out var token))
                work.CompleteLocal(token, [3, 4], 500, 100, now);
            work.Tick(now += 20_000);
        }

        Assert.True(sink.Sent.Count > 100);
        var forbidden = new List<byte[]>
        {
            Bytes(world), Bytes(tag), Bytes((ulong)(key >> 64)), Bytes(0x0A0B0C0D0E0F10UL).AsSpan(0, 7).ToArray(), Bytes(0x51525354555657UL).AsSpan(0, 7).ToArray(),
            Encoding.ASCII.GetBytes("secret-name"), Bytes(beneficiary.High), Bytes(beneficiary.Low), Bytes(0xDEADBEEF0BADF00D), Bytes((uint)0xABAD1DEA),
        };
        foreach (var message in sink.Sent)
        {
            foreach (var pattern in forbidden)
            {
                Assert.True(message.AsSpan().IndexOf(pattern) < 0, $"{Convert.ToHexString(pattern)} in {Convert.ToHexString(message)}");
                Assert.True(message.AsSpan().IndexOf(pattern.Reverse().ToArray()) < 0);
            }
        }
    }

    [Fact]
    public void An_assignment_is_read_back_as_it_was_and_all_its_bytes_are_accounted_for()
    {
        foreach (var (shared, sharedBytes, input) in new[] { ("", "", ""), ("s", "", "abc"), ("s", "shared bytes", new string('i', 5_000)) })
        {
            var assignment = new Assignment
            {
                Lease = 0x0102030405060708, Kernel = KernelHash.Of("k"u8), Shared = shared.Length == 0 ? default : KernelHash.Of("s"u8), SharedBytes = Encoding.ASCII.GetBytes(sharedBytes),
                Input = Encoding.ASCII.GetBytes(input), RunMs = 180, Fuel = 77, OutputMax = 99,
            };
            var bytes = new byte[WorkWire.AssignSizeMax(assignment)];
            var length = WorkWire.WriteAssign(assignment, bytes);
            Assert.Equal(VerifyError.None, WorkAssign.TryRead(bytes.AsSpan(0, length), out var read));
            Assert.Equal((0x0102030405060708UL, 180u, 77ul, 99u), (read!.Lease, read.RunMs, read.Fuel, read.OutputMax));
            Assert.Equal(assignment.Kernel.ToArray(), read.Kernel.ToArray());
            Assert.Equal(shared.Length == 0 ? [] : assignment.Shared.ToArray(), read.Shared.ToArray());
            Assert.Equal(Encoding.ASCII.GetBytes(sharedBytes), read.SharedBytes.ToArray());
            Assert.Equal(Encoding.ASCII.GetBytes(input), read.Input.ToArray());
            // The generated writer knows the same fields and no more.
            var generated = new byte[read.SizeMax];
            Assert.InRange(length - read.Write(generated), -16, 16);
        }
    }

    [Fact]
    public void A_receipt_and_a_standing_are_read_back()
    {
        var receipt = new Receipt(5, KernelHash.Of("k"u8), WorkVerdict.Wrong, 7, -9, "why");
        var bytes = new byte[WorkWire.ReceiptSizeMax(receipt)];
        var length = WorkWire.WriteReceipt(receipt, 11, new byte[64], bytes);
        Assert.Equal(VerifyError.None, WorkReceipt.TryRead(bytes.AsSpan(0, length), out var read));
        Assert.Equal((5ul, WorkVerdict.Wrong, 7ul, -9L, 11ul, "why", 64), (read!.Lease, read.Verdict, read.Fuel, read.Credits, read.Time, read.Text, read.Signature.Length));
        var bare = new Receipt(1, default, WorkVerdict.Refused, 0, 0, null);
        length = WorkWire.WriteReceipt(bare, 0, [], bytes);
        Assert.Equal(VerifyError.None, WorkReceipt.TryRead(bytes.AsSpan(0, length), out read));
        Assert.Equal(WorkVerdict.Refused, read!.Verdict);

        var standing = WorkWire.ToWire(new HelperView(123, 1_500, "late", [new KernelView(KernelHash.Of("k"u8), "k", 900, 1, 2, 3, 50, 400, 20_000, 1_000)]));
        Assert.Equal((123L, 2u, "late", (ushort)900, (ushort)50), (standing.Balance, standing.BannedMs, standing.Reason, standing.Kernels[0].Trust, standing.Kernels[0].Sampled));
    }

    [Fact]
    public void What_truth_signs_for_a_receipt_is_pinned()
    {
        var receipt = new Receipt(0x1122334455667788, KernelHash.Of("abc"u8), WorkVerdict.Accepted, 1_000_000, 1_000, null);
        Span<byte> bytes = stackalloc byte[ReceiptBytes.Size];
        ReceiptBytes.Write(bytes, new PeerId(0x0102030405060708, 0x090A0B0C0D0E0F10), receipt, 1_700_000_000_000);
        Assert.Equal(
            "65677265676F72652D726563656970742D31" + "0102030405060708090A0B0C0D0E0F10" + "8877665544332211" + "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD" + "01"
            + "40420F0000000000" + "E803000000000000" + "0068E5CF8B010000",
            Convert.ToHexString(bytes));
        Assert.Throws<ArgumentException>(() => ReceiptBytes.Write(new byte[98], default, receipt, 0));
    }

    private static byte[] Bytes(uint value) => BitConverter.GetBytes(value);

    private static byte[] Bytes(ulong value) => BitConverter.GetBytes(value);

    /// <summary>Writes each decision for a helper as it would go over its socket.</summary>
    private sealed class Recorder : IWorkSink
    {
        public List<byte[]> Sent { get; } = [];

        public Queue<(HelperId Helper, ulong Lease)> Leases { get; } = new();

        public Queue<ulong> Runs { get; } = new();

        public void Assign(HelperId helper, in Assignment assignment)
        {
            var bytes = new byte[WorkWire.AssignSizeMax(assignment)];
            Sent.Add(bytes[..WorkWire.WriteAssign(assignment, bytes)]);
            Leases.Enqueue((helper, assignment.Lease));
        }

        public void Cancel(HelperId helper, ulong lease)
        {
            var cancel = new WorkCancel { Lease = lease };
            var bytes = new byte[cancel.SizeMax];
            Sent.Add(bytes[..cancel.Write(bytes)]);
        }

        public void Receipt(HelperId helper, in Receipt receipt)
        {
            var bytes = new byte[WorkWire.ReceiptSizeMax(receipt)];
            Sent.Add(bytes[..WorkWire.WriteReceipt(receipt, 1, [], bytes)]);
        }

        public void StandingChanged(HelperId helper)
        {
        }

        public void RunHere(in LocalRun run) => Runs.Enqueue(run.Token);

        public void Settled(in Settlement settlement)
        {
        }

        public void Posted(in Credits.LedgerLine line)
        {
        }
    }
}
