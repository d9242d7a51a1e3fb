using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Egregore.WebRtc;

/// <summary>The certificate that a connection shows in DTLS, and its fingerprint, which goes into the session description (RFC 8122).</summary>
public sealed class RtcCertificate
{
    private RtcCertificate(byte[] certificate, byte[] privateKey, bool isRsa, DateTimeOffset expires)
    {
        Der = certificate;
        PrivateKeyDer = privateKey;
        IsRsa = isRsa;
        Expires = expires;
        Fingerprint = Format(SHA256.HashData(certificate));
    }

    /// <summary>When it ends. Peers do not look at it: the fingerprint is what counts.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>SHA-256 of the certificate, as <c>AB:CD:…</c>.</summary>
    public string Fingerprint { get; }

    internal byte[] Der { get; }

    internal byte[] PrivateKeyDer { get; }

    internal bool IsRsa { get; }

    /// <summary>A new self-signed ECDSA P-256 certificate with a random name, good for 30 days from a day ago (RFC 8827 section 6.5). About a millisecond.</summary>
    /// <param name="time">The clock; the system's by default.</param>
    public static RtcCertificate Generate(TimeProvider? time = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = (time ?? TimeProvider.System).GetUtcNow();
        var request = new CertificateRequest("CN=" + Convert.ToHexString(RandomNumberGenerator.GetBytes(8)), key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        return new RtcCertificate(certificate.RawData, key.ExportECPrivateKey(), false, certificate.NotAfter);
    }

    /// <summary>A certificate of the caller's, with its private key (ECDSA or RSA), which must be exportable.</summary>
    /// <exception cref="RtcException">It has no private key of these kinds.</exception>
    public static RtcCertificate From(X509Certificate2 certificate)
    {
        using var ecdsa = certificate.GetECDsaPrivateKey();
        if (ecdsa is not null)
            return new RtcCertificate(certificate.RawData, ecdsa.ExportECPrivateKey(), false, certificate.NotAfter);
        using var rsa = certificate.GetRSAPrivateKey()
            ?? throw new RtcException(RtcErrorKind.InvalidState, "the certificate has no private key of ECDSA or RSA");
        return new RtcCertificate(certificate.RawData, rsa.ExportRSAPrivateKey(), true, certificate.NotAfter);
    }

    internal static string Format(ReadOnlySpan<byte> hash)
    {
        var hex = Convert.ToHexString(hash);
        return string.Create((hash.Length * 3) - 1, hex, static (text, from) =>
        {
            for (var i = 0; i < text.Length; i++)
                text[i] = i % 3 == 2 ? ':' : from[(i / 3 * 2) + (i % 3)];
        });
    }
}
