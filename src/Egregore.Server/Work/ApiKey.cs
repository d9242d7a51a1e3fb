using System.Security.Cryptography;
using System.Text;

namespace Egregore.Server.Work;

/// <summary>A program that may do more than players.</summary>
/// <param name="Name">Whose key it is; logged and shown.</param>
/// <param name="Secret">The key itself; never logged nor shown.</param>
public sealed record ApiKey(string Name, string Secret)
{
    /// <summary>The name alone: a secret does not get into a log by way of a message.</summary>
    public override string ToString() => Name;

    /// <summary>The key that this text is, or null. The time it takes says nothing about a secret.</summary>
    internal static ApiKey? Find(IReadOnlyList<ApiKey> keys, string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > 256)
            return null;
        Span<byte> given = stackalloc byte[32];
        Span<byte> known = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), given);
        ApiKey? found = null;
        foreach (var key in keys)
        {
            SHA256.HashData(Encoding.UTF8.GetBytes(key.Secret), known);
            if (CryptographicOperations.FixedTimeEquals(given, known))
                found = key;
        }

        return found;
    }
}
