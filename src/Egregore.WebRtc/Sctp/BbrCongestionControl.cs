namespace Egregore.WebRtc.Sctp;

/// <summary>
/// Congestion control by a model of the path instead of by loss: the greatest delivery rate of the last ten rounds and the least round trip of the last ten
/// seconds give the window and the pace. After BBR (draft-ietf-ccwg-bbr), reduced: the rate is measured once a round over all that was delivered in it.
/// </summary>
/// <remarks>
/// Random loss up to some percent does not slow it, unlike Reno and CUBIC. Fairness: a smoothed loss above <see cref="LossRateMax"/> is taken for congestion,
/// as in BBRv2; the window is then cut by 30 % below what was in flight and grows again by a packet for each round. So is a timeout: the window starts again
/// with two packets. The window never exceeds <see cref="WindowMax"/>.
/// </remarks>
internal sealed class BbrCongestionControl : ICongestionControl
{
    /// <summary>Bytes in flight at the very most.</summary>
    public const long WindowMax = 64L << 20;

    /// <summary>Share of lost bytes above which loss counts as congestion.</summary>
    public const double LossRateMax = 0.08;

    private const int InitialPackets = 10;
    private const int MinPackets = 4;
    private const int RateRounds = 10;
    private const int LossPacketsMin = 6;
    private const long RttExpiry = 10_000_000;
    private const long ProbeRttTime = 200_000;
    private const long RoundMin = 1_000;
    private const long BurstMax = 64 << 10;
    private const double StartupGain = 2.77;
    private const double LossCut = 0.7;
    private static readonly double[] Cycle = [1.25, 0.75, 1, 1, 1, 1, 1, 1];

    private enum Phase : byte
    {
        Startup,
        Drain,
        Steady,
        ProbeRtt,
    }

    private readonly double[] rates = new double[RateRounds];
    private int rateIndex;
    private double rate;
    private double fullRate;
    private int fullRounds;
    private Phase phase = Phase.Startup;
    private int cycle;
    private long phaseSince;
    private long leastRtt;
    private long leastRttAt;
    private long roundSince;
    private long roundDelivered;
    private long roundLost;
    private double lossRate;
    private long packet = 1_172;
    private long window = InitialPackets * 1_172;
    private long lossCap = WindowMax;
    private bool hasStarted;

    // Acknowledgements that come in lumps (BBR.extra_acked of the draft): how much more than the rate explains, at most in the last rounds.
    private readonly long[] extras = new long[RateRounds];
    private int extraIndex;
    private long extra;
    private long lumpSince;
    private long lumpBytes;

    /// <inheritdoc/>
    public long WindowBytes => window;

    /// <inheritdoc/>
    public long PacingBytesPerSecond => rate <= 0 ? 0 : (long)Math.Max(rate * PacingGain, PacingFloor);

    /// <inheritdoc/>
    public long BurstBytes => Math.Max(10 * packet, Math.Min((long)(rate * 0.002), BurstMax));

    private double PacingGain => phase switch
    {
        Phase.Startup => StartupGain,
        Phase.Drain => 1 / StartupGain,
        Phase.Steady => Cycle[cycle],
        _ => 1,
    };

    /// <summary>
    /// The least window in a round trip, and while the path is not known the initial one (the draft's initial pacing rate): a first round in which the application
    /// sent next to nothing says nothing about the path, and a pace after it would be a standstill.
    /// </summary>
    private double PacingFloor => phase == Phase.Startup
        ? StartupGain * InitialPackets * packet * 1e6 / Math.Max(leastRtt, RoundMin)
        : MinPackets * packet * 1e6 / Math.Max(leastRtt, RoundMin);

    private long BandwidthDelay => (long)(rate * leastRtt / 1e6);

    /// <inheritdoc/>
    public void OnPacketSize(int bytes)
    {
        packet = bytes;
        if (!hasStarted) window = InitialPackets * packet;
    }

    /// <inheritdoc/>
    public void OnAck(in SctpAckSample sample)
    {
        if (!hasStarted)
        {
            hasStarted = true;
            roundSince = sample.Now;
            leastRttAt = sample.Now;
        }
        bool isRttOld = sample.Now - leastRttAt > RttExpiry;
        if (sample.Rtt > 0 && (leastRtt == 0 || sample.Rtt <= leastRtt || isRttOld))
        {
            leastRtt = sample.Rtt;
            leastRttAt = sample.Now;
        }
        roundDelivered += sample.AckedBytes;
        roundLost += sample.LostBytes;
        WatchLumps(sample);
        if (sample.RoundEnded && sample.Now - roundSince >= RoundMin) EndRound(sample);
        Advance(sample, isRttOld);
        Resize(sample);
    }

    /// <inheritdoc/>
    public void OnTimeout(long now)
    {
        window = 2 * packet;
        roundSince = now;
        roundDelivered = 0;
        roundLost = 0;
    }

    /// <inheritdoc/>
    public void OnIdle(long now)
    {
        roundSince = now;
        roundDelivered = 0;
        roundLost = 0;
        window = Math.Min(window, Math.Max(InitialPackets * packet, 2 * BandwidthDelay));
    }

    /// <summary>
    /// A peer or a network that is held up and then acknowledges much at once (a busy machine, a radio) would leave the sender idle meanwhile: the window has room
    /// for as much as came beyond the rate. A queue's acknowledgements come at the rate, so that it gets nothing from this.
    /// </summary>
    private void WatchLumps(in SctpAckSample sample)
    {
        double expected = rate * (sample.Now - lumpSince) / 1e6;
        if (lumpBytes <= expected)
        {
            lumpSince = sample.Now;
            lumpBytes = 0;
            expected = 0;
        }
        lumpBytes += sample.AckedBytes;
        long more = Math.Min(lumpBytes - (long)expected, window);
        extras[extraIndex] = Math.Max(extras[extraIndex], more);
        extra = Math.Max(extra, more);
    }

    private void EndRound(in SctpAckSample sample)
    {
        extraIndex = (extraIndex + 1) % RateRounds;
        extras[extraIndex] = 0;
        extra = 0;
        foreach (long each in extras) extra = Math.Max(extra, each);
        double measured = roundDelivered * 1e6 / (sample.Now - roundSince);
        if (!sample.AppLimited || measured > rate)
        {
            rateIndex = (rateIndex + 1) % RateRounds;
            rates[rateIndex] = measured;
            rate = 0;
            foreach (double each in rates) rate = Math.Max(rate, each);
        }
        double lossNow = (double)roundLost / Math.Max(1, roundLost + roundDelivered);
        lossRate += (lossNow - lossRate) / 4;
        bool isCongested = lossRate > LossRateMax && lossNow > LossRateMax && roundLost >= LossPacketsMin * packet;
        if (isCongested)
        {
            lossCap = Math.Max(MinPackets * packet, (long)(Math.Min(lossCap, Math.Max(sample.InFlightBefore, BandwidthDelay)) * LossCut));
        }
        else if (lossCap < WindowMax)
        {
            lossCap = Math.Min(WindowMax, lossCap + Math.Max(packet, lossCap / 32));
        }
        if (phase == Phase.Startup && (!sample.AppLimited || isCongested)) WatchStartup(isCongested, sample.Now);
        roundSince = sample.Now;
        roundDelivered = 0;
        roundLost = 0;
    }

    /// <summary>Startup ends when three rounds brought no quarter more.</summary>
    private void WatchStartup(bool isCongested, long now)
    {
        if (rate >= fullRate * 1.25)
        {
            fullRate = rate;
            fullRounds = 0;
        }
        else
        {
            fullRounds++;
        }
        if (fullRounds >= 3 || isCongested) Enter(Phase.Drain, now);
    }

    private void Advance(in SctpAckSample sample, bool isRttOld)
    {
        switch (phase)
        {
            case Phase.Drain when sample.InFlight <= BandwidthDelay || sample.Now - phaseSince > 4 * leastRtt:
                cycle = CycleStart(sample.Now);
                Enter(Phase.Steady, sample.Now);
                break;
            case Phase.Steady when isRttOld && !sample.AppLimited:
                Enter(Phase.ProbeRtt, sample.Now);
                break;
            case Phase.Steady when sample.Now - phaseSince >= Math.Max(leastRtt, RoundMin):
                cycle = (cycle + 1) % Cycle.Length;
                phaseSince = sample.Now;
                break;
            case Phase.ProbeRtt when sample.Now - phaseSince >= ProbeRttTime:
                cycle = CycleStart(sample.Now);
                Enter(Phase.Steady, sample.Now);
                break;
            default:
                break;
        }
    }

    private void Resize(in SctpAckSample sample)
    {
        long target = phase switch
        {
            Phase.ProbeRtt => Math.Max(MinPackets * packet, BandwidthDelay / 2),
            Phase.Startup when rate <= 0 => WindowMax,
            Phase.Startup or Phase.Drain => (long)(StartupGain * BandwidthDelay) + BurstBytes,
            _ => (2 * BandwidthDelay) + BurstBytes + extra,
        };
        target = Math.Clamp(Math.Min(target, lossCap), MinPackets * packet, WindowMax);
        // Grows by what is acknowledged, as in slow start, up to what the model allows.
        window = window < target ? Math.Min(target, window + sample.AckedBytes) : target;
    }

    /// <summary>Anywhere but in the probing phases, so that flows over one bottleneck do not probe in step.</summary>
    private static int CycleStart(long now) => 2 + (int)(now % (Cycle.Length - 2));

    private void Enter(Phase next, long now)
    {
        phase = next;
        phaseSince = now;
    }
}
