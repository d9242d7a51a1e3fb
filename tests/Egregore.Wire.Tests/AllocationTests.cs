namespace Egregore.Wire.Tests;

/// <summary>Hot paths allocate nothing.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Writing_and_reading_an_envelope()
    {
        byte[] buffer = new byte[256];
        byte[] payload = new byte[24];
        byte[] signature = new byte[64];
        Assert.Equal(0, Allocated(() =>
        {
            int length = EnvelopeCodec.Write(buffer, Kind.Reflex, 1, payload, 3, new PeerId(1, 2), new PeerId(3, 4), 5, signature);
            EnvelopeCodec.TryRead(buffer.AsSpan(0, length), out EnvelopeView view);
            EnvelopeCodec.TryDecrementTtl(buffer.AsSpan(0, length));
            return view.Header.Sequence + view.Sender.High + (ulong)view.Payload.Length;
        }));
    }

    [Fact]
    public void Reading_nested_tables_strings_and_vectors_in_place()
    {
        byte[] bytes = new Neighbours
        {
            Peers = [.. Enumerable.Range(0, 20).Select(i => new Neighbour { Peer = new PeerId((ulong)i, 1), Name = "someone", X = i })],
        }.ToArray();
        Assert.Equal(0, Allocated(() =>
        {
            ulong sum = NeighboursView.TryRead(bytes, out NeighboursView view) == VerifyError.None ? 0ul : throw new InvalidOperationException();
            for (int i = 0; i < view.Peers.Count; i++)
            {
                NeighbourView peer = view.Peers[i];
                sum += peer.Peer.High + (ulong)peer.NameUtf8.Length + (ulong)peer.X;
            }
            return sum;
        }));
    }

    [Fact]
    public void Writing_a_record_and_a_batch()
    {
        var record = new Delta { Transaction = 1, Tables = [new TableDelta { Name = "player", Upserts = [new Row { Bytes = new byte[100] }] }] };
        byte[] buffer = new byte[1000];
        byte[] batch = new byte[2000];
        Assert.Equal(0, Allocated(() =>
        {
            int length = record.Write(buffer);
            var writer = new BatchWriter(batch);
            writer.TryAdd(buffer.AsSpan(0, length));
            writer.TryAdd(buffer.AsSpan(0, length));
            var reader = new BatchReader(writer.Written);
            ulong sum = 0;
            while (reader.TryNext(out ReadOnlySpan<byte> envelope))
            {
                sum += (ulong)envelope.Length;
            }
            return sum;
        }));
    }

    [Fact]
    public void Refusing_a_hostile_buffer()
    {
        byte[] buffer = new byte[64];
        EnvelopeCodec.Write(buffer, Kind.Reflex, 1, new byte[24]);
        buffer[14] = 0xff;
        Assert.Equal(0, Allocated(() => (ulong)EnvelopeCodec.TryRead(buffer.AsSpan(0, 56), out _)));
        Assert.NotEqual(VerifyError.None, EnvelopeCodec.TryRead(buffer.AsSpan(0, 56), out _));
    }

    private static long Allocated(Func<ulong> work)
    {
        ulong sum = 0;
        for (int i = 0; i < 100; i++)
        {
            sum += work();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            sum += work();
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        GC.KeepAlive(sum);
        return allocated;
    }
}
