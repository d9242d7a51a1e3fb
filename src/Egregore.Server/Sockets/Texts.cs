using Egregore.Server.Identity;
using Egregore.Wire;

namespace Egregore.Server.Sockets;

/// <summary>Texts of refusals, made once.</summary>
internal static class Texts
{
    private static readonly string[] Errors = [.. Enum.GetValues<VerifyError>().Select(error => "not a valid message: " + error)];

    /// <summary>The code on the wire for an identity step that failed.</summary>
    public static RefusalCode CodeOf(IdentityResult result) => result switch
    {
        IdentityResult.Ok => RefusalCode.None,
        IdentityResult.Malformed => RefusalCode.Malformed,
        IdentityResult.Replayed => RefusalCode.Replayed,
        IdentityResult.Overloaded => RefusalCode.Overloaded,
        _ => RefusalCode.Unauthenticated,
    };

    public static string OfTicket(IdentityResult result) => result switch
    {
        IdentityResult.Expired => "the ticket is too old: ask for another",
        IdentityResult.Replayed => "the ticket was used before",
        IdentityResult.Overloaded => "too many tickets in use",
        IdentityResult.Malformed => "not a ticket",
        _ => "the ticket was not issued here",
    };

    public static string OfChallenge(IdentityResult result) => result switch
    {
        IdentityResult.Expired => "the challenge is too old: ask for another",
        IdentityResult.Replayed => "the challenge was used before",
        IdentityResult.Overloaded => "too many challenges in use",
        IdentityResult.Malformed => "publicKey is a raw P-256 point of 65 bytes, signature 64 bytes r||s, challenge as it was given; all base64url",
        _ => "the signature does not match the key and the challenge",
    };

    public static string Of(VerifyError error) => (int)error < Errors.Length ? Errors[(int)error] : "not a valid message";
}
