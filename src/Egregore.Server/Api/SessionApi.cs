using System.Buffers.Text;
using Egregore.Server.Identity;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Egregore.Server.Api;

/// <summary>Identity: a challenge, a signature, a ticket.</summary>
internal static class SessionApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var session = api.MapGroup("/session").WithTags("session").RequireRateLimiting(RateLimits.Identity);
        session.MapPost("/challenge", Challenge)
            .WithSummary("A challenge for the holder of a public key")
            .Produces<ChallengeResponse>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        session.MapPost("/ticket", Ticket)
            .WithSummary("A single-use ticket for the WebSocket, against a signed challenge")
            .Produces<TicketResponse>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
    }

    private static IResult Challenge(ChallengeRequest request, Tickets tickets)
    {
        Span<byte> key = stackalloc byte[EcdsaP256.PublicKeyBytes];
        return TryDecode(request.PublicKey, key) && key[0] == 4
            ? TypedResults.Ok(new ChallengeResponse(tickets.Challenge(key)))
            : Refuse(IdentityResult.Malformed);
    }

    private static IResult Ticket(TicketRequest request, Tickets tickets)
    {
        Span<byte> key = stackalloc byte[EcdsaP256.PublicKeyBytes];
        Span<byte> challenge = stackalloc byte[Tickets.ChallengeBytes];
        Span<byte> signature = stackalloc byte[EnvelopeCodec.SignatureBytes];
        if (!TryDecode(request.PublicKey, key) || !TryDecode(request.Challenge, challenge) || !TryDecode(request.Signature, signature))
            return Refuse(IdentityResult.Malformed);
        var result = tickets.TryIssue(key, challenge, signature, out var ticket, out var expires);
        return result == IdentityResult.Ok ? TypedResults.Ok(new TicketResponse(ticket, expires, PeerId.FromPublicKey(key).ToString())) : Refuse(result);
    }

    private static ProblemHttpResult Refuse(IdentityResult result)
    {
        ServerMeter.Refused(Texts.CodeOf(result));
        var status = result switch
        {
            IdentityResult.Malformed => StatusCodes.Status400BadRequest,
            IdentityResult.Overloaded => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status401Unauthorized,
        };
        return TypedResults.Problem(Texts.OfChallenge(result), statusCode: status);
    }

    /// <summary>Exactly as many bytes as the destination has, from base64url or base64.</summary>
    private static bool TryDecode(string? text, Span<byte> destination)
    {
        if (text is null || text.Length > 2 * destination.Length)
            return false;
        Span<byte> bytes = stackalloc byte[(2 * destination.Length) + 4];
        if (!Convert.TryFromBase64String(text, bytes, out var written) && !TryBase64Url(text, bytes, out written))
            return false;
        bytes[..Math.Min(written, destination.Length)].CopyTo(destination);
        return written == destination.Length;
    }

    private static bool TryBase64Url(string text, Span<byte> bytes, out int written)
    {
        written = 0;
        return Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out written);
    }
}
