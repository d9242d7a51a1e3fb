using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>RFC 9260 section 7.2 as it stands, to compare with: slow start, congestion avoidance, half the window for each window with a loss.</summary>
internal sealed class RenoCongestionControl : ICongestionControl
{
    private long packet = 1_172;
    private long threshold = long.MaxValue;
    private long acknowledged;
    private long recoveryUntilDelivered;
    private long delivered;

    public long WindowBytes { get; private set; } = 4_404;

    public long PacingBytesPerSecond => 0;

    public long BurstBytes => 0;

    public void OnPacketSize(int bytes) => packet = bytes;

    public void OnAck(in SctpAckSample sample)
    {
        delivered += sample.AckedBytes;
        if (sample.LostBytes > 0 && delivered >= recoveryUntilDelivered)
        {
            threshold = Math.Max(WindowBytes / 2, 4 * packet);
            WindowBytes = threshold;
            recoveryUntilDelivered = delivered + sample.InFlightBefore;
            acknowledged = 0;
            return;
        }
        if (delivered < recoveryUntilDelivered || sample.InFlightBefore < WindowBytes - packet) return;
        if (WindowBytes <= threshold)
        {
            WindowBytes += Math.Min(sample.AckedBytes, packet);
            return;
        }
        acknowledged += sample.AckedBytes;
        if (acknowledged < WindowBytes) return;
        acknowledged -= WindowBytes;
        WindowBytes += packet;
    }

    public void OnTimeout(long now)
    {
        threshold = Math.Max(WindowBytes / 2, 4 * packet);
        WindowBytes = packet;
        acknowledged = 0;
    }

    public void OnIdle(long now)
    {
    }
}
