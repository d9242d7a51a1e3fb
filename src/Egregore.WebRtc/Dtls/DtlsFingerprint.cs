using System.Security.Cryptography;

namespace Egregore.WebRtc.Dtls;

/// <summary>A hash of the peer's certificate, as its session description promised it (RFC 8122 section 5). SHA-1 and MD5 are not taken.</summary>
internal sealed record DtlsFingerprint(string Algorithm, byte[] Hash)
{
    public static DtlsFingerprint? TryParse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        var space = text.IndexOf(' ');
        if (space < 0)
            return null;
        var algorithm = text[..space].ToString().ToLowerInvariant();
        var size = algorithm switch { "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, _ => 0 };
        var hex = text[(space + 1)..].Trim();
        if (size == 0 || hex.Length != (size * 3) - 1)
            return null;
        var hash = new byte[size];
        for (var i = 0; i < size; i++)
            if (!byte.TryParse(hex.Slice(i * 3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out hash[i]) || (i > 0 && hex[(i * 3) - 1] != ':'))
                return null;
        return new DtlsFingerprint(algorithm, hash);
    }

    public bool Matches(ReadOnlySpan<byte> certificate)
    {
        Span<byte> hash = stackalloc byte[64];
        var size = Algorithm switch
        {
            "sha-256" => SHA256.HashData(certificate, hash),
            "sha-384" => SHA384.HashData(certificate, hash),
            _ => SHA512.HashData(certificate, hash),
        };
        return CryptographicOperations.FixedTimeEquals(hash[..size], Hash);
    }
}
