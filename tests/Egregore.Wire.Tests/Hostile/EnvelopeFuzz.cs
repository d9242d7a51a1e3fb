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
    private static readonly SortedDictionary<Kind, Specimen> Payloads =
        new(Enum.GetValues<Kind>().Where(k => Corpus.Of(k) is not null).ToDictionary(k => k, k => Corpus.Of(k)!));

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
        Envelope before = view.ToRecord();
        bool lowered = EnvelopeCodec.TryDecrementTtl(bytes);
        Header expected = lowered ? before.Header with { Ttl = (byte)(before.Header.Ttl - 1) } : before.Header;
        if (!(before with { Header = expected }).Equals(view.ToRecord()) || (lowered && before.Header.Ttl == 0))
        {
            throw new InvalidOperationException("lowering the TTL changed something else");
        }
        if (EnvelopeCodec.WriteSigningBytes(signing, view, new PeerId(1, 2)) != EnvelopeCodec.SigningOverheadBytes + view.Payload.Length)
        {
            throw new InvalidOperationException("the canonical bytes went wrong");
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
        if (Payloads.TryGetValue(view.Header.Kind, out Specimen? payload))
        {
            payloads += payload.Read(view.Payload.ToArray()) == VerifyError.None ? 1 : 0;
        }
        if (view.Header.Kind == Kind.Checkpoint)
        {
            ReadCheckpoint(view);
        }
        return error;
    }

    private static void ReadCheckpoint(EnvelopeView view)
    {
        if (CheckpointView.TryRead(view.Payload, out CheckpointView checkpoint) == VerifyError.None
            && ChainCheckpoint.TryFrom(checkpoint, view.Sender, out ChainCheckpoint taken))
        {
            new ChainVerifier(view.Sender).Check(taken);
        }
    }

    /// <summary>Honest envelopes of every kind, some with a batch of others.</summary>
    private static byte[][] Honest(int seed)
    {
        var random = new RandomValues(seed);
        var messages = new List<byte[]>();
        for (int i = 0; i < 10; i++)
        {
            foreach ((Kind kind, Specimen payload) in Payloads)
            {
                messages.Add(Wrap(kind, payload.Make(random)));
            }
            byte[] batch = new byte[2000];
            var writer = new BatchWriter(batch);
            foreach (byte[] message in messages[^5..])
            {
                writer.TryAdd(message);
            }
            messages.Add(Wrap(Kind.Batch, writer.Written));
        }
        return [.. messages];
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
