using System.Security.Cryptography;
using System.Text;

namespace Egregore.WebRtc.Stun;

/// <summary>Keys and codes of RFC 8489 section 9 and 14.5: HMAC-SHA1 by definition of the protocol, or HMAC-SHA256.</summary>
internal static class StunIntegrity
{
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac, bool sha256)
    {
        if (sha256)
            HMACSHA256.HashData(key, message, mac);
        else
#pragma warning disable CA5350 // The protocol's own code (RFC 8489 section 14.5).
            HMACSHA1.HashData(key, message, mac);
#pragma warning restore CA5350
    }

    /// <summary>The key of a long-term credential (section 9.2.2): a hash of <c>username:realm:password</c>.</summary>
    public static byte[] LongTermKey(string username, string realm, string password, bool sha256)
    {
        var text = Encoding.UTF8.GetBytes($"{username}:{realm}:{password}");
#pragma warning disable CA5351 // The protocol's own hash where the server offers no other.
        return sha256 ? SHA256.HashData(text) : MD5.HashData(text);
#pragma warning restore CA5351
    }
}
