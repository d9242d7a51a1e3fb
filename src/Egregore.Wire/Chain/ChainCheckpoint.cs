using System.Buffers.Binary;

namespace Egregore.Wire;

/// <summary>What a peer signs of its chain: after the states <c>[First, First + Count)</c> the running hash is <c>Head</c>.</summary>
/// <param name="Peer">Whose chain it is.</param>
/// <param name="Chain">Which of the peer's chains; rises each time the peer starts over.</param>
/// <param name="First">Sequence of the first state covered.</param>
/// <param name="Count">States covered, without a gap.</param>
/// <param name="Head">The link of the last state covered.</param>
public readonly record struct ChainCheckpoint(PeerId Peer, ulong Chain, uint First, ushort Count, ChainHash Head)
{
    /// <summary>The length of <see cref="WriteSigningBytes"/>.</summary>
    public const int SigningBytes = 16 + PeerId.SizeBytes + 8 + 4 + 2 + ChainHash.SizeBytes;

    /// <summary>Room that is always enough for <see cref="WriteTable"/>.</summary>
    public const int TableBytesMax = 320;

    private static ReadOnlySpan<byte> SigningDomain => "egregore/chk/1\0\0"u8;

    /// <summary>The sequence behind the last state covered.</summary>
    public uint End => First + Count;

    /// <summary>
    /// Writes what the signature covers: <c>"egregore/chk/1\0\0" | peer 16 | chain u64 | first u32 | count u16 | head 32</c>, little-endian.
    /// The domain keeps a checkpoint's signature from being taken for an envelope's.
    /// </summary>
    /// <returns><see cref="SigningBytes"/>.</returns>
    public int WriteSigningBytes(Span<byte> destination)
    {
        SigningDomain.CopyTo(destination);
        Peer.Write(destination[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], Chain);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[40..], First);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[44..], Count);
        Head.CopyTo(destination[46..]);
        return SigningBytes;
    }

    /// <summary>Writes the payload of <see cref="Kind.Checkpoint"/>.</summary>
    /// <param name="destination">Room of <see cref="TableBytesMax"/> bytes.</param>
    /// <param name="signature">64 bytes over <see cref="WriteSigningBytes"/>.</param>
    /// <param name="publicKey">65 bytes for receivers that may not know it, or empty.</param>
    /// <returns>Bytes written.</returns>
    public int WriteTable(Span<byte> destination, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey = default)
    {
        const int Slots = 6;
        var writer = new FlatWriter(destination);
        int table = writer.BeginTable(Slots, alignedTo8: true);
        writer.Add(table, Slots, 5, Chain);
        writer.Add(table, Slots, 0, First);
        int head = writer.AddOffset(table, Slots, 2);
        int key = publicKey.IsEmpty ? 0 : writer.AddOffset(table, Slots, 3);
        int signed = writer.AddOffset(table, Slots, 4);
        writer.Add(table, Slots, 1, Count);
        writer.EndTable(table, Slots);
        Head.CopyTo(writer.Vector(head, ChainHash.SizeBytes, 1, 1));
        if (key != 0)
        {
            writer.Bytes(key, publicKey);
        }
        writer.Bytes(signed, signature);
        writer.Patch(0, table);
        return writer.Length;
    }

    /// <summary>Takes a verified table of <paramref name="peer"/>'s; false when it covers no or too many states or a length is wrong.</summary>
    public static bool TryFrom(in CheckpointView view, PeerId peer, out ChainCheckpoint checkpoint)
    {
        checkpoint = default;
        bool sound = view.Head.Length == ChainHash.SizeBytes
            && view.Signature.Length == EnvelopeCodec.SignatureBytes
            && (view.PublicKey.IsEmpty || view.PublicKey.Length == 65)
            && view.Count is > 0 and <= StateChain.CheckpointStatesMax
            && view.First <= uint.MaxValue - view.Count;
        if (sound)
        {
            checkpoint = new ChainCheckpoint(peer, view.Chain, view.First, view.Count, ChainHash.Read(view.Head));
        }
        return sound;
    }
}
