using Egregore.Wire.Tests.Oracle;

namespace Egregore.Wire.Tests.Hostile;

/// <summary>What became of the inputs of one run.</summary>
public sealed record FuzzReport(int Inputs, int Envelopes, int Payloads, SortedDictionary<VerifyError, int> Refused);

/// <summary>
/// A fuzz target: what a host does with bytes from a peer, fed with honest messages that were damaged. Every input is decoded as an
/// envelope, its TTL lowered, its payload or batch read, its canonical bytes written. Any exception is a failure.
/// </summary>
/// <remarks>The smoke test takes 20,000 inputs; set <c>EGREGORE_FUZZ_INPUTS</c> for a longer run, <c>EGREGORE_FUZZ_SEED</c> for another one.</remarks>
public static class EnvelopeFuzz
{
    /// <summary>Runs <paramref name="count"/> inputs drawn from <paramref name="seed"/>.</summary>
    public static FuzzReport Run(int count, int seed)
    {
        var random = new Random(seed);
        byte[][] honest = Honest(seed);
        byte[] scratch = new byte[4096];
        byte[] signing = new byte[8192];
        int envelopes = 0;
        int payloads = 0;
        var refused = new SortedDictionary<VerifyError, int>();
        for (int i = 0; i < count; i++)
        {
            int length = Mutate(random, honest, scratch);
            try
            {
                VerifyError error = Handle(scratch.AsSpan(0, length), signing, depth: 0, ref payloads);
                envelopes += error == VerifyError.None ? 1 : 0;
                refused[error] = refused.GetValueOrDefault(error) + 1;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, input {i}: {Convert.ToHexString(scratch.AsSpan(0, length))}", e);
            }
        }
        return new FuzzReport(count, envelopes, payloads, refused);
    }

    private static VerifyError Handle(Span<byte> bytes, Span<byte> signing, int depth, ref int payloads)
    {
        VerifyError error = EnvelopeCodec.TryRead(bytes, out EnvelopeView view);
        if (error != VerifyError.None)
        {
            return error;
        }
        byte ttl = view.Header.Ttl;
        if (EnvelopeCodec.TryDecrementTtl(bytes) != (ttl != 0) || view.Header.Ttl != (ttl == 0 ? 0 : ttl - 1))
        {
            throw new InvalidOperationException("the TTL went wrong");
        }
        if (EnvelopeCodec.WriteSigningBytes(signing, view, new PeerId(1, 2)) != EnvelopeCodec.SigningOverheadBytes + view.Payload.Length)
        {
            throw new InvalidOperationException("the canonical bytes went wrong");
        }
        if (!Envelope.From(view).Equals(view.ToRecord()))
        {
            throw new InvalidOperationException("a copy differs from the view");
        }
        if (view.Header.Kind == Kind.Batch && depth == 0)
        {
            var batch = new BatchReader(view.Payload.ToArray());
            while (batch.TryNext(out ReadOnlySpan<byte> inner))
            {
                Handle(inner.ToArray(), signing, depth + 1, ref payloads);
            }
            return error;
        }
        payloads += ReadPayload(view) == VerifyError.None ? 1 : 0;
        return error;
    }

    private static VerifyError ReadPayload(EnvelopeView view) => view.Header.Kind switch
    {
        Kind.Hello => Hello.TryRead(view.Payload, out _),
        Kind.Welcome => Welcome.TryRead(view.Payload, out _),
        Kind.Refusal => Refusal.TryRead(view.Payload, out _),
        Kind.Action => ActionRequest.TryRead(view.Payload, out _),
        Kind.ActionResult => ActionResult.TryRead(view.Payload, out _),
        Kind.Subscribe => Subscribe.TryRead(view.Payload, out _),
        Kind.Delta => Delta.TryRead(view.Payload, out _),
        Kind.Ping => Ping.TryRead(view.Payload, out _),
        Kind.Pong => Pong.TryRead(view.Payload, out _),
        Kind.Signal => Signal.TryRead(view.Payload, out _),
        Kind.Room => RoomFrame.TryRead(view.Payload, out _),
        Kind.Neighbours => Neighbours.TryRead(view.Payload, out _),
        Kind.PeerJoin => PeerJoin.TryRead(view.Payload, out _),
        Kind.PeerLeave => PeerLeave.TryRead(view.Payload, out _),
        Kind.ContentShare => ContentShare.TryRead(view.Payload, out _),
        Kind.StateSync => StateSync.TryRead(view.Payload, out _),
        Kind.Gossip => Gossip.TryRead(view.Payload, out _),
        Kind.Heartbeat => Heartbeat.TryRead(view.Payload, out _),
        Kind.GossipHave or Kind.GossipWant => GossipIds.TryRead(view.Payload, out _),
        Kind.Checkpoint => ReadCheckpoint(view),
        _ => VerifyError.None,
    };

    private static VerifyError ReadCheckpoint(EnvelopeView view)
    {
        VerifyError error = CheckpointView.TryRead(view.Payload, out CheckpointView checkpoint);
        if (error == VerifyError.None && ChainCheckpoint.TryFrom(checkpoint, view.Sender, out ChainCheckpoint taken))
        {
            new ChainVerifier(view.Sender).Check(taken);
        }
        return error;
    }

    /// <summary>Honest envelopes of every kind, some with a batch of others.</summary>
    private static byte[][] Honest(int seed)
    {
        var random = new RandomValues(seed);
        var messages = new List<byte[]>();
        for (int i = 0; i < 10; i++)
        {
            Add<Hello>(Kind.Hello);
            Add<Welcome>(Kind.Welcome);
            Add<Refusal>(Kind.Refusal);
            Add<ActionRequest>(Kind.Action);
            Add<ActionResult>(Kind.ActionResult);
            Add<Subscribe>(Kind.Subscribe);
            Add<Delta>(Kind.Delta);
            Add<Ping>(Kind.Ping);
            Add<Pong>(Kind.Pong);
            Add<Signal>(Kind.Signal);
            Add<RoomFrame>(Kind.Room);
            Add<Neighbours>(Kind.Neighbours);
            Add<PeerJoin>(Kind.PeerJoin);
            Add<PeerLeave>(Kind.PeerLeave);
            Add<ContentShare>(Kind.ContentShare);
            Add<StateSync>(Kind.StateSync);
            Add<Gossip>(Kind.Gossip);
            Add<Heartbeat>(Kind.Heartbeat);
            Add<Checkpoint>(Kind.Checkpoint);
            Add<GossipIds>(Kind.GossipHave);
            byte[] batch = new byte[2000];
            var writer = new BatchWriter(batch);
            foreach (byte[] message in messages[^5..])
            {
                writer.TryAdd(message);
            }
            messages.Add(Wrap(Kind.Batch, writer.Written));
        }
        return [.. messages];

        void Add<T>(Kind kind)
            where T : class, IFlatTable<T> => messages.Add(Wrap(kind, random.Table<T>().ToArray()));
    }

    private static byte[] Wrap(Kind kind, ReadOnlySpan<byte> payload)
    {
        byte[] buffer = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        bool signed = payload.Length % 3 == 0;
        int length = EnvelopeCodec.Write(
            buffer, kind, 7, payload, ttl: 3, sender: payload.Length % 2 == 0 ? new PeerId(3, 4) : default, time: signed ? 9u : 0u, signature: signed ? new byte[64] : []);
        return buffer[..length];
    }

    /// <summary>An honest message with a few bytes or words changed, a piece cut, moved or grown; now and then noise alone.</summary>
    private static int Mutate(Random random, byte[][] honest, byte[] scratch)
    {
        byte[] start = honest[random.Next(honest.Length)];
        int length = Math.Min(start.Length, scratch.Length);
        start.AsSpan(0, length).CopyTo(scratch);
        for (int changes = random.Next(5); changes > 0 && length > 8; changes--)
        {
            int at = random.Next(length);
            switch (random.Next(8))
            {
                case 0:
                    length = at;
                    break;
                case 1:
                    scratch[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    scratch[at] = (byte)random.Next(256);
                    break;
                case 3:
                    BitConverter.TryWriteBytes(scratch.AsSpan(at & ~3), random.Next(-8, 64));
                    break;
                case 4:
                    BitConverter.TryWriteBytes(scratch.AsSpan(at & ~1), (ushort)random.Next(0, 40));
                    break;
                case 5:
                    scratch.AsSpan(random.Next(length), Math.Min(16, scratch.Length - length)).CopyTo(scratch.AsSpan(Math.Min(at, scratch.Length - 16)));
                    break;
                case 6:
                    length = Math.Min(scratch.Length, length + random.Next(20));
                    break;
                default:
                    random.NextBytes(scratch.AsSpan(at, Math.Min(8, length - at)));
                    break;
            }
        }
        if (random.Next(50) == 0)
        {
            random.NextBytes(scratch.AsSpan(0, length));
        }
        return length;
    }
}
