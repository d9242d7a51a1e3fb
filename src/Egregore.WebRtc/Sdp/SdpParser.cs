using System.Globalization;
using Egregore.WebRtc.Dtls;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Sdp;

/// <summary>Reads a session description. Strict about what the connection needs, deaf to all else.</summary>
internal static class SdpParser
{
    /// <summary>Longest text: Chromium's with audio, video and data has about 8,000 characters.</summary>
    public const int TextLengthMax = 65_536;

    private const int LinesMax = 4_096;
    private const int MediaMax = 32;
    private const int FingerprintsMax = 8;

    /// <returns>Null and the reason when it cannot be used. Never throws.</returns>
    public static SdpDescription? TryParse(string text, out string error)
    {
        error = "";
        if (text.Length > TextLengthMax)
            return Refuse(out error, $"longer than {TextLengthMax} characters");
        var description = new SdpDescription();
        var session = new Section();
        var data = new Section();
        SdpMedia? media = null;
        var lines = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var line = raw.TrimEnd();
            if (line.IsEmpty)
                continue;
            if (++lines > LinesMax)
                return Refuse(out error, $"more than {LinesMax} lines");
            if (line.Length < 2 || line[1] != '=')
                return Refuse(out error, $"line {lines} is not of the form x=…");
            if (lines == 1 && !line.SequenceEqual("v=0"))
                return Refuse(out error, "does not begin with v=0");
            var value = line[2..];
            if (line[0] == 'm')
            {
                if (description.Media.Count >= MediaMax)
                    return Refuse(out error, $"more than {MediaMax} m= lines");
                media = ParseMedia(value);
                if (media is null)
                    return Refuse(out error, $"line {lines}: m= is not kind, port, protocol, formats");
                description.Media.Add(media);
                if (description.Data is null && media.IsDataChannel && media.Port != 0)
                    description.Data = media;
            }
            else if (line[0] == 'a')
            {
                var reason = media is null ? Attribute(session, description, value)
                    : media == description.Data ? Attribute(data, description, value, media)
                    : Mid(media, value);
                if (reason is not null)
                    return Refuse(out error, $"line {lines}: {reason}");
            }
        }

        if (lines == 0)
            return Refuse(out error, "empty");
        return Finish(description, session, data, out error);
    }

    private sealed class Section
    {
        public string? Ufrag, Password;
        public DtlsSetup? Setup;
        public readonly List<DtlsFingerprint> Fingerprints = [];
        public int FingerprintLines;
    }

    private static SdpDescription? Finish(SdpDescription description, Section session, Section data, out string error)
    {
        if (description.Data is null)
            return Refuse(out error, "no m=application section with SCTP over DTLS");
        description.Ufrag = data.Ufrag ?? session.Ufrag ?? "";
        description.Password = data.Password ?? session.Password ?? "";
        if (description.Ufrag.Length is < IceCredentials.TextLengthMin or > IceCredentials.TextLengthMax)
            return Refuse(out error, "a=ice-ufrag is missing or has not 4 to 256 characters");
        if (description.Password.Length is < IceCredentials.PasswordLengthMin or > IceCredentials.TextLengthMax)
            return Refuse(out error, "a=ice-pwd is missing or has not 22 to 256 characters");
        description.Fingerprints.AddRange(data.FingerprintLines > 0 ? data.Fingerprints : session.Fingerprints);
        if (description.Fingerprints.Count == 0)
            return Refuse(out error, "no a=fingerprint with sha-256, sha-384 or sha-512");
        description.HasSetup = (data.Setup ?? session.Setup) is not null;
        description.Setup = data.Setup ?? session.Setup ?? DtlsSetup.ActPass;
        error = "";
        return description;
    }

    private static SdpMedia? ParseMedia(ReadOnlySpan<char> value)
    {
        Span<Range> parts = stackalloc Range[4];
        if (value.Split(parts, ' ') < 4)
            return null;
        var portText = value[parts[1]];
        var slash = portText.IndexOf('/');
        if (!int.TryParse(slash < 0 ? portText : portText[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            return null;
        return new SdpMedia { Kind = value[parts[0]].ToString(), Port = port, Protocol = value[parts[2]].ToString(), Formats = value[parts[3]].ToString() };
    }

    private static string? Mid(SdpMedia media, ReadOnlySpan<char> value)
    {
        if (value.StartsWith("mid:", StringComparison.Ordinal))
            media.Mid = value[4..].Trim().ToString();
        return null;
    }

    /// <returns>What is wrong with it; null when nothing is, or when it is of no concern.</returns>
    private static string? Attribute(Section section, SdpDescription description, ReadOnlySpan<char> value, SdpMedia? media = null)
    {
        var colon = value.IndexOf(':');
        var name = colon < 0 ? value : value[..colon];
        var text = colon < 0 ? [] : value[(colon + 1)..].Trim();
        switch (name)
        {
            case "ice-ufrag":
                section.Ufrag = text.ToString();
                return null;
            case "ice-pwd":
                section.Password = text.ToString();
                return null;
            case "ice-lite":
                description.IceLite = true;
                return null;
            case "fingerprint":
                if (++section.FingerprintLines > FingerprintsMax)
                    return $"more than {FingerprintsMax} a=fingerprint";
                if (DtlsFingerprint.TryParse(text) is { } fingerprint)
                    section.Fingerprints.Add(fingerprint);
                return null;
            case "setup":
                switch (text)
                {
                    case "actpass": section.Setup = DtlsSetup.ActPass; return null;
                    case "active": section.Setup = DtlsSetup.Active; return null;
                    case "passive": section.Setup = DtlsSetup.Passive; return null;
                    default: return "a=setup is not actpass, active or passive";
                }

            case "mid" when media is not null:
                media.Mid = text.ToString();
                return null;
            case "sctp-port":
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
                    return "a=sctp-port is not 1 to 65535";
                description.SctpPort = port;
                return null;
            case "max-message-size":
                if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                    return "a=max-message-size is not a number";
                description.MaxMessageSize = size;
                return null;
            case "candidate":
                if (description.Candidates.Count < 64 && IceCandidate.TryParse(value, out var candidate) == IceCandidateParseResult.Ok)
                    description.Candidates.Add(candidate!);
                return null;
            case "end-of-candidates":
                description.EndOfCandidates = true;
                return null;
            default:
                return null;
        }
    }

    private static SdpDescription? Refuse(out string error, string reason)
    {
        error = reason;
        return null;
    }
}
