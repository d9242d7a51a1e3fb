using System.Net;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;
using Egregore.WebRtc.Turn;

namespace Egregore.WebRtc.Tests.Turn;

/// <summary>A client with a server that answers as the test says: challenges, algorithms, redirects.</summary>
public sealed class TurnClientTests
{
    private static readonly TransportAddress Relayed = TransportAddress.From(IPAddress.Parse("198.51.100.9"), 40_000);
    private static readonly TransportAddress Alternate = TransportAddress.From(IPAddress.Parse("198.51.100.2"), 3478);

    /// <summary>RFC 8489 section 9.2.1: the nonce's cookie with its first bit set says that the list of algorithms is not an attacker's.</summary>
    [Theory]
    [InlineData("obMatJos2gAAAnonce", new byte[] { 0, 2, 0, 0, 0, 1, 0, 0 }, true)]
    [InlineData("obMatJos2gAAAnonce", new byte[] { 0, 1, 0, 0, 0, 2, 0, 0 }, true)]
    [InlineData("obMatJos2gAAAnonce", new byte[] { 0, 1, 0, 0 }, false)]
    [InlineData("obMatJos2AAAAnonce", new byte[] { 0, 2, 0, 0 }, false)]
    [InlineData("anything", new byte[] { 0, 2, 0, 0 }, false)]
    [InlineData("obMatJos2gAAAnonce", null, false)]
    public void Sha256_is_used_where_the_offer_is_protected(string nonce, byte[]? algorithms, bool sha256)
    {
        var (client, output) = Challenged(nonce, algorithms);
        var request = output.Last;
        Assert.Equal(StunParseResult.Ok, StunMessage.TryParse(request, out var message));
        var key = StunIntegrity.LongTermKey("user", "realm", "secret", sha256);
        Assert.Equal((sha256, !sha256), (message.CheckIntegritySha256(key), message.CheckIntegrity(key)));
        // Both attributes come back where the offer was taken for the server's own.
        var isProtected = algorithms is not null && nonce.StartsWith("obMatJos2g", StringComparison.Ordinal);
        Assert.Equal(isProtected, message.TryGet(StunAttribute.PasswordAlgorithm, out var chosen));
        Assert.Equal(isProtected, message.TryGet(StunAttribute.PasswordAlgorithms, out var offered));
        if (isProtected)
        {
            Assert.Equal([0, (byte)(sha256 ? 2 : 1), 0, 0], chosen.ToArray());
            Assert.Equal(algorithms!, offered.ToArray());
        }

        // An answer under the other algorithm is nobody's.
        client.Receive(Answer(request, key, !sha256), 2);
        Assert.Equal((TurnState.Allocating, 1), (client.State, client.Dropped));
        client.Receive(Answer(request, key, sha256), 3);
        Assert.Equal((TurnState.Ready, Relayed), (client.State, output.Relayed));
    }

    [Fact]
    public void A_stale_nonce_is_renewed_and_the_algorithm_stays()
    {
        var (client, output) = Challenged("obMatJos2gAAAfirst", [0, 2, 0, 0]);
        client.Receive(Error(output.Last, 438, "second", null), 2);
        StunMessage.TryParse(output.Last, out var message);
        Assert.True(message.TryGet(StunAttribute.Nonce, out var nonce));
        Assert.Equal("second", System.Text.Encoding.ASCII.GetString(nonce));
        Assert.True(message.CheckIntegritySha256(StunIntegrity.LongTermKey("user", "realm", "secret", sha256: true)));
        // Not without end.
        for (var i = 0; i < TurnClient.NonceRetriesMax; i++)
            client.Receive(Error(output.Last, 438, "again", null), 3 + i);
        Assert.Equal(TurnState.Failed, client.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_alternate_server_ends_this_client_and_names_the_other(bool afterChallenge)
    {
        var (client, output) = afterChallenge ? Challenged("nonce", null) : Started();
        client.Receive(Error(output.Last, 300, null, null, Alternate), 2);
        Assert.Equal((TurnState.Closed, Alternate), (client.State, output.Redirect));
        var sent = output.Sent;
        client.OnTimer(100_000_000);
        client.Send(Relayed, [1], 100_000_000);
        Assert.Equal(sent, output.Sent);
    }

    [Fact]
    public void A_redirect_without_an_address_fails_with_a_reason()
    {
        var (client, output) = Started();
        client.Receive(Error(output.Last, 300, null, null), 2);
        Assert.Equal(TurnState.Failed, client.State);
        Assert.Contains("300", output.Reason, StringComparison.Ordinal);
    }

    private static (TurnClient Client, Output Output) Started()
    {
        var output = new Output();
        var random = new Random(1);
        var client = new TurnClient(output, "user", "secret", stream: false, bytes => random.NextBytes(bytes));
        client.Start(0);
        return (client, output);
    }

    private static (TurnClient Client, Output Output) Challenged(string nonce, byte[]? algorithms)
    {
        var (client, output) = Started();
        client.Receive(Error(output.Last, 401, nonce, algorithms), 1);
        return (client, output);
    }

    private static byte[] Error(byte[] request, int code, string? nonce, byte[]? algorithms, TransportAddress? alternate = null)
    {
        var buffer = new byte[512];
        var writer = new StunWriter(buffer, StunClass.Error, StunMethod.Allocate, TransactionId.Read(request.AsSpan(8)));
        writer.AddError(code, "x");
        if (nonce is not null)
        {
            writer.AddText(StunAttribute.Realm, "realm");
            writer.AddText(StunAttribute.Nonce, nonce);
        }

        if (algorithms is not null)
            writer.Add(StunAttribute.PasswordAlgorithms, algorithms);
        if (alternate is { } address)
        {
            // ALTERNATE-SERVER is not obfuscated: family, port and address as MAPPED-ADDRESS has them (section 14.15).
            Span<byte> plain = stackalloc byte[8];
            (plain[1], plain[2], plain[3]) = (1, (byte)(address.Port >> 8), (byte)address.Port);
            address.WriteAddress(plain[4..]);
            writer.Add(StunAttribute.AlternateServer, plain);
        }

        return buffer[..writer.Length];
    }

    private static byte[] Answer(byte[] request, byte[] key, bool sha256)
    {
        var buffer = new byte[512];
        var writer = new StunWriter(buffer, StunClass.Success, StunMethod.Allocate, TransactionId.Read(request.AsSpan(8)));
        writer.AddXorAddress(StunAttribute.XorRelayedAddress, Relayed);
        writer.AddUInt32(StunAttribute.Lifetime, 600);
        if (sha256)
            writer.AddIntegritySha256(key);
        else
            writer.AddIntegrity(key);
        return buffer[..writer.Length];
    }

    private sealed class Output : ITurnOutput
    {
        public byte[] Last { get; private set; } = [];

        public int Sent { get; private set; }

        public TransportAddress Relayed { get; private set; }

        public TransportAddress Redirect { get; private set; }

        public string Reason { get; private set; } = "";

        public void SendToServer(ReadOnlySpan<byte> message)
        {
            Last = message.ToArray();
            Sent++;
        }

        public void OnAllocated(in TransportAddress relayed, in TransportAddress mapped) => Relayed = relayed;

        public void OnData(in TransportAddress peer, ReadOnlySpan<byte> data) => Assert.Fail("data");

        public void OnRedirect(in TransportAddress server) => Redirect = server;

        public void OnFailed(string reason) => Reason = reason;
    }
}
