using System.Runtime.InteropServices.JavaScript;

namespace Egregore.Browser.Interop;

/// <summary>web/src/edge/crypto.ts: the tab's key pair, in WebCrypto.</summary>
internal static partial class Crypto
{
    /// <summary>65 bytes: the uncompressed point.</summary>
    [JSImport("cryptoPublicKey", Edge.Module)]
    internal static partial byte[] PublicKey();

    /// <summary>The signature in base64, 64 bytes r||s.</summary>
    [JSImport("cryptoSign", Edge.Module)]
    internal static partial Task<string> SignAsync(byte[] bytes);

    [JSImport("cryptoVerify", Edge.Module)]
    internal static partial Task<bool> VerifyAsync(byte[] publicKey, byte[] signature, byte[] bytes);

    [JSImport("cryptoRandom", Edge.Module)]
    internal static partial byte[] Random(int count);
}
