using System.Security.Cryptography;
using Egregore.Wire;

namespace Egregore.Cli.Bots;

/// <summary>A bot's identity: an ECDSA P-256 key that lives as long as the process.</summary>
internal sealed class BotKey : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public BotKey()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        var raw = new byte[65];
        raw[0] = 4;
        point.X.CopyTo(raw, 1);
        point.Y.CopyTo(raw, 33);
        PublicKey = raw;
        Id = PeerId.FromPublicKey(raw);
    }

    public byte[] PublicKey { get; }

    public PeerId Id { get; }

    public byte[] Sign(ReadOnlySpan<byte> bytes) => _key.SignData(bytes, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public void Dispose() => _key.Dispose();
}
