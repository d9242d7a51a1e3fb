namespace Egregore.Server.Api;

/// <summary>Asks for a challenge.</summary>
/// <param name="PublicKey">Raw P-256 point, 65 bytes, base64url (base64 is taken too).</param>
public sealed record ChallengeRequest(string PublicKey);

/// <summary>A challenge to sign: ECDSA P-256 with SHA-256 over its decoded bytes.</summary>
/// <param name="Challenge">Base64url. The bytes start with <c>egregore ticket 1\n</c>; sign nothing else.</param>
public sealed record ChallengeResponse(string Challenge);

/// <summary>Asks for a ticket.</summary>
/// <param name="PublicKey">As in the challenge's request.</param>
/// <param name="Challenge">As it was given.</param>
/// <param name="Signature">64 bytes r||s, base64url (base64 is taken too).</param>
public sealed record TicketRequest(string PublicKey, string Challenge, string Signature);

/// <summary>A ticket for one Hello.</summary>
/// <param name="Ticket">Goes into the first message on <c>/ws</c> and nowhere else.</param>
/// <param name="Expires">Milliseconds since the Unix epoch, truth's clock.</param>
/// <param name="Peer">The peer's id: 32 hexadecimal digits.</param>
public sealed record TicketResponse(string Ticket, long Expires, string Peer);

/// <summary>Whether a part is well.</summary>
/// <param name="Status"><c>ok</c> or what is wrong.</param>
public sealed record HealthResponse(string Status);
