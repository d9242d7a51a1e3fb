using Egregore.WebRtc.Dtls;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Sdp;

/// <summary>Who begins DTLS (RFC 8842).</summary>
internal enum DtlsSetup
{
    ActPass,
    Active,
    Passive,
}

/// <summary>One <c>m=</c> section. Of audio and video only what is needed to refuse them.</summary>
internal sealed class SdpMedia
{
    public required string Kind { get; init; }

    public required string Protocol { get; init; }

    public required string Formats { get; init; }

    public int Port { get; init; }

    public string Mid { get; set; } = "";

    public bool IsDataChannel => Kind == "application" && Protocol.Contains("SCTP", StringComparison.Ordinal);
}

/// <summary>What a session description says about the transport of data channels (RFC 8866, RFC 8839, RFC 8841, RFC 8842).</summary>
internal sealed class SdpDescription
{
    public const int DefaultMaxMessageSize = 65_536;

    public List<SdpMedia> Media { get; } = [];

    /// <summary>The first section of data channels; null when there is none.</summary>
    public SdpMedia? Data { get; set; }

    public string Ufrag { get; set; } = "";

    public string Password { get; set; } = "";

    public List<DtlsFingerprint> Fingerprints { get; } = [];

    public DtlsSetup Setup { get; set; } = DtlsSetup.ActPass;

    public bool HasSetup { get; set; }

    public int SctpPort { get; set; } = 5000;

    /// <summary><c>a=max-message-size</c>; 0 is "any size", a missing line 65,536 (RFC 8841 section 6).</summary>
    public long MaxMessageSize { get; set; } = DefaultMaxMessageSize;

    public List<IceCandidate> Candidates { get; } = [];

    public bool EndOfCandidates { get; set; }

    public bool IceLite { get; set; }
}
