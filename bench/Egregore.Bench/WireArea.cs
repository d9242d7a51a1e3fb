using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Egregore.Wire;

namespace Egregore.Bench;

/// <summary>
/// <c>wire.*</c>: one reflex state, as a peer sends it 20 to 60 times a second: its bytes with its part of the signed checkpoints, what decoding
/// allocates, and encoding and decoding against System.Text.Json, source-generated and writing into a kept buffer. Ours includes the verifier.
/// </summary>
public sealed class WireArea : IBenchArea
{
    private const int StatesPerCheckpoint = 40;
    private const int Batch = 2_000;
    private const int Batches = 100;
    private const int WarmUps = 3;

    /// <inheritdoc/>
    public string Name => "wire";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        var ours = new FlatBuffersCodec();
        using var json = new JsonCodec();
        yield return Measure.LessIsBetter(
            "wire.state_bytes", "bytes", StateBytes(), "System.Text.Json", json.Encode(1), $"one state of 24 bytes, with its part of a signed checkpoint every {StatesPerCheckpoint}; JSON unsigned");
        cancellation.ThrowIfCancellationRequested();
        double allocated = Allocated(ours);
        yield return Measure.Alone("wire.alloc", "bytes", allocated, $"allocated a decode; System.Text.Json allocates {Allocated(json):0}");
        cancellation.ThrowIfCancellationRequested();
        double oursPerSecond = Sampling.Median(context.Repeats, () => Rate(ours), WarmUps);
        double jsonPerSecond = Sampling.Median(context.Repeats, () => Rate(json), WarmUps);
        yield return Measure.MoreIsBetter("wire.codec", "ops/s", oursPerSecond, "System.Text.Json", jsonPerSecond, "encode, then verify and decode, one reflex state on one core");
    }

    private static double StateBytes()
    {
        using var key = EcdsaP256.Create();
        var chain = new StateChain(key.Peer, chain: 1);
        byte[] buffer = new byte[512];
        byte[] table = new byte[ChainCheckpoint.TableBytesMax];
        byte[] signing = new byte[ChainCheckpoint.SigningBytes];
        const int states = StatesPerCheckpoint * 10;
        long bytes = 0;
        for (uint tick = 1; tick <= states; tick++)
        {
            byte[] state = new byte[PlayerState.SizeBytes];
            StateAt(tick).Write(state);
            bytes += EnvelopeCodec.Write(buffer, Kind.Reflex, tick, state);
            if (!chain.TryAppend(tick, state)) throw new BenchException("The chain refused a state.");
            if (tick % StatesPerCheckpoint == 0 && chain.TryCheckpoint(out ChainCheckpoint checkpoint))
            {
                checkpoint.WriteSigningBytes(signing);
                int length = checkpoint.WriteTable(table, key.Sign(signing));
                bytes += EnvelopeCodec.Write(buffer, Kind.Checkpoint, tick, table.AsSpan(0, length));
            }
        }
        return bytes / (double)states;
    }

    private static double Allocated(ICodec codec)
    {
        codec.Encode(7);
        for (int i = 0; i < Batch; i++) codec.Decode();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Batch; i++) codec.Decode();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Batch;
    }

    // The middle of many short batches: another process that takes the core for a while spoils some of them and not the figure.
    private static double Rate(ICodec codec)
    {
        double[] rates = new double[Batches];
        for (int batch = 0; batch < Batches; batch++)
        {
            long started = Stopwatch.GetTimestamp();
            long sum = codec.Run(Batch);
            rates[batch] = Batch * (double)Stopwatch.Frequency / (Stopwatch.GetTimestamp() - started);
            if (sum == 0) throw new BenchException("A codec read nothing.");
        }
        return Sampling.Middle(rates);
    }

    private static PlayerState StateAt(uint tick) =>
        new(123_456 + (int)tick, 16_384, -98_765, 300, -12, 280, (ushort)(tick * 7), -420, 5, 3);

    private interface ICodec
    {
        int Encode(uint tick);

        long Decode();

        long Run(int count);
    }

    private sealed class FlatBuffersCodec : ICodec
    {
        private readonly byte[] buffer = new byte[128];
        private int length;

        public int Encode(uint tick)
        {
            Span<byte> state = stackalloc byte[PlayerState.SizeBytes];
            StateAt(tick).Write(state);
            return length = EnvelopeCodec.Write(buffer, Kind.Reflex, tick, state);
        }

        public long Decode()
        {
            if (EnvelopeCodec.TryRead(buffer.AsSpan(0, length), out EnvelopeView view) != VerifyError.None) return 0;
            PlayerState state = PlayerState.Read(view.Payload);
            return view.Header.Sequence + state.X + state.Yaw;
        }

        public long Run(int count)
        {
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                Encode((uint)i);
                sum += Decode();
            }
            return sum;
        }
    }

    private sealed class JsonCodec : ICodec, IDisposable
    {
        private readonly ArrayBufferWriter<byte> buffer = new(512);
        private readonly Utf8JsonWriter writer;
        private readonly WireJsonMessage message = new();

        public JsonCodec() => writer = new Utf8JsonWriter(buffer);

        public void Dispose() => writer.Dispose();

        public int Encode(uint tick)
        {
            buffer.ResetWrittenCount();
            writer.Reset(buffer);
            PlayerState at = StateAt(tick);
            message.Kind = (byte)Kind.Reflex;
            message.Sequence = tick;
            message.State.X = at.X;
            message.State.Y = at.Y;
            message.State.Z = at.Z;
            message.State.Vx = at.Vx;
            message.State.Vy = at.Vy;
            message.State.Vz = at.Vz;
            message.State.Yaw = at.Yaw;
            message.State.Pitch = at.Pitch;
            message.State.Buttons = at.Buttons;
            message.State.Held = at.Held;
            JsonSerializer.Serialize(writer, message, WireJsonContext.Default.WireJsonMessage);
            return buffer.WrittenCount;
        }

        public long Decode()
        {
            WireJsonMessage read = JsonSerializer.Deserialize(buffer.WrittenSpan, WireJsonContext.Default.WireJsonMessage)!;
            return read.Sequence + read.State.X + read.State.Yaw;
        }

        public long Run(int count)
        {
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                Encode((uint)i);
                sum += Decode();
            }
            return sum;
        }
    }
}

/// <summary>The same message as JSON has it: plain properties, which System.Text.Json reads fastest.</summary>
internal sealed class WireJsonMessage
{
    public byte Kind { get; set; }

    public uint Sequence { get; set; }

    public WireJsonState State { get; set; } = new();
}

/// <summary><see cref="PlayerState"/> for System.Text.Json, whose generator does not see what other generators write.</summary>
internal sealed class WireJsonState
{
    public int X { get; set; }

    public int Y { get; set; }

    public int Z { get; set; }

    public short Vx { get; set; }

    public short Vy { get; set; }

    public short Vz { get; set; }

    public ushort Yaw { get; set; }

    public short Pitch { get; set; }

    public byte Buttons { get; set; }

    public byte Held { get; set; }
}

/// <summary>System.Text.Json at its best: source-generated.</summary>
[JsonSerializable(typeof(WireJsonMessage))]
internal sealed partial class WireJsonContext : JsonSerializerContext;
