using System.Security.Cryptography;

namespace Egregore.Server.Identity;

/// <summary>Checks a peer's signature: ECDSA P-256 over SHA-256, key as a raw 65-byte point, signature as 64 bytes r||s (WebCrypto's form).</summary>
internal static class PeerKey
{
    public const int PublicKeyBytes = 65;
    public const int SignatureBytes = 64;

    /// <summary>False for a wrong signature and for whatever is no point of the curve.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeyBytes || publicKey[0] != 4 || signature.Length != SignatureBytes)
            return false;
        try
        {
            using var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = publicKey[1..33].ToArray(), Y = publicKey[33..].ToArray() },
            });
            return key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
