using System.Globalization;
using System.Net;
using System.Text;

namespace Egregore.WebRtc.Ice;

/// <summary>RFC 8445 section 5.1.1.</summary>
internal enum IceCandidateType
{
    Host,
    ServerReflexive,
    PeerReflexive,
    Relayed,
}

/// <summary>What a candidate line turned out to be.</summary>
internal enum IceCandidateParseResult
{
    Ok,

    /// <summary>A name instead of an address (mDNS): the peer's own checks will show the address.</summary>
    Name,

    /// <summary>Well-formed, but of no use here: TCP, another component, a port of zero, an address nobody can send to.</summary>
    Unusable,

    /// <summary>Not the grammar of RFC 8839 section 5.1.</summary>
    Malformed,
}

/// <summary>One candidate (RFC 8445 section 5.1, RFC 8839 section 5.1 for the text).</summary>
internal sealed record IceCandidate(IceCandidateType Type, TransportAddress Address, uint Priority, string Foundation)
{
    /// <summary>Longest line that is read; Chromium's have up to 200 characters.</summary>
    public const int TextLengthMax = 512;

    public TransportAddress Related { get; init; }

    /// <summary>The generation that the line names, where it names one (RFC 8838 section 17.2.2).</summary>
    public string? Ufrag { get; init; }

    /// <summary>How a relayed candidate's server is reached: udp, tcp or tls.</summary>
    public string? RelayProtocol { get; init; }

    public static int TypePreference(IceCandidateType type) => type switch
    {
        IceCandidateType.Host => 126,
        IceCandidateType.PeerReflexive => 110,
        IceCandidateType.ServerReflexive => 100,
        _ => 0,
    };

    /// <summary>RFC 8445 section 5.1.2.1, component 1.</summary>
    public static uint PriorityOf(IceCandidateType type, int localPreference) =>
        ((uint)TypePreference(type) << 24) | ((uint)(ushort)localPreference << 8) | 255;

    public static string TypeName(IceCandidateType type) => type switch
    {
        IceCandidateType.Host => "host",
        IceCandidateType.ServerReflexive => "srflx",
        IceCandidateType.PeerReflexive => "prflx",
        _ => "relay",
    };

    public override string ToString() => Format(null);

    /// <summary>The candidate line, without <c>a=</c>.</summary>
    public string Format(string? ufrag)
    {
        var text = new StringBuilder(128);
        text.Append(CultureInfo.InvariantCulture, $"candidate:{Foundation} 1 udp {Priority} {Address.HostText()} {Address.Port} typ {TypeName(Type)}");
        if (Type != IceCandidateType.Host)
        {
            // A related address is asked for by the grammar; where there is none to tell, the unspecified one stands (RFC 8839 section 5.1).
            if (Related.IsNone)
                text.Append(Address.IsIPv6 ? " raddr :: rport 0" : " raddr 0.0.0.0 rport 0");
            else
                text.Append(CultureInfo.InvariantCulture, $" raddr {Related.HostText()} rport {Related.Port}");
        }

        if (ufrag is not null)
            text.Append(" ufrag ").Append(ufrag);
        return text.ToString();
    }

    public static IceCandidateParseResult TryParse(ReadOnlySpan<char> line, out IceCandidate? candidate)
    {
        candidate = null;
        line = line.Trim();
        if (line.StartsWith("a=", StringComparison.Ordinal))
            line = line[2..];
        if (!line.StartsWith("candidate:", StringComparison.OrdinalIgnoreCase) || line.Length > TextLengthMax)
            return IceCandidateParseResult.Malformed;
        line = line["candidate:".Length..];

        Span<Range> parts = stackalloc Range[32];
        var count = line.Split(parts, ' ', StringSplitOptions.RemoveEmptyEntries);
        if (count < 8 || parts[0].End.Value - parts[0].Start.Value > 32 || !line[parts[6]].Equals("typ", StringComparison.OrdinalIgnoreCase))
            return IceCandidateParseResult.Malformed;
        if (!int.TryParse(line[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var component)
            || !uint.TryParse(line[parts[3]], NumberStyles.None, CultureInfo.InvariantCulture, out var priority)
            || !ushort.TryParse(line[parts[5]], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return IceCandidateParseResult.Malformed;
        var kind = line[parts[7]];
        IceCandidateType type;
        if (kind.Equals("host", StringComparison.OrdinalIgnoreCase))
            type = IceCandidateType.Host;
        else if (kind.Equals("srflx", StringComparison.OrdinalIgnoreCase))
            type = IceCandidateType.ServerReflexive;
        else if (kind.Equals("prflx", StringComparison.OrdinalIgnoreCase))
            type = IceCandidateType.PeerReflexive;
        else if (kind.Equals("relay", StringComparison.OrdinalIgnoreCase))
            type = IceCandidateType.Relayed;
        else
            return IceCandidateParseResult.Malformed;
        if (component != 1 || !line[parts[2]].Equals("udp", StringComparison.OrdinalIgnoreCase) || priority == 0)
            return IceCandidateParseResult.Unusable;
        var host = line[parts[4]];
        if (!IPAddress.TryParse(host, out var ip))
            return host.Contains('.') ? IceCandidateParseResult.Name : IceCandidateParseResult.Malformed;
        var address = TransportAddress.From(ip, port);
        if (port == 0 || address.IsUnusable)
            return IceCandidateParseResult.Unusable;

        string? ufrag = null;
        for (var i = 8; i + 1 < count; i += 2)
            if (line[parts[i]].Equals("ufrag", StringComparison.OrdinalIgnoreCase))
                ufrag = line[parts[i + 1]].ToString();
        candidate = new IceCandidate(type, address, priority, line[parts[0]].ToString()) { Ufrag = ufrag };
        return IceCandidateParseResult.Ok;
    }
}
