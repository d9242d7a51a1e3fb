namespace Egregore.WebRtc.Sctp;

/// <summary>What one SACK told. Times in microseconds.</summary>
internal readonly record struct SctpAckSample
{
    /// <summary>The host's time.</summary>
    public long Now { get; init; }

    /// <summary>Bytes that were acknowledged for the first time, cumulatively or in gap blocks.</summary>
    public long AckedBytes { get; init; }

    /// <summary>Bytes that this SACK let appear lost.</summary>
    public long LostBytes { get; init; }

    /// <summary>Bytes in flight before this SACK.</summary>
    public long InFlightBefore { get; init; }

    /// <summary>Bytes in flight after this SACK.</summary>
    public long InFlight { get; init; }

    /// <summary>A round trip sample; 0 if there is none (only retransmitted chunks were acknowledged).</summary>
    public long Rtt { get; init; }

    /// <summary>Everything that was sent when the round began has been acknowledged or given up: a new round begins.</summary>
    public bool RoundEnded { get; init; }

    /// <summary>In the current round the application, not the window, was the limit at some time.</summary>
    public bool AppLimited { get; init; }
}

/// <summary>
/// How much may be in flight, and how fast it may leave. One instance for each association; called on its thread; no I/O, no clock, no allocation.
/// </summary>
internal interface ICongestionControl
{
    /// <summary>Bytes that may be in flight, headers not counted.</summary>
    long WindowBytes { get; }

    /// <summary>Bytes a second at which packets may leave; 0: unpaced.</summary>
    long PacingBytesPerSecond { get; }

    /// <summary>Bytes that may leave at once when pacing had them wait.</summary>
    long BurstBytes { get; }

    /// <summary>The bytes of a full packet's data are known or have changed.</summary>
    void OnPacketSize(int bytes);

    /// <summary>A SACK brought something new.</summary>
    void OnAck(in SctpAckSample sample);

    /// <summary>The retransmission timer expired: everything in flight counts as lost.</summary>
    void OnTimeout(long now);

    /// <summary>Nothing was in flight for some time and something is sent now.</summary>
    void OnIdle(long now);
}
