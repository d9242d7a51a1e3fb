using Egregore.WebRtc.Dtls;

namespace Egregore.WebRtc.Tests;

public sealed class DtlsSessionTests
{
    private readonly RtcCertificate _a = RtcCertificate.Generate();
    private readonly RtcCertificate _b = RtcCertificate.Generate();

    [Fact]
    public void Two_ends_agree_on_aes_gcm_and_exchange_packets()
    {
        using var client = new DtlsSession(_a, server: false);
        using var server = new DtlsSession(_b, server: true);
        Start(client, server);
        Run(client, server);

        Assert.Equal(DtlsState.Connected, client.State);
        Assert.Equal(DtlsState.Connected, server.State);
        Assert.Equal("DTLSv1.2", client.Version);
        Assert.Contains("AES128-GCM", server.Cipher, StringComparison.Ordinal);

        Span<byte> datagram = new byte[1500], clear = new byte[1500];
        for (var i = 1; i <= 100; i++)
        {
            var packet = new byte[i * 11];
            Random.Shared.NextBytes(packet);
            var length = client.Write(packet, datagram);
            Assert.Equal(packet.Length + DtlsSession.OverheadBytes, length);
            server.Receive(datagram[..length]);
            Assert.Equal(packet, clear[..server.Read(clear)].ToArray());
            Assert.Equal(0, server.Read(clear));
        }
    }

    [Fact]
    public void A_session_that_was_quiet_takes_its_buffers_again()
    {
        using var client = new DtlsSession(_a, server: false);
        using var server = new DtlsSession(_b, server: true);
        client.ReleaseBuffers();
        Assert.False(client.HoldsBuffers);
        Start(client, server);
        Run(client, server);
        Span<byte> datagram = new byte[1500], clear = new byte[1500];
        for (var i = 1; i <= 3; i++)
        {
            client.ReleaseBuffers();
            server.ReleaseBuffers();
            Assert.False(client.HoldsBuffers);
            Assert.False(server.HoldsBuffers);
            var length = client.Write([1, 2, 3], datagram);
            Assert.True(client.HoldsBuffers);
            server.Receive(datagram[..length]);
            Assert.Equal(3, server.Read(clear));
            length = server.Write([4, 5], datagram);
            client.Receive(datagram[..length]);
            Assert.Equal(2, client.Read(clear));
        }

        client.ReleaseBuffers();
        server.ReleaseBuffers();
        client.Close();
        Run(client, server);
        Assert.Equal(DtlsState.Closed, server.State);
    }

    [Fact]
    public void A_replayed_and_a_forged_datagram_bring_nothing()
    {
        using var client = new DtlsSession(_a, server: false);
        using var server = new DtlsSession(_b, server: true);
        Start(client, server);
        Run(client, server);
        Span<byte> datagram = new byte[1500], clear = new byte[1500];
        var length = client.Write([1, 2, 3], datagram);
        server.Receive(datagram[..length]);
        Assert.Equal(3, server.Read(clear));
        server.Receive(datagram[..length]);
        Assert.Equal(0, server.Read(clear));
        length = client.Write([1, 2, 3], datagram);
        datagram[length - 1] ^= 1;
        server.Receive(datagram[..length]);
        Assert.Equal(0, server.Read(clear));
        Assert.Equal(DtlsState.Connected, server.State);
    }

    [Fact]
    public void A_certificate_that_was_not_promised_fails_before_any_data()
    {
        using var client = new DtlsSession(_a, server: false);
        using var server = new DtlsSession(_b, server: true);
        client.Start([Fingerprint(_a)]);
        server.Start([Fingerprint(_a)]);
        Run(client, server);

        Assert.Equal(DtlsState.Failed, client.State);
        Assert.Contains("fingerprint", client.Error, StringComparison.Ordinal);
        Assert.Equal(0, client.Write([1], new byte[100]));
    }

    [Fact]
    public void A_lost_flight_is_repeated_by_its_timer()
    {
        using var client = new DtlsSession(_a, server: false);
        using var server = new DtlsSession(_b, server: true);
        Start(client, server);
        Span<byte> datagram = new byte[1500];
        Assert.True(client.TakeRecord(datagram) > 0);
        Assert.Equal(0, client.TakeRecord(datagram));
        Assert.InRange(client.TimeoutUs, 1, 200_000);
        var until = DateTime.UtcNow.AddSeconds(5);
        var length = 0;
        // OpenSSL reads the system's clock: the only wait that real time asks for.
        while (length == 0 && DateTime.UtcNow < until)
        {
            Thread.Sleep(TimeSpan.FromMicroseconds(Math.Max(client.TimeoutUs, 100)));
            client.OnTimer();
            length = client.TakeRecord(datagram);
        }

        server.Receive(datagram[..length]);
        Run(client, server);
        Assert.Equal(DtlsState.Connected, client.State);
    }

    [Fact]
    public void Close_notify_closes_the_other_end()
    {
        using var client = new DtlsSession(_a, server: false);
        using var server = new DtlsSession(_b, server: true);
        Start(client, server);
        Run(client, server);
        client.Close();
        Run(client, server);
        Assert.Equal(DtlsState.Closed, server.State);
    }

    [Theory]
    [InlineData("sha-1 00:11")]
    [InlineData("sha-256 00:11")]
    [InlineData("sha-256")]
    [InlineData("")]
    public void Weak_and_broken_fingerprints_are_refused(string text) => Assert.Null(DtlsFingerprint.TryParse(text));

    private void Start(DtlsSession client, DtlsSession server)
    {
        server.Start([Fingerprint(_a)]);
        client.Start([Fingerprint(_b)]);
    }

    private static DtlsFingerprint Fingerprint(RtcCertificate certificate) => DtlsFingerprint.TryParse("sha-256 " + certificate.Fingerprint)!;

    private static void Run(DtlsSession a, DtlsSession b)
    {
        for (var i = 0; i < 100 && Move(a, b) | Move(b, a); i++)
        {
        }
    }

    private static bool Move(DtlsSession from, DtlsSession to)
    {
        Span<byte> datagram = new byte[4500], clear = new byte[4500];
        var moved = false;
        for (int length; (length = from.TakeRecord(datagram)) > 0; moved = true)
        {
            to.Receive(datagram[..length]);
            while (to.Read(clear) > 0)
            {
            }
        }

        return moved;
    }
}
