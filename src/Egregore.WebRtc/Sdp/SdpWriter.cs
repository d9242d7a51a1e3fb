using System.Globalization;
using System.Text;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Sdp;

/// <summary>What goes into a description of ours.</summary>
internal sealed record SdpLocal
{
    public required ulong SessionId { get; init; }

    public required int Version { get; init; }

    public required string Ufrag { get; init; }

    public required string Password { get; init; }

    public required string Fingerprint { get; init; }

    public required DtlsSetup Setup { get; init; }

    public required int MaxMessageSize { get; init; }

    public required int SctpPort { get; init; }

    public required IReadOnlyList<IceCandidate> Candidates { get; init; }

    public bool EndOfCandidates { get; init; }

    /// <summary>The offer that is answered; null for an offer of our own.</summary>
    public SdpDescription? Offer { get; init; }
}

/// <summary>Writes the full set of lines (RFC 8829 section 5.2); browsers take fewer, but not all of them the same ones.</summary>
internal static class SdpWriter
{
    public static string Write(SdpLocal local)
    {
        var text = new StringBuilder(1024);
        var mid = local.Offer is null ? "0" : local.Offer.Data!.Mid;
        text.Append(CultureInfo.InvariantCulture, $"v=0\r\no=- {local.SessionId} {local.Version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
        if (mid.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"a=group:BUNDLE {mid}\r\n");
        text.Append("a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n");
        if (local.Offer is null)
        {
            WriteData(text, local, mid, "UDP/DTLS/SCTP", "webrtc-datachannel");
            return text.ToString();
        }

        foreach (var media in local.Offer.Media)
        {
            if (media == local.Offer.Data)
            {
                WriteData(text, local, mid, media.Protocol, media.Formats);
                continue;
            }

            // Refused (RFC 3264 section 6): the same line with port 0.
            text.Append(CultureInfo.InvariantCulture, $"m={media.Kind} 0 {media.Protocol} {media.Formats}\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n");
            if (media.Mid.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $"a=mid:{media.Mid}\r\n");
        }

        return text.ToString();
    }

    private static void WriteData(StringBuilder text, SdpLocal local, string mid, string protocol, string formats)
    {
        var main = local.Candidates.Count > 0 ? local.Candidates[0] : null;
        text.Append(CultureInfo.InvariantCulture, $"m=application {main?.Address.Port ?? 9} {protocol} {formats}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"c=IN {(main is { Address.IsIPv6: true } ? "IP6" : "IP4")} {main?.Address.HostText() ?? "0.0.0.0"}\r\n");
        foreach (var candidate in local.Candidates)
            text.Append("a=").Append(candidate.Format(null)).Append("\r\n");
        if (local.EndOfCandidates)
            text.Append("a=end-of-candidates\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=ice-ufrag:{local.Ufrag}\r\na=ice-pwd:{local.Password}\r\na=ice-options:trickle\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=fingerprint:sha-256 {local.Fingerprint}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=setup:{local.Setup switch { DtlsSetup.Active => "active", DtlsSetup.Passive => "passive", _ => "actpass" }}\r\n");
        if (mid.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"a=mid:{mid}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=sctp-port:{local.SctpPort}\r\na=max-message-size:{local.MaxMessageSize}\r\n");
    }
}
