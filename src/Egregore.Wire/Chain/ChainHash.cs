using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Egregore.Wire;

/// <summary>A link of a peer's chain of states: a SHA-256 value, held without an allocation.</summary>
public readonly record struct ChainHash
{
    /// <summary>Its length.</summary>
    public const int SizeBytes = 32;

    // The 32 bytes as they are hashed and sent; the numbers have no meaning of their own.
    private readonly UInt128 _first;
    private readonly UInt128 _second;

    private ChainHash(ReadOnlySpan<byte> bytes)
    {
        _first = BinaryPrimitives.ReadUInt128LittleEndian(bytes);
        _second = BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]);
    }

    private static ReadOnlySpan<byte> GenesisDomain => "egregore/chain/1"u8;

    /// <summary>The link before a chain's first state: <c>SHA256("egregore/chain/1" | peer 16 | chain u64)</c>.</summary>
    public static ChainHash Genesis(PeerId peer, ulong chain)
    {
        Span<byte> start = stackalloc byte[16 + PeerId.SizeBytes + 8];
        GenesisDomain.CopyTo(start);
        peer.Write(start[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(start[32..], chain);
        return Of(start);
    }

    /// <summary>The next link: <c>SHA256(this | sequence u32 | state)</c>.</summary>
    /// <param name="sequence">The state's sequence.</param>
    /// <param name="state">At most <see cref="StateChain.StateBytesMax"/> bytes.</param>
    public ChainHash Next(uint sequence, ReadOnlySpan<byte> state)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(state.Length, StateChain.StateBytesMax, nameof(state));
        Span<byte> link = stackalloc byte[SizeBytes + 4 + StateChain.StateBytesMax];
        CopyTo(link);
        BinaryPrimitives.WriteUInt32LittleEndian(link[SizeBytes..], sequence);
        state.CopyTo(link[(SizeBytes + 4)..]);
        return Of(link[..(SizeBytes + 4 + state.Length)]);
    }

    /// <summary>Reads the first 32 bytes.</summary>
    public static ChainHash Read(ReadOnlySpan<byte> source) => new(source);

    /// <summary>Writes 32 bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(destination, _first);
        BinaryPrimitives.WriteUInt128LittleEndian(destination[16..], _second);
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static ChainHash Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[SizeBytes];
        SHA256.HashData(data, hash);
        return Read(hash);
    }
}
