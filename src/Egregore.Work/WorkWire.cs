using System.Buffers.Binary;
using Egregore.Wire;

namespace Egregore.Work;

/// <summary>What became of a helper's message.</summary>
public enum ReceiveStatus : byte
{
    /// <summary>It was understood; what it said may have been refused.</summary>
    Taken,

    /// <summary>Not a message that a helper sends here: refused, with a penalty.</summary>
    NotForHelpers,

    /// <summary>Not what its kind says: refused, with a penalty.</summary>
    Malformed,

    /// <summary>No such helper.</summary>
    UnknownHelper,
}

/// <summary>The wire of helpers (schema/egregore.fbs, kinds 50 to 58): their payloads in, decisions out. Nothing is allocated on the way of tasks and results.</summary>
public static class WorkWire
{
    private const int AssignSlots = 8;
    private const int ReceiptSlots = 8;
    private const int SignatureBytes = 64;
    private const int TriedSize = KernelHash.Size + sizeof(uint);
    private const int TriedMax = 8;

    /// <summary>Carries out one message of a helper that has joined. <see cref="Kind.HelperHello"/> is the host's own business and comes before.</summary>
    /// <param name="work">The coordinator.</param>
    /// <param name="helper">Who sent it.</param>
    /// <param name="kind">What it says it is.</param>
    /// <param name="payload">Its payload: a stranger's bytes.</param>
    /// <param name="nowUs">The host's time.</param>
    public static ReceiveStatus Receive(WorkCoordinator work, HelperId helper, Kind kind, ReadOnlySpan<byte> payload, long nowUs)
    {
        if (!work.IsConnected(helper))
            return ReceiveStatus.UnknownHelper;
        switch (kind)
        {
            case Kind.WorkPark:
                if (WorkParkView.TryRead(payload, out var park) != VerifyError.None || park.Held.Length % KernelHash.Size != 0 || park.Tried.Length % TriedSize != 0)
                    return Malformed(work, helper, nowUs);
                if (park.HasHeld)
                    work.SetHeld(helper, park.Held);
                for (var i = 0; i < Math.Min(park.Tried.Length / TriedSize, TriedMax); i++)
                {
                    var tried = park.Tried.Slice(i * TriedSize, TriedSize);
                    work.SetTried(helper, KernelHash.Read(tried[..KernelHash.Size]), BinaryPrimitives.ReadUInt32LittleEndian(tried[KernelHash.Size..]) / 1_000.0);
                }

                if (park.Paused)
                    work.Pause(helper);
                else
                    work.Park(helper, park.Slots, nowUs);
                return ReceiveStatus.Taken;
            case Kind.WorkResult:
                if (WorkResultView.TryRead(payload, out var result) != VerifyError.None || result.Hash.Length != KernelHash.Size)
                    return Malformed(work, helper, nowUs);
                work.Result(helper, result.Lease, result.Output, KernelHash.Read(result.Hash), result.Fuel, result.RunUs, result.Park, nowUs);
                return ReceiveStatus.Taken;
            case Kind.WorkFailure:
                if (WorkFailureView.TryRead(payload, out var failure) != VerifyError.None)
                    return Malformed(work, helper, nowUs);
                work.Failure(helper, failure.Lease, failure.Code, failure.Park, nowUs);
                return ReceiveStatus.Taken;
            default:
                work.Misbehaved(helper, "helpers park, answer and decline; nothing else is theirs to ask", nowUs);
                return ReceiveStatus.NotForHelpers;
        }
    }

    /// <summary>Bytes that <see cref="WriteAssign"/> needs at most.</summary>
    public static int AssignSizeMax(in Assignment assignment) =>
        FlatSize.Root + FlatSize.Table(AssignSlots, 40) + (2 * FlatSize.Vector(KernelHash.Size, 1)) + FlatSize.Vector(assignment.SharedBytes.Length, 1)
        + FlatSize.Vector(assignment.Input.Length, 1);

    /// <summary>Writes a <see cref="Kind.WorkAssign"/> payload.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too small.</exception>
    public static int WriteAssign(in Assignment assignment, Span<byte> destination)
    {
        var writer = new FlatWriter(destination);
        var table = writer.BeginTable(AssignSlots, alignedTo8: true);
        writer.Add(table, AssignSlots, 0, assignment.Lease);
        writer.Add(table, AssignSlots, 6, assignment.Fuel);
        var kernel = writer.AddOffset(table, AssignSlots, 1);
        var shared = assignment.Shared.IsNone ? -1 : writer.AddOffset(table, AssignSlots, 2);
        var sharedBytes = assignment.SharedBytes.IsEmpty ? -1 : writer.AddOffset(table, AssignSlots, 3);
        var input = writer.AddOffset(table, AssignSlots, 4);
        writer.Add(table, AssignSlots, 5, assignment.RunMs);
        writer.Add(table, AssignSlots, 7, assignment.OutputMax);
        writer.EndTable(table, AssignSlots);
        writer.Patch(0, table);
        assignment.Kernel.Write(writer.Vector(kernel, KernelHash.Size, 1, 1));
        if (shared >= 0)
            assignment.Shared.Write(writer.Vector(shared, KernelHash.Size, 1, 1));
        if (sharedBytes >= 0)
            writer.Bytes(sharedBytes, assignment.SharedBytes);
        writer.Bytes(input, assignment.Input);
        return writer.Length;
    }

    /// <summary>Bytes that <see cref="WriteReceipt"/> needs at most.</summary>
    public static int ReceiptSizeMax(in Receipt receipt) =>
        FlatSize.Root + FlatSize.Table(ReceiptSlots, 48) + FlatSize.Vector(KernelHash.Size, 1) + FlatSize.Text(receipt.Text ?? "") + FlatSize.Vector(SignatureBytes, 1);

    /// <summary>Writes a <see cref="Kind.WorkReceipt"/> payload.</summary>
    /// <param name="receipt">The receipt.</param>
    /// <param name="timeMs">Milliseconds since the Unix epoch.</param>
    /// <param name="signature">64 bytes over <see cref="ReceiptBytes"/>; empty: not signed.</param>
    /// <param name="destination">At least <see cref="ReceiptSizeMax"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too small.</exception>
    public static int WriteReceipt(in Receipt receipt, ulong timeMs, ReadOnlySpan<byte> signature, Span<byte> destination)
    {
        var writer = new FlatWriter(destination);
        var table = writer.BeginTable(ReceiptSlots, alignedTo8: true);
        writer.Add(table, ReceiptSlots, 0, receipt.Lease);
        writer.Add(table, ReceiptSlots, 3, receipt.Fuel);
        writer.Add(table, ReceiptSlots, 4, receipt.Credits);
        writer.Add(table, ReceiptSlots, 5, timeMs);
        var kernel = receipt.Kernel.IsNone ? -1 : writer.AddOffset(table, ReceiptSlots, 1);
        var text = receipt.Text is null ? -1 : writer.AddOffset(table, ReceiptSlots, 6);
        var sign = signature.IsEmpty ? -1 : writer.AddOffset(table, ReceiptSlots, 7);
        writer.Add(table, ReceiptSlots, 2, (byte)receipt.Verdict);
        writer.EndTable(table, ReceiptSlots);
        writer.Patch(0, table);
        if (kernel >= 0)
            receipt.Kernel.Write(writer.Vector(kernel, KernelHash.Size, 1, 1));
        if (text >= 0)
            writer.String(text, receipt.Text!);
        if (sign >= 0)
            writer.Bytes(sign, signature);
        return writer.Length;
    }

    /// <summary>A helper's standing as a <see cref="Kind.WorkStanding"/> payload; rare, so a record.</summary>
    public static WorkStanding ToWire(HelperView view)
    {
        var kernels = new KernelStanding[view.Kernels.Count];
        for (var i = 0; i < kernels.Length; i++)
        {
            var kernel = view.Kernels[i];
            kernels[i] = new KernelStanding
            {
                Kernel = kernel.Kernel.ToArray(), Name = kernel.Name, Trust = (ushort)kernel.TrustPermille, Accepted = kernel.Accepted, Late = kernel.Late, Wrong = kernel.Wrong,
                Sampled = (ushort)kernel.SampledPermille,
            };
        }

        return new WorkStanding { Balance = view.Balance, BannedMs = (uint)Math.Min(uint.MaxValue, (view.BannedUs + 999) / 1_000), Reason = view.Reason, Kernels = [.. kernels] };
    }

    private static ReceiveStatus Malformed(WorkCoordinator work, HelperId helper, long nowUs)
    {
        work.Misbehaved(helper, "not a message of its kind", nowUs);
        return ReceiveStatus.Malformed;
    }
}
