using System.Globalization;

namespace Egregore.WebRtc.Turn;

internal enum IceServerKind
{
    Stun,
    TurnUdp,
    TurnTcp,
    TurnTls,
}

/// <summary>A server's URL, read (RFC 7064, RFC 7065).</summary>
internal readonly record struct IceServerUrl(IceServerKind Kind, string Host, int Port)
{
    /// <returns>Null when it is none, or asks for what is not spoken here (stuns, DTLS to a TURN server).</returns>
    public static IceServerUrl? TryParse(string url)
    {
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || url.Length > 512)
            return null;
        var scheme = url[..colon].ToLowerInvariant();
        var rest = url.AsSpan(colon + 1);
        var transport = "";
        if (rest.IndexOf('?') is >= 0 and var question)
        {
            if (!rest[(question + 1)..].StartsWith("transport=", StringComparison.OrdinalIgnoreCase))
                return null;
            transport = rest[(question + 11)..].ToString().ToLowerInvariant();
            rest = rest[..question];
        }

        IceServerKind kind;
        switch (scheme, transport)
        {
            case ("stun", ""): kind = IceServerKind.Stun; break;
            case ("turn", "" or "udp"): kind = IceServerKind.TurnUdp; break;
            case ("turn", "tcp"): kind = IceServerKind.TurnTcp; break;
            case ("turns", "" or "tcp"): kind = IceServerKind.TurnTls; break;
            default: return null;
        }

        var port = kind == IceServerKind.TurnTls ? 5349 : 3478;
        ReadOnlySpan<char> host;
        if (rest.StartsWith("[", StringComparison.Ordinal))
        {
            var end = rest.IndexOf(']');
            if (end < 0)
                return null;
            host = rest[1..end];
            rest = rest[(end + 1)..];
            if (!rest.IsEmpty && rest[0] != ':')
                return null;
        }
        else
        {
            var last = rest.IndexOf(':');
            host = last < 0 ? rest : rest[..last];
            rest = last < 0 ? [] : rest[last..];
        }

        if (host.IsEmpty || (!rest.IsEmpty && (!int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)))
            return null;
        return new IceServerUrl(kind, host.ToString(), port);
    }
}
