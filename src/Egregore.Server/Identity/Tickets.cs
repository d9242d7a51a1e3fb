using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Egregore.Server.Security;
using Egregore.Wire;

namespace Egregore.Server.Identity;

/// <summary>Why an identity step was refused.</summary>
internal enum IdentityResult : byte
{
    Ok,
    Malformed,
    Forged,
    Expired,
    Replayed,
    Overloaded,
}

/// <summary>
/// Challenges and tickets. Both are stateless until they are used: an HMAC-SHA256 under the server's key covers them, and a bounded cache remembers
/// what was used until it expires.
/// <code>
/// challenge: "egregore ticket 1\n" (18) | nonce 16 | expires u64 | mac 32 over these and the public key
/// ticket:    1 | peer 16 | nonce 16 | expires u64 | mac 32
/// </code>
/// A client signs the challenge's bytes; the readable start keeps that signature from being good for anything else.
/// </summary>
internal sealed class Tickets
{
    private const int NonceBytes = 16;
    private const int MacBytes = 32;
    private const byte TicketVersion = 1;
    public const int ChallengeBytes = 18 + NonceBytes + 8 + MacBytes;
    private const int TicketBytes = 1 + 16 + NonceBytes + 8 + MacBytes;

    private readonly byte[] _key;
    private readonly int _lifetimeMs;
    private readonly TimeProvider _time;
    private readonly ReplayCache _challenges;
    private readonly ReplayCache _tickets;

    /// <param name="key">At least 32 bytes; whoever knows it can make tickets.</param>
    /// <param name="lifetimeMs">How long challenges and tickets are good.</param>
    /// <param name="replayCapacity">Bound of each of the two caches.</param>
    /// <param name="time">The host's clock.</param>
    public Tickets(ReadOnlySpan<byte> key, int lifetimeMs, int replayCapacity, TimeProvider time)
    {
        _key = key.ToArray();
        _lifetimeMs = lifetimeMs;
        _time = time;
        _challenges = new ReplayCache(replayCapacity);
        _tickets = new ReplayCache(replayCapacity);
    }

    public static Tickets Of(ServerOptions options, TimeProvider time) =>
        new(options.TicketKey.IsEmpty ? RandomNumberGenerator.GetBytes(32) : options.TicketKey.Span, options.TicketSeconds * 1000, options.ReplayCacheMax, time);

    private static ReadOnlySpan<byte> Domain => "egregore ticket 1\n"u8;

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A challenge for the holder of this key, as base64url text.</summary>
    public string Challenge(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> bytes = stackalloc byte[ChallengeBytes];
        Domain.CopyTo(bytes);
        RandomNumberGenerator.Fill(bytes.Slice(18, NonceBytes));
        BinaryPrimitives.WriteInt64LittleEndian(bytes[34..], NowMs + _lifetimeMs);
        Mac(bytes[..42], publicKey, bytes[42..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Turns a signed challenge into a ticket. A challenge works once.</summary>
    public IdentityResult TryIssue(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> challenge, ReadOnlySpan<byte> signature, out string ticket, out long expiresMs)
    {
        ticket = "";
        expiresMs = 0;
        if (publicKey.Length != EcdsaP256.PublicKeyBytes || challenge.Length != ChallengeBytes || signature.Length != EnvelopeCodec.SignatureBytes)
            return IdentityResult.Malformed;
        Span<byte> mac = stackalloc byte[MacBytes];
        Mac(challenge[..42], publicKey, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, challenge[42..]))
            return IdentityResult.Forged;
        var now = NowMs;
        var challengeExpires = BinaryPrimitives.ReadInt64LittleEndian(challenge[34..]);
        if (challengeExpires < now)
            return IdentityResult.Expired;
        if (!EcdsaP256.Verify(publicKey, challenge, signature))
            return IdentityResult.Forged;
        if (Use(_challenges, challenge.Slice(18, NonceBytes), challengeExpires, now) is var used and not IdentityResult.Ok)
            return used;

        expiresMs = now + _lifetimeMs;
        Span<byte> bytes = stackalloc byte[TicketBytes];
        bytes[0] = TicketVersion;
        PeerId.FromPublicKey(publicKey).Write(bytes[1..]);
        RandomNumberGenerator.Fill(bytes.Slice(17, NonceBytes));
        BinaryPrimitives.WriteInt64LittleEndian(bytes[33..], expiresMs);
        Mac(bytes[..41], [], bytes[41..]);
        ticket = Base64Url.EncodeToString(bytes);
        return IdentityResult.Ok;
    }

    /// <summary>Takes a ticket, once.</summary>
    public IdentityResult TryRedeem(ReadOnlySpan<char> ticket, out PeerId peer)
    {
        peer = default;
        Span<byte> bytes = stackalloc byte[TicketBytes + 3];
        if (ticket.Length > 128 || Base64Url.DecodeFromChars(ticket, bytes, out _, out var written) != OperationStatus.Done || written != TicketBytes)
            return IdentityResult.Malformed;
        bytes = bytes[..TicketBytes];
        Span<byte> mac = stackalloc byte[MacBytes];
        Mac(bytes[..41], [], mac);
        if (bytes[0] != TicketVersion || !CryptographicOperations.FixedTimeEquals(mac, bytes[41..]))
            return IdentityResult.Forged;
        var now = NowMs;
        var expires = BinaryPrimitives.ReadInt64LittleEndian(bytes[33..]);
        if (expires < now)
            return IdentityResult.Expired;
        if (Use(_tickets, bytes.Slice(17, NonceBytes), expires, now) is var used and not IdentityResult.Ok)
            return used;
        peer = PeerId.Read(bytes[1..]);
        return IdentityResult.Ok;
    }

    private static IdentityResult Use(ReplayCache cache, ReadOnlySpan<byte> nonce, long expiresMs, long nowMs) => cache.TryUse(nonce, expiresMs, nowMs) switch
    {
        ReplayCache.Result.Fresh => IdentityResult.Ok,
        ReplayCache.Result.Replayed => IdentityResult.Replayed,
        _ => IdentityResult.Overloaded,
    };

    private void Mac(ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, Span<byte> mac)
    {
        Span<byte> all = stackalloc byte[head.Length + tail.Length];
        head.CopyTo(all);
        tail.CopyTo(all[head.Length..]);
        HMACSHA256.HashData(_key, all, mac);
    }
}
