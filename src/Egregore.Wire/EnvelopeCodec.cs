using System.Buffers.Binary;

namespace Egregore.Wire;

/// <summary>Reads and writes envelopes, the one shape of all messages, without allocating.</summary>
/// <remarks>A header and a payload alone take 32 bytes around the payload: <c>root 4 | vtable 8 | table 16 | payload length 4</c>.</remarks>
public static class EnvelopeCodec
{
    /// <summary>The length of a signature: ECDSA P-256, r then s.</summary>
    public const int SignatureBytes = 64;

    /// <summary>The length of the canonical bytes around a payload, see <c>WriteSigningBytes</c>.</summary>
    public const int SigningOverheadBytes = 16 + 1 + 4 + 16 + 16 + 8;

    private const int TtlOffset = 5;

    private static ReadOnlySpan<byte> SigningDomain => "egregore/env/1\0\0"u8;

    /// <summary>Room that is always enough for an envelope with every field present.</summary>
    public static int SizeMax(int payloadBytes) => checked(FlatSize.Root + FlatSize.Table(6, 64) + FlatSize.Vector(payloadBytes, 1) + FlatSize.Vector(SignatureBytes, 1));

    /// <summary>Writes an envelope from <c>destination[0]</c> on; default values are left out.</summary>
    /// <param name="destination">Room of at least <see cref="SizeMax"/> bytes, or exactly what is needed.</param>
    /// <param name="kind">What the payload is.</param>
    /// <param name="sequence">Per sender and kind of stream, from 1.</param>
    /// <param name="payload">The message itself; may be empty.</param>
    /// <param name="ttl">Hops left.</param>
    /// <param name="sender">Nobody: the peer at the other end of the link.</param>
    /// <param name="target">Nobody: whoever receives it.</param>
    /// <param name="time">Hybrid logical clock; 0: none.</param>
    /// <param name="signature">64 bytes over <c>WriteSigningBytes</c>; empty: unsigned.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too small.</exception>
    public static int Write(
        Span<byte> destination,
        Kind kind,
        uint sequence,
        ReadOnlySpan<byte> payload,
        byte ttl = 0,
        PeerId sender = default,
        PeerId target = default,
        ulong time = 0,
        ReadOnlySpan<byte> signature = default)
    {
        bool hasSender = !sender.IsNone;
        bool hasTarget = !target.IsNone;
        int slots = !signature.IsEmpty ? 6 : time != 0 ? 5 : hasTarget ? 4 : hasSender ? 3 : !payload.IsEmpty ? 2 : 1;
        int vtableBytes = 4 + (2 * slots);
        int table = (4 + vtableBytes + 3) & ~3;
        bool wide = hasSender || hasTarget || time != 0;
        table += wide && (table & 7) == 0 ? 4 : 0;
        int end = table + 4 + Header.SizeBytes + (hasSender ? PeerId.SizeBytes : 0) + (hasTarget ? PeerId.SizeBytes : 0) + (time != 0 ? 8 : 0)
            + (payload.IsEmpty ? 0 : 4) + (signature.IsEmpty ? 0 : 4);
        int payloadAt = end;
        int signatureAt = payload.IsEmpty ? end : (end + 4 + payload.Length + 3) & ~3;
        int length = !signature.IsEmpty ? signatureAt + 4 + signature.Length : payload.IsEmpty ? end : end + 4 + payload.Length;
        if (length > destination.Length)
        {
            throw new ArgumentException("The destination is too small for the envelope; SizeMax says how much it may need.", nameof(destination));
        }

        // What the generated writer writes (a test compares them), with every position known beforehand: half of its time.
        Span<byte> head = destination[..end];
        head[..table].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(head, table);
        Span<byte> vtable = head[(table - vtableBytes)..];
        BinaryPrimitives.WriteUInt32LittleEndian(vtable, (uint)vtableBytes | ((uint)(end - table) << 16));
        BinaryPrimitives.WriteInt32LittleEndian(head[table..], vtableBytes);
        int at = table + 4;
        if (wide)
        {
            if (hasSender)
            {
                vtable[4 + (2 * 2)] = (byte)(at - table);
                sender.Write(head[at..]);
                at += PeerId.SizeBytes;
            }
            if (hasTarget)
            {
                vtable[4 + (2 * 3)] = (byte)(at - table);
                target.Write(head[at..]);
                at += PeerId.SizeBytes;
            }
            if (time != 0)
            {
                vtable[4 + (2 * 4)] = (byte)(at - table);
                BinaryPrimitives.WriteUInt64LittleEndian(head[at..], time);
                at += 8;
            }
        }
        vtable[4] = (byte)(at - table);
        BinaryPrimitives.WriteUInt64LittleEndian(head[at..], sequence | ((ulong)kind << 32) | ((ulong)ttl << 40));
        at += Header.SizeBytes;
        if (!payload.IsEmpty)
        {
            vtable[4 + (2 * 1)] = (byte)(at - table);
            BinaryPrimitives.WriteInt32LittleEndian(head[at..], payloadAt - at);
            at += 4;
            BinaryPrimitives.WriteInt32LittleEndian(destination[payloadAt..], payload.Length);
            payload.CopyTo(destination[(payloadAt + 4)..]);
        }
        if (!signature.IsEmpty)
        {
            vtable[4 + (2 * 5)] = (byte)(at - table);
            BinaryPrimitives.WriteInt32LittleEndian(head[at..], signatureAt - at);
            int behind = payload.IsEmpty ? payloadAt : payloadAt + 4 + payload.Length;
            destination[behind..signatureAt].Clear();
            BinaryPrimitives.WriteInt32LittleEndian(destination[signatureAt..], signature.Length);
            signature.CopyTo(destination[(signatureAt + 4)..]);
        }
        return length;
    }

    /// <summary>Verifies an envelope within <see cref="VerifyLimits.Default"/>. The payload is bytes still: whoever reads it verifies it.</summary>
    public static VerifyError TryRead(ReadOnlySpan<byte> bytes, out EnvelopeView view) => TryRead(bytes, VerifyLimits.Default, out view);

    /// <summary>Verifies an envelope within <paramref name="limits"/>.</summary>
    public static VerifyError TryRead(ReadOnlySpan<byte> bytes, VerifyLimits limits, out EnvelopeView view) => EnvelopeView.TryRead(bytes, limits, out view);

    /// <summary>
    /// Lowers the hops left of a verified envelope, in place; nothing else changes, so views of it stay valid. False, and nothing is
    /// written, when no hops are left, or when the sender laid the TTL over other parts of the envelope to have a relay change those.
    /// </summary>
    /// <remarks>The TTL is outside of what is signed.</remarks>
    public static bool TryDecrementTtl(Span<byte> envelope)
    {
        int table = BinaryPrimitives.ReadInt32LittleEndian(envelope);
        var reader = new FlatTableReader(envelope, table);
        int header = reader.Offset(0);
        int at = table + header + TtlOffset;
        if (header == 0 || envelope[at] == 0 || !StandsAlone(reader, at))
        {
            return false;
        }
        envelope[at]--;
        return true;
    }

    /// <summary>
    /// Writes the canonical bytes that a signature covers: <c>"egregore/env/1\0\0" | kind u8 | sequence u32 | sender 16 | target 16 | time u64 | payload</c>,
    /// integers little-endian, a peer id as its two little-endian words, high first. They do not depend on how an encoder laid the envelope out,
    /// and not on the TTL, which relays lower.
    /// </summary>
    /// <returns>Bytes written: <see cref="SigningOverheadBytes"/> and the payload.</returns>
    public static int WriteSigningBytes(Span<byte> destination, Kind kind, uint sequence, ReadOnlySpan<byte> payload, PeerId sender, PeerId target = default, ulong time = 0)
    {
        int length = SigningOverheadBytes + payload.Length;
        if (destination.Length < length)
        {
            throw new ArgumentException("The destination is too small for the signing bytes", nameof(destination));
        }
        SigningDomain.CopyTo(destination);
        destination[16] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[17..], sequence);
        sender.Write(destination[21..]);
        target.Write(destination[37..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[53..], time);
        payload.CopyTo(destination[SigningOverheadBytes..]);
        return length;
    }

    /// <summary>The canonical bytes of a verified envelope; <paramref name="sender"/> is who it is held to be from when it names nobody.</summary>
    public static int WriteSigningBytes(Span<byte> destination, in EnvelopeView envelope, PeerId sender = default) =>
        WriteSigningBytes(
            destination,
            envelope.Header.Kind,
            envelope.Header.Sequence,
            envelope.Payload,
            envelope.HasSender ? envelope.Sender : sender,
            envelope.Target,
            envelope.Time);

    private static bool StandsAlone(in FlatTableReader table, int at)
    {
        return IsOutside(at, 0, 4)
            && IsOutside(at, table.VtablePosition, table.VtableBytes)
            && IsOutside(at, table.Position, 4)
            && IsOutsideField(table, at, 1, 4)
            && IsOutsideField(table, at, 2, PeerId.SizeBytes)
            && IsOutsideField(table, at, 3, PeerId.SizeBytes)
            && IsOutsideField(table, at, 4, 8)
            && IsOutsideField(table, at, 5, 4)
            && IsOutside(at, table.Target(1), 4 + table.GetBytes(1).Length)
            && IsOutside(at, table.Target(5), 4 + table.GetBytes(5).Length);
    }

    private static bool IsOutsideField(in FlatTableReader table, int at, int id, int size)
    {
        int offset = table.Offset(id);
        return offset == 0 || IsOutside(at, table.Position + offset, size);
    }

    private static bool IsOutside(int at, int start, int length) => at < start || at >= start + length;
}
