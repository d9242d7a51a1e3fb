namespace Egregore.WebRtc.Sctp;

/// <summary>A growing buffer in which a fragmented message is put together. Rented while in use, given back when the message is delivered.</summary>
internal sealed class Reassembler
{
    private byte[] buffer = [];
    private int lastLength;

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Message => buffer.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> fragment)
    {
        if (Length + fragment.Length > buffer.Length)
        {
            byte[] larger = SharedArrays<byte>.Rent(Math.Max(Math.Max(4_096, lastLength), Math.Max(Length + fragment.Length, buffer.Length * 2)));
            buffer.AsSpan(0, Length).CopyTo(larger);
            if (buffer.Length > 0) SharedArrays<byte>.Return(buffer);
            buffer = larger;
        }
        fragment.CopyTo(buffer.AsSpan(Length));
        Length += fragment.Length;
    }

    public void Reset()
    {
        lastLength = Length;
        Length = 0;
        if (buffer.Length == 0) return;
        SharedArrays<byte>.Return(buffer);
        buffer = [];
    }
}
