using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Egregore.Wire;

/// <summary>
/// A peer's key pair on hosts with System.Security.Cryptography: ECDSA over P-256 with SHA-256, public keys as raw 65-byte points
/// (0x04 || X || Y), signatures as 64 bytes r || s (IEEE P1363), as WebCrypto has them. Tabs use WebCrypto itself.
/// </summary>
/// <remarks>A host's tool: creating keys and signing draw on the system's random source, so no core calls it. Not for many threads at once.</remarks>
[UnsupportedOSPlatform("browser")]
public sealed class EcdsaP256 : IDisposable
{
    /// <summary>The length of a raw public key.</summary>
    public const int PublicKeyBytes = 65;

    private readonly ECDsa _key;
    private readonly byte[] _publicKey;

    private EcdsaP256(ECDsa key)
    {
        _key = key;
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        _publicKey = [4, .. parameters.Q.X!, .. parameters.Q.Y!];
        Peer = PeerId.FromPublicKey(_publicKey);
    }

    /// <summary>The raw public key, 65 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <summary>Whom the key names.</summary>
    public PeerId Peer { get; }

    /// <summary>A new key pair.</summary>
    public static EcdsaP256 Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The key pair of <see cref="ExportPrivateKey"/>.</summary>
    /// <exception cref="CryptographicException">Not a PKCS#8 key on P-256.</exception>
    public static EcdsaP256 FromPrivateKey(ReadOnlySpan<byte> pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            if (key.KeySize != 256)
            {
                throw new CryptographicException("The key is not on the curve P-256");
            }
            return new EcdsaP256(key);
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Whether <paramref name="signature"/> is over <paramref name="data"/> by the holder of <paramref name="publicKey"/>; a malformed key or signature is false.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeyBytes || publicKey[0] != 4 || signature.Length != EnvelopeCodec.SignatureBytes)
        {
            return false;
        }
        try
        {
            using var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = publicKey[1..33].ToArray(), Y = publicKey[33..].ToArray() },
            });
            return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            // The point is not on the curve.
            return false;
        }
    }

    /// <summary>The key pair as PKCS#8, unencrypted.</summary>
    public byte[] ExportPrivateKey() => _key.ExportPkcs8PrivateKey();

    /// <summary>Signs; gives 64 bytes.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data) => _key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
