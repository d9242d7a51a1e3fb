namespace Egregore.WebRtc.Sctp;

/// <summary>Round trip and retransmission timeout (RFC 9260 section 6.3.1), in microseconds.</summary>
internal sealed class RttEstimator(SctpOptions options)
{
    private long variation;
    private int backoff;

    /// <summary>Smoothed round trip; 0 before the first sample.</summary>
    public long Smoothed { get; private set; }

    /// <summary>Least round trip seen; 0 before the first sample.</summary>
    public long Least { get; private set; }

    /// <summary>The latest sample.</summary>
    public long Latest { get; private set; }

    public long Rto { get; private set; } = options.RtoInitialMs * 1_000L;

    public void Sample(long rtt)
    {
        rtt = Math.Max(1, rtt);
        Latest = rtt;
        if (Smoothed == 0)
        {
            Smoothed = rtt;
            variation = rtt / 2;
            Least = rtt;
        }
        else
        {
            variation += (Math.Abs(Smoothed - rtt) - variation) / 4;
            Smoothed += (rtt - Smoothed) / 8;
            Least = Math.Min(Least, rtt);
        }
        backoff = 0;
        Compute();
    }

    /// <summary>Doubles the timeout.</summary>
    public void Backoff()
    {
        if (backoff < 16) backoff++;
        Compute();
    }

    private void Compute()
    {
        long rto = Smoothed == 0 ? options.RtoInitialMs * 1_000L : Math.Max(Smoothed + Math.Max(4 * variation, 1_000), options.RtoMinMs * 1_000L);
        Rto = Math.Min(rto << backoff, options.RtoMaxMs * 1_000L);
    }
}
