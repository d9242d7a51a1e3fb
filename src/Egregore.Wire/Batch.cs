using System.Buffers.Binary;

namespace Egregore.Wire;

/// <summary>
/// Packs envelopes one behind the other, each after its length (u32, little-endian), into the caller's buffer: the payload of
/// <see cref="Kind.Batch"/>. A batch holds no batch.
/// </summary>
public ref struct BatchWriter
{
    private readonly Span<byte> _buffer;

    /// <summary>Starts an empty batch over a buffer.</summary>
    public BatchWriter(Span<byte> buffer) => _buffer = buffer;

    /// <summary>Bytes packed so far.</summary>
    public int Length { get; private set; }

    /// <summary>Envelopes packed so far.</summary>
    public int Count { get; private set; }

    /// <summary>The batch so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Adds an envelope; false, and nothing changes, when it does not fit or is empty.</summary>
    public bool TryAdd(ReadOnlySpan<byte> envelope)
    {
        if (envelope.IsEmpty || envelope.Length > _buffer.Length - Length - 4)
        {
            return false;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[Length..], (uint)envelope.Length);
        envelope.CopyTo(_buffer[(Length + 4)..]);
        Length += 4 + envelope.Length;
        Count++;
        return true;
    }
}

/// <summary>Takes a batch from a peer apart. The envelopes within are not verified yet.</summary>
public ref struct BatchReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Over the payload of <see cref="Kind.Batch"/>.</summary>
    public BatchReader(ReadOnlySpan<byte> batch) => _rest = batch;

    /// <summary><see cref="VerifyError.None"/>, or why the reading stopped before the end.</summary>
    public VerifyError Error { get; private set; }

    /// <summary>The next envelope; false at the end and at the first error.</summary>
    public bool TryNext(out ReadOnlySpan<byte> envelope)
    {
        envelope = default;
        if (_rest.IsEmpty || Error != VerifyError.None)
        {
            return false;
        }
        if (_rest.Length < 4)
        {
            Error = VerifyError.TooSmall;
            return false;
        }
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (length == 0 || length > (uint)(_rest.Length - 4))
        {
            Error = VerifyError.VectorOutOfBounds;
            return false;
        }
        envelope = _rest.Slice(4, (int)length);
        _rest = _rest[(4 + (int)length)..];
        return true;
    }
}
