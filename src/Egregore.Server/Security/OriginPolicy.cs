using Microsoft.AspNetCore.Http;

namespace Egregore.Server.Security;

/// <summary>
/// Whether a request may come from where it says it does. Browsers always send <c>Origin</c> with a WebSocket handshake and with a POST; programs send none, and a
/// missing header passes, because a program could send any. Good are the server's own origin and those of the list.
/// </summary>
internal sealed class OriginPolicy(IReadOnlyCollection<string> allowed)
{
    private readonly HashSet<string> _allowed = new(allowed.Select(Normalize), StringComparer.OrdinalIgnoreCase);

    public bool IsAllowed(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        if (origin.Count == 0)
            return true;
        if (origin.Count > 1 || origin[0] is not { Length: > 0 and <= 256 } text || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
            return false;
        var authority = uri.IsDefaultPort && request.Host.Port is null ? uri.Host : $"{uri.Host}:{uri.Port}";
        var own = request.Host.Port is null ? request.Host.Host : $"{request.Host.Host}:{request.Host.Port}";
        return (uri.Scheme is "http" or "https" && string.Equals(authority, own, StringComparison.OrdinalIgnoreCase)) || _allowed.Contains(Normalize(text));
    }

    private static string Normalize(string origin) => origin.TrimEnd('/');
}
