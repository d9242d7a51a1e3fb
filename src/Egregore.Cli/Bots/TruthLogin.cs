using Egregore.Wire;
using System.Buffers.Text;
using System.Net.Http.Json;
using System.Text.Json.Serialization;

namespace Egregore.Cli.Bots;

/// <summary>The HTTP half of joining a world: a challenge is signed, a ticket comes back. See docs/server.md.</summary>
internal sealed class TruthLogin(HttpClient http)
{
    /// <exception cref="HttpRequestException">The server is not there, or refused; the message carries its reason.</exception>
    public async Task<string> TicketAsync(EcdsaP256 key, CancellationToken cancel)
    {
        var publicKey = Base64Url.EncodeToString(key.PublicKey.Span);
        var challenge = await PostAsync("api/session/challenge", new ChallengeRequest(publicKey), LoginJson.Default.ChallengeRequest, LoginJson.Default.ChallengeReply, cancel);
        var signature = Base64Url.EncodeToString(key.Sign(Base64Url.DecodeFromChars(challenge.Challenge)));
        var ticket = await PostAsync(
            "api/session/ticket", new TicketRequest(publicKey, challenge.Challenge, signature), LoginJson.Default.TicketRequest, LoginJson.Default.TicketReply, cancel);
        return ticket.Ticket;
    }

    private async Task<TReply> PostAsync<TRequest, TReply>(
        string path,
        TRequest request,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<TRequest> requestType,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<TReply> replyType,
        CancellationToken cancel)
    {
        using var reply = await http.PostAsJsonAsync(path, request, requestType, cancel);
        if (!reply.IsSuccessStatusCode)
            throw new HttpRequestException($"{path} answered {(int)reply.StatusCode}: {await reply.Content.ReadAsStringAsync(cancel)}");
        return (await reply.Content.ReadFromJsonAsync(replyType, cancel))!;
    }
}

internal sealed record ChallengeRequest(string PublicKey);

internal sealed record ChallengeReply(string Challenge);

internal sealed record TicketRequest(string PublicKey, string Challenge, string Signature);

internal sealed record TicketReply(string Ticket);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ChallengeRequest))]
[JsonSerializable(typeof(ChallengeReply))]
[JsonSerializable(typeof(TicketRequest))]
[JsonSerializable(typeof(TicketReply))]
internal sealed partial class LoginJson : JsonSerializerContext;
