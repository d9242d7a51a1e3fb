using System.Security.Cryptography;
using Egregore.Wire;

namespace Egregore.Server.Tests.Support;

/// <summary>A peer's real key pair.</summary>
internal sealed class TestKey : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestKey()
    {
        var point = _key.ExportParameters(false).Q;
        PublicKey = [4, .. point.X!, .. point.Y!];
        Id = PeerId.FromPublicKey(PublicKey);
    }

    public byte[] PublicKey { get; }

    public PeerId Id { get; }

    public byte[] Sign(byte[] message) => _key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public void Dispose() => _key.Dispose();
}
