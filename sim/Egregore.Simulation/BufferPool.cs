namespace Egregore.Simulation;

/// <summary>Buffers of messages in flight, by powers of two from 128 bytes.</summary>
internal sealed class BufferPool
{
    private readonly Stack<byte[]>[] _free = [.. Enumerable.Range(0, 16).Select(_ => new Stack<byte[]>())];

    public byte[] Rent(int length)
    {
        var size = SizeClass(length);
        return _free[size].TryPop(out var buffer) ? buffer : new byte[128 << size];
    }

    public void Return(byte[] buffer) => _free[SizeClass(buffer.Length)].Push(buffer);

    private static int SizeClass(int length) => length <= 128 ? 0 : 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)(length - 1) >> 7);
}
