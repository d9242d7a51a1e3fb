using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>What the network between two associations does to packets. Times in microseconds, rates from 0 to 1.</summary>
internal sealed record LinkConditions
{
    public long Delay { get; init; } = 10_000;
    public long Jitter { get; init; }
    public double Loss { get; init; }
    public double Duplication { get; init; }
    public double Reorder { get; init; }
    public long ReorderDelay { get; init; } = 5_000;
    /// <summary>Bytes a second; 0: unlimited.</summary>
    public long Bandwidth { get; init; }
    /// <summary>Bytes that wait for the bottleneck at most.</summary>
    public long QueueBytes { get; init; } = 1 << 20;
}

/// <summary>Two ends over a seeded network in virtual time. Each end is driven as a host would: flush after input, tick at deadlines.</summary>
internal sealed class SctpNetwork
{
    private readonly PriorityQueue<(int To, byte[] Packet), (long At, long Order)> flying = new();
    private readonly long[] busyUntil = new long[2];
    private readonly Random random;
    private long order;

    public SctpNetwork(int seed, LinkConditions? conditions = null)
    {
        random = new Random(seed);
        Conditions = conditions ?? new LinkConditions();
    }

    public LinkConditions Conditions { get; set; }

    public long Now { get; private set; } = 1_000_000;

    /// <summary>Even ends talk to the odd ends after them; all share one bottleneck in each direction.</summary>
    public ISctpHost?[] Hosts { get; } = new ISctpHost?[4];

    /// <summary>Sees each packet as it is sent (end, packet); false drops it.</summary>
    public Func<int, byte[], bool>? Filter { get; set; }

    public long Sent { get; private set; }

    public long LostOnLink { get; private set; }

    public SctpRandomFill RandomFill => bytes => random.NextBytes(bytes);

    public void Send(int from, ReadOnlySpan<byte> packet)
    {
        byte[] copy = packet.ToArray();
        Sent++;
        if (Filter is { } filter && !filter(from, copy)) return;
        if (random.NextDouble() < Conditions.Loss)
        {
            LostOnLink++;
            return;
        }
        long at = Now;
        if (Conditions.Bandwidth > 0)
        {
            long start = Math.Max(busyUntil[from & 1], Now);
            if ((start - Now) * Conditions.Bandwidth / 1_000_000 > Conditions.QueueBytes)
            {
                LostOnLink++;
                return;
            }
            at = busyUntil[from & 1] = start + Math.Max(1, packet.Length * 1_000_000L / Conditions.Bandwidth);
        }
        at += Conditions.Delay;
        if (Conditions.Jitter > 0) at += random.NextInt64(Conditions.Jitter);
        if (random.NextDouble() < Conditions.Reorder) at += random.NextInt64(Conditions.ReorderDelay);
        flying.Enqueue((from ^ 1, copy), (at, order++));
        if (random.NextDouble() < Conditions.Duplication) flying.Enqueue((from ^ 1, copy), (at + random.NextInt64(1, 2_000), order++));
    }

    /// <summary>Puts a packet in front of an end at once.</summary>
    public void Inject(int to, ReadOnlySpan<byte> packet) => flying.Enqueue((to, packet.ToArray()), (Now, order++));

    /// <summary>Runs until a condition holds or a time has passed.</summary>
    /// <returns>Whether the condition held.</returns>
    public bool Run(Func<bool> until, long microsecondsMax = 600_000_000)
    {
        long stop = Now + microsecondsMax;
        while (!until())
        {
            long next = flying.TryPeek(out _, out (long At, long Order) first) ? first.At : long.MaxValue;
            foreach (ISctpHost? host in Hosts) next = Math.Min(next, host?.NextDeadline ?? long.MaxValue);
            if (next > stop || next == long.MaxValue)
            {
                Now = stop;
                return false;
            }
            Now = Math.Max(Now, next);
            while (flying.TryPeek(out _, out (long At, long Order) due) && due.At <= Now)
            {
                (int to, byte[] packet) = flying.Dequeue();
                Hosts[to]?.Receive(packet);
                Hosts[to]?.Flush();
            }
            foreach (ISctpHost? host in Hosts)
            {
                if (host is null || host.NextDeadline > Now) continue;
                host.Tick();
                host.Flush();
            }
        }
        return true;
    }

    public void RunFor(long microseconds) => Run(() => false, microseconds);
}

/// <summary>What a network drives at each end.</summary>
internal interface ISctpHost
{
    long NextDeadline { get; }

    void Receive(ReadOnlySpan<byte> packet);

    void Tick();

    void Flush();
}

/// <summary>An association at one end, which records what happens.</summary>
internal sealed class SctpEnd : ISctpHost, ISctpSink
{
    private readonly SctpNetwork network;
    private readonly int index;
    private SctpRandomFill random;

    public SctpEnd(SctpNetwork network, int index, SctpOptions? options = null, ICongestionControl? congestion = null)
    {
        this.network = network;
        this.index = index;
        random = network.RandomFill;
        Association = new SctpAssociation(this, options ?? SctpOptions.Default, bytes => random(bytes), congestion);
        network.Hosts[index] = this;
    }

    public SctpAssociation Association { get; }

    public List<(ushort Stream, uint ProtocolId, byte[] Bytes)> Messages { get; } = [];

    public long BytesReceived { get; private set; }

    public bool KeepsMessages { get; set; } = true;

    public List<SctpState> States { get; } = [];

    public List<(ushort Stream, bool Performed)> OutgoingResets { get; } = [];

    public List<ushort> IncomingResets { get; } = [];

    public List<ushort> BufferedLow { get; } = [];

    public int Restarts { get; private set; }

    public Action<ushort, byte[]>? Received { get; set; }

    public long NextDeadline => Association.NextDeadline;

    public void UseRandom(SctpRandomFill source) => random = source;

    public void Receive(ReadOnlySpan<byte> packet) => Association.Receive(packet, network.Now);

    public void Tick() => Association.Tick(network.Now);

    public void Flush() => Association.Flush(network.Now);

    public SctpSendResult Send(ushort stream, ReadOnlySpan<byte> bytes, SctpMessageOptions options = default, uint protocolId = 53) =>
        Association.Send(stream, protocolId, bytes, options, network.Now);

    void ISctpSink.SendPacket(ReadOnlySpan<byte> packet) => network.Send(index, packet);

    void ISctpSink.OnMessage(ushort stream, uint protocolId, ReadOnlySpan<byte> message)
    {
        BytesReceived += message.Length;
        if (KeepsMessages) Messages.Add((stream, protocolId, message.ToArray()));
        Received?.Invoke(stream, message.ToArray());
    }

    void ISctpSink.OnStateChanged(SctpState state) => States.Add(state);

    void ISctpSink.OnRestarted() => Restarts++;

    void ISctpSink.OnOutgoingStreamReset(ushort stream, bool performed) => OutgoingResets.Add((stream, performed));

    void ISctpSink.OnIncomingStreamReset(ushort stream) => IncomingResets.Add(stream);

    void ISctpSink.OnBufferedAmountLow(ushort stream) => BufferedLow.Add(stream);
}
