using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Turn;

namespace Egregore.WebRtc.Host;

/// <summary>
/// One allocation of a transport and its way to the server: a UDP socket of its own (an allocation belongs to the tuple of addresses), or a TCP or TLS stream.
/// </summary>
/// <remarks>All but the stream's own loops runs with the transport's lock held. A stream allocates for each message: it is the way of last resort.</remarks>
internal sealed class TurnRelay : ITurnOutput, IDisposable
{
    private const int WritesMax = 512;
    private readonly PeerTransport _transport;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<byte[]>? _writes;
    private readonly HostSocket? _socket;
    private Socket? _stream;
    private bool _disposed;

    private TurnRelay(PeerTransport transport, RtcIceServer server, IceServerUrl url, TransportAddress address, HostSocket? socket)
    {
        _transport = transport;
        Server = server;
        Url = url;
        Address = address;
        _socket = socket;
        if (socket is null)
            _writes = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(WritesMax) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        Client = new TurnClient(this, server.Username ?? "", server.Credential ?? "", socket is null, RandomNumberGenerator.Fill);
    }

    public RtcIceServer Server { get; }

    public IceServerUrl Url { get; }

    public TransportAddress Address { get; }

    public TurnClient Client { get; }

    /// <summary>Set with the allocation.</summary>
    public IceBase? Base { get; set; }

    public int Redirects { get; init; }

    public string Protocol => Url.Kind switch { IceServerKind.TurnUdp => "udp", IceServerKind.TurnTcp => "tcp", _ => "tls" };

    public bool Owns(HostSocket socket) => _socket == socket;

    /// <returns>Null when there is no socket to be had for it.</returns>
    public static TurnRelay? Create(PeerTransport transport, RtcIceServer server, IceServerUrl url, in TransportAddress address, int redirects)
    {
        HostSocket? socket = null;
        if (url.Kind == IceServerKind.TurnUdp)
        {
            HostSocket? like = null;
            foreach (var candidate in transport.Host.Sockets)
                if (candidate.Local.IsIPv6 == address.IsIPv6 && (like is null || candidate.Local.IsLoopback == address.IsLoopback))
                    like = candidate;
            if (like is null || (socket = transport.Host.OpenSpare(like, transport)) is null)
                return null;
        }

        return new TurnRelay(transport, server, url, address, socket) { Redirects = redirects };
    }

    public void Start(bool allowUntrusted, long nowUs)
    {
        if (_socket is not null)
            Client.Start(nowUs);
        else
            _ = RunStreamAsync(allowUntrusted);
    }

    public void SendToServer(ReadOnlySpan<byte> message)
    {
        if (_socket is null)
        {
            _writes!.Writer.TryWrite(message.ToArray());
            return;
        }

        var batch = SendBatch.Current;
        message.CopyTo(batch.Reserve());
        batch.Commit(_socket, Address, message.Length, isOrdered: true);
    }

    public void OnAllocated(in TransportAddress relayed, in TransportAddress mapped) => _transport.OnAllocated(this, relayed, mapped);

    public void OnData(in TransportAddress peer, ReadOnlySpan<byte> data) => _transport.OnRelayData(this, peer, data);

    public void OnRedirect(in TransportAddress server) => _transport.OnRelayRedirect(this, server);

    public void OnFailed(string reason) => _transport.OnRelayFailed(this, reason);

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_socket is not null)
        {
            // The last refresh is still in the batch.
            SendBatch.Current.Flush();
            _transport.Host.CloseSpare(_socket);
            return;
        }

        // The writer sends what it holds, then the stream closes.
        _writes!.Writer.TryComplete();
        _stopping.CancelAfter(TimeSpan.FromSeconds(2));
    }

    private async Task RunStreamAsync(bool allowUntrusted)
    {
        var stopping = _stopping.Token;
        try
        {
            _stream = new Socket(Address.ToIPAddress().AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _stream.ConnectAsync(Address.ToEndPoint(), stopping).ConfigureAwait(false);
            Stream bytes = new NetworkStream(_stream, ownsSocket: true);
            await using (bytes.ConfigureAwait(false))
            {
                if (Url.Kind == IceServerKind.TurnTls)
                {
                    var options = new SslClientAuthenticationOptions { TargetHost = Url.Host };
                    if (allowUntrusted)
#pragma warning disable CA5359 // Asked for by name in the configuration.
                        options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
                    var tls = new SslStream(bytes);
                    await tls.AuthenticateAsClientAsync(options, stopping).ConfigureAwait(false);
                    bytes = tls;
                }

                using (var scope = _transport.Enter())
                    Client.Start(scope.NowUs);
                var writing = WriteAsync(bytes, stopping);
                await ReadAsync(bytes, stopping).ConfigureAwait(false);
                await writing.ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            using var scope = _transport.Enter();
            if (!_disposed)
                OnFailed("the stream to the TURN server: " + e.Message);
        }
        finally
        {
            _stream?.Dispose();
        }
    }

    private async Task WriteAsync(Stream stream, CancellationToken stopping)
    {
        await foreach (var message in _writes!.Reader.ReadAllAsync(stopping).ConfigureAwait(false))
            await stream.WriteAsync(message, stopping).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
    }

    private async Task ReadAsync(Stream stream, CancellationToken stopping)
    {
        var reader = new TurnStreamReader();
        while (true)
        {
            var read = await stream.ReadAsync(reader.Free, stopping).ConfigureAwait(false);
            if (read == 0)
                throw new IOException("closed by the server");
            reader.Advance(read);
            using var scope = _transport.Enter();
            int length;
            while ((length = reader.Next(out var message)) > 0)
            {
                Client.Receive(message, scope.NowUs);
                reader.Consume(length);
            }

            if (length < 0)
                throw new IOException("not a stream of TURN");
        }
    }
}
