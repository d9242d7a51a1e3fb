using System.Buffers.Binary;
using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Simulation;

/// <summary>Runs one scenario over a virtual network of production nodes, and holds its figures against the targets.</summary>
/// <remarks>Single-threaded and deterministic: the settings are all that a run depends on. Several runs may go on side by side, each in its own thread.</remarks>
public static class SimulationRunner
{
    /// <summary>Deliveries that must happen.</summary>
    public const double DeliveredMin = 0.999;

    /// <summary>99th percentile from publishing to delivery, milliseconds, for up to 100 peers over paths of at most 40 ms.</summary>
    public const double P99MaxMs = 250;

    /// <summary>Copies of any one message at any one peer (in the gossip scenario, where the network itself adds none); under churn and liars, of the mean.</summary>
    public const int CopiesMax = 4;

    /// <summary>From the end of a partition until all replicas are equal, seconds.</summary>
    public const double HealMaxS = 5;

    /// <summary>Latency through the server by latency from peer to peer, near peers.</summary>
    public const double RatioMin = 1.8;

    /// <summary>Runs it.</summary>
    /// <param name="settings">All that the run depends on.</param>
    /// <param name="progress">Told of the simulated second, now and then.</param>
    /// <param name="cancel">Checked each simulated half second.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static SimulationReport Run(SimulationSettings settings, IProgress<int>? progress = null, CancellationToken cancel = default)
    {
        var wrong = settings.Check();
        if (wrong.Length > 0)
            throw new ArgumentException(wrong, nameof(settings));
        var run = new ScenarioRun(settings, progress, cancel);
        return settings.Scenario switch
        {
            Scenario.Gossip => run.Gossip(churn: false),
            Scenario.Churn => run.Gossip(churn: true),
            Scenario.Partition => run.Partition(),
            _ => run.Latency(),
        };
    }
}

/// <summary>One run of one scenario.</summary>
internal sealed class ScenarioRun
{
    private const long StepUs = 500_000;

    private readonly SimulationSettings _settings;
    private readonly IProgress<int>? _progress;
    private readonly CancellationToken _cancel;
    private readonly List<string> _failures = [];
    private readonly VirtualNetwork _network;
    private readonly long _startUs;
    private SimulationRandom _random;
    private long _bytesBefore;
    private long _measuredFromUs;
    private long _goneBytes;

    public ScenarioRun(SimulationSettings settings, IProgress<int>? progress, CancellationToken cancel)
    {
        _settings = settings;
        _progress = progress;
        _cancel = cancel;
        _network = new VirtualNetwork(settings, _failures);
        _random = new SimulationRandom(settings.Seed ^ 0xA5A5A5A5);
        _startUs = _network.NowUs;
    }

    public SimulationReport Gossip(bool churn)
    {
        WarmUp();
        var body = new byte[_settings.BodyBytes];
        var intervalUs = 1_000_000L / _settings.RatePerSecond;
        var nextChurnUs = _network.NowUs;
        for (var number = 0; number < _settings.Messages; number++)
        {
            Advance(_network.NowUs + intervalUs);
            while (churn && _settings.ChurnPerSecond > 0 && nextChurnUs <= _network.NowUs)
            {
                nextChurnUs += (long)(1_000_000 / _settings.ChurnPerSecond);
                Churn();
            }

            var origin = PickOrigin();
            Measures.WriteBody(body, number, _settings.Seed);
            _network.Measures.Publish(number, origin.Index, _network.NowUs);
            origin.Node.Publish(Measures.Topic, body, origin.NowMs);
            _network.Schedule(origin);
        }

        Advance(_network.NowUs + (_settings.DrainMs * 1_000L));
        var report = _network.Measures.Fill(Base(), Counts, _network.Peers);
        Require(report.Delivered >= SimulationRunner.DeliveredMin, $"delivered {report.Delivered:0.#####}, wanted {SimulationRunner.DeliveredMin}");
        Require(report.CopiesMean <= SimulationRunner.CopiesMax, $"copies a peer {report.CopiesMean:0.##}, wanted at most {SimulationRunner.CopiesMax}");
        if (_settings.Scenario == Scenario.Gossip && _settings is { Peers: <= 100, LatencyMaxMs: <= 40, Loss: <= 0.02, Blocked: 0, Reorder: 0 })
            Require(report.P99Ms <= SimulationRunner.P99MaxMs, $"99th percentile {report.P99Ms} ms, wanted at most {SimulationRunner.P99MaxMs}");
        if (_settings is { Scenario: Scenario.Gossip, Duplicate: 0, Replay: 0, Liars: 0, Reorder: 0, Blocked: 0, ServerGone: false })
            Require(report.CopiesMax <= SimulationRunner.CopiesMax, $"{report.CopiesMax} copies of a message at one peer, wanted at most {SimulationRunner.CopiesMax}");
        return report with { Failures = _failures };

        // Who was there a while before and is there still. A liar's own state is its own matter.
        bool Counts(VirtualPeer peer, int number) =>
            peer.Alive && !peer.Liar && (!churn || peer.JoinedUs + 5_000_000 < _network.Measures.PublishedUs(number));
    }

    public SimulationReport Partition()
    {
        WarmUp();
        Write("before", _settings.Messages / 4);
        Advance(_network.NowUs + 2_000_000);
        _network.Partitioned = true;
        var endUs = _network.NowUs + (_settings.PartitionMs * 1_000L);
        var intervalUs = _settings.PartitionMs * 1_000L / Math.Max(1, _settings.Messages);
        for (var i = 0; i < _settings.Messages; i++)
        {
            Advance(Math.Min(endUs, _network.NowUs + intervalUs));
            var writer = PickOrigin();
            Set(writer, $"during/{i % 50}", $"{writer.Index} {i}");
        }

        Advance(endUs);
        var apart = !Equal();
        _network.Partitioned = false;
        double? healed = null;
        while (healed is null && _network.NowUs < endUs + 20_000_000)
        {
            Advance(_network.NowUs + 50_000);
            if (Equal())
                healed = (_network.NowUs - endUs) / 1e6;
        }

        Require(apart || _settings.Messages == 0, "the halves did not differ before the partition healed");
        Require(healed <= SimulationRunner.HealMaxS, $"replicas equal after {healed?.ToString() ?? "more than 20"} s, wanted at most {SimulationRunner.HealMaxS}");
        return Base() with { HealS = healed, Messages = _settings.Messages, Failures = _failures };
    }

    /// <summary>Every peer sends 20 states a second; those of the nearest peers are timed, and beside them the way up to the server and down again.</summary>
    public SimulationReport Latency()
    {
        WarmUp();
        _network.Measures.MeasureReflex = true;
        var server = new List<float>();
        var state = new byte[24];
        var ticks = (uint)Math.Clamp(_settings.Messages, 20, 400);
        for (uint tick = 1; tick <= ticks; tick++)
        {
            Advance(_network.NowUs + 50_000);
            foreach (var peer in _network.Peers)
            {
                BinaryPrimitives.WriteInt64LittleEndian(state, _network.NowUs);
                peer.Node.SendReflex(tick, state, peer.NowMs);
                _network.Schedule(peer);
                server.Add((2 * _settings.ServerLatencyMs) + (_random.Next((_settings.JitterMs * 1_000) + 1) / 1_000f));
            }
        }

        Advance(_network.NowUs + 1_000_000);
        _network.Measures.ReflexMs.Sort();
        server.Sort();
        var direct = Measures.Percentile(_network.Measures.ReflexMs, 0.5);
        var through = Measures.Percentile(server, 0.5);
        var ratio = direct > 0 ? through / direct : 0;
        Require(ratio >= SimulationRunner.RatioMin, $"ratio {ratio:0.##}, wanted at least {SimulationRunner.RatioMin}");
        return Base() with
        {
            DirectMs = direct, ServerMs = through, Ratio = Math.Round(ratio, 2), P50Ms = direct, P99Ms = Measures.Percentile(_network.Measures.ReflexMs, 0.99), Failures = _failures,
        };
    }

    /// <summary>Peers join over the first two seconds.</summary>
    private void WarmUp()
    {
        var endUs = _startUs + (_settings.WarmupMs * 1_000L);
        var spreadUs = Math.Min(2_000_000L, _settings.WarmupMs * 1_000L);
        for (var i = 0; i < _settings.Peers; i++)
        {
            _network.RunUntil(_startUs + (spreadUs * i / _settings.Peers));
            _network.Join(i);
        }

        Advance(endUs);
        if (_settings.ServerGone)
            LoseServer();
        _bytesBefore = BytesSent();
        _measuredFromUs = _network.NowUs;
    }

    private void LoseServer()
    {
        _network.ServerUp = false;
        foreach (var peer in _network.Peers)
        {
            foreach (var other in _network.Peers)
            {
                if (!peer.Links.TryGetValue(other.Index, out var link) || !link.Relay)
                    continue;
                link.Relay = false;
                peer.Node.LinkClosed(other.Id, LinkKind.Relay, peer.NowMs);
            }

            _network.Schedule(peer);
        }
    }

    private void Advance(long untilUs)
    {
        while (_network.NowUs < untilUs)
        {
            _cancel.ThrowIfCancellationRequested();
            var beforeUs = _network.NowUs;
            _network.RunUntil(Math.Min(untilUs, (beforeUs / StepUs * StepUs) + StepUs));
            if (beforeUs / StepUs == _network.NowUs / StepUs)
                continue;
            _network.CheckInvariants();
            _progress?.Report((int)((_network.NowUs - _startUs) / 1_000_000));
        }
    }

    private VirtualPeer PickOrigin()
    {
        while (true)
        {
            var peer = _network.Peers[_random.Next(_settings.Peers)];
            if (peer.Alive && !peer.Liar && _network.NowUs - peer.JoinedUs > Math.Min(5_000_000, _settings.WarmupMs * 500L))
                return peer;
        }
    }

    private void Churn()
    {
        var peer = _network.Peers[_random.Next(_settings.Peers)];
        if (!peer.Alive)
            return;
        _goneBytes += peer.Node.Stats.BytesOut;
        VirtualNetwork.Remove(peer, goodbye: _random.Chance(0.5));
        _network.Join(peer.Index);
    }

    private void Write(string prefix, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Advance(_network.NowUs + 20_000);
            var writer = PickOrigin();
            Set(writer, $"{prefix}/{i}", $"{writer.Index}");
        }
    }

    private void Set(VirtualPeer writer, string key, string value)
    {
        writer.Node.SetState(key, System.Text.Encoding.UTF8.GetBytes(value), writer.NowMs);
        _network.Schedule(writer);
    }

    private bool Equal()
    {
        ulong? first = null;
        foreach (var peer in _network.Peers)
        {
            if (!peer.Alive || peer.Liar)
                continue;
            var digest = peer.Node.StateDigest();
            if (first is { } known && known != digest)
                return false;
            first = digest;
        }

        return true;
    }

    private long BytesSent()
    {
        var bytes = _goneBytes;
        foreach (var peer in _network.Peers)
            bytes += peer.Node.Stats.BytesOut;
        return bytes;
    }

    private SimulationReport Base()
    {
        var seconds = Math.Max(1, _network.NowUs - _measuredFromUs) / 1e6;
        var links = 0;
        var alive = 0;
        foreach (var peer in _network.Peers)
        {
            links += peer.Alive ? peer.Node.LinkCount : 0;
            alive += peer.Alive ? 1 : 0;
        }

        return new SimulationReport
        {
            Scenario = _settings.Scenario.ToString().ToLowerInvariant(), Seed = _settings.Seed, Peers = _settings.Peers,
            Links = Math.Round(links / (double)Math.Max(1, alive), 2),
            BytesPerSecond = Math.Round((BytesSent() - _bytesBefore) / seconds / _settings.Peers, 1),
            Events = _network.Events, Hash = _network.Hash.ToString("x16"), Command = _settings.ToCommandLine(),
        };
    }

    private void Require(bool holds, string text)
    {
        if (!holds)
            _failures.Add(text);
    }
}
