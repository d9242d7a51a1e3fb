namespace Egregore.WebRtc.Sctp;

/// <summary>Counters of one association since its creation.</summary>
internal sealed class SctpStatistics
{
    /// <summary>Packets sent.</summary>
    public long PacketsSent { get; internal set; }

    /// <summary>Packets received and accepted.</summary>
    public long PacketsReceived { get; internal set; }

    /// <summary>Messages handed to <see cref="ISctpSink.OnMessage"/>.</summary>
    public long MessagesReceived { get; internal set; }

    /// <summary>Messages whose last fragment was sent.</summary>
    public long MessagesSent { get; internal set; }

    /// <summary>Messages given up by partial reliability.</summary>
    public long MessagesAbandoned { get; internal set; }

    /// <summary>Bytes of messages received.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>DATA chunks sent again.</summary>
    public long ChunksRetransmitted { get; internal set; }

    /// <summary>Expired retransmission timers (T3).</summary>
    public long Timeouts { get; internal set; }

    /// <summary>Probes sent when a tail stayed unacknowledged.</summary>
    public long TailProbes { get; internal set; }

    /// <summary>DATA chunks that had arrived before.</summary>
    public long DuplicateChunks { get; internal set; }

    /// <summary>DATA chunks dropped since a bound was reached.</summary>
    public long ChunksDroppedFull { get; internal set; }

    /// <summary>Fragments thrown away since the rest of their message was skipped.</summary>
    public long FragmentsDropped { get; internal set; }

    /// <summary>Ordered messages whose sequence number was not the next one though everything before had arrived.</summary>
    public long SequenceErrors { get; internal set; }

    /// <summary>Packets too short, with broken chunk lengths or for other ports.</summary>
    public long PacketsMalformed { get; internal set; }

    /// <summary>Packets with a wrong checksum.</summary>
    public long PacketsBadChecksum { get; internal set; }

    /// <summary>Packets with a wrong verification tag.</summary>
    public long PacketsBadTag { get; internal set; }

    /// <summary>Chunks whose value made no sense, or that have no place in the state.</summary>
    public long ChunksInvalid { get; internal set; }

    /// <summary>SACKs that acknowledged what was not sent.</summary>
    public long SacksBogus { get; internal set; }

    /// <summary>Cookies with a wrong signature or past their time.</summary>
    public long CookiesRefused { get; internal set; }

    /// <summary>Chunks of unknown types.</summary>
    public long ChunksUnknown { get; internal set; }

    /// <summary>All that was dropped as hostile or broken.</summary>
    public long Dropped => PacketsMalformed + PacketsBadChecksum + PacketsBadTag + ChunksInvalid + SacksBogus + CookiesRefused;
}
