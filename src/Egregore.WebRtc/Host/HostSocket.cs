using System.Net;
using System.Net.Sockets;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Host;

/// <summary>One bound UDP socket of a host.</summary>
internal sealed class HostSocket : IDisposable
{
    private HostSocket(RtcHost host, Socket socket, TransportAddress local, bool isSpare)
    {
        Host = host;
        Socket = socket;
        Local = local;
        IsSpare = isSpare;
        Descriptor = (int)socket.Handle;
    }

    private static int _ids;

    public RtcHost Host { get; }

    /// <summary>Never used again in this process, unlike a descriptor.</summary>
    public int Id { get; } = Interlocked.Increment(ref _ids);

    public Socket Socket { get; }

    public int Descriptor { get; }

    public TransportAddress Local { get; }

    /// <summary>Opened because connections would share a tuple of addresses on the first one, or for a TURN server.</summary>
    public bool IsSpare { get; }

    /// <summary>The system cuts trains of datagrams apart. Ends where a network device refuses.</summary>
    public bool SendsTrains { get; set; }

    /// <summary>Everything that arrives here is this connection's (a TURN allocation's socket); null for a shared one.</summary>
    public IHostClient? Owner { get; init; }

    /// <exception cref="SocketException">The address or port cannot be had.</exception>
    public static HostSocket Bind(RtcHost host, IPAddress address, int port, int bufferBytes, bool isSpare, IHostClient? owner)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            socket.ReceiveBufferSize = bufferBytes;
            socket.SendBufferSize = bufferBytes;
            if (OperatingSystem.IsWindows())
            {
                // SIO_UDP_CONNRESET: else an ICMP answer to one peer fails the next receive.
                const int UdpConnReset = -1744830452;
                socket.IOControl(UdpConnReset, [0, 0, 0, 0], null);
            }

            socket.Bind(new IPEndPoint(address, port));
            return new HostSocket(host, socket, TransportAddress.From((IPEndPoint)socket.LocalEndPoint!), isSpare)
            {
                Owner = owner,
                SendsTrains = host.UsesLinuxCalls && TrySet(socket, LinuxSockets.UdpSegment, 0) && TrySet(socket, LinuxSockets.UdpCoalesce, 1),
            };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => Socket.Dispose();

    private static bool TrySet(Socket socket, int option, int value)
    {
        try
        {
            socket.SetRawSocketOption(LinuxSockets.UdpLevel, option, BitConverter.GetBytes(value));
            return true;
        }
        catch (SocketException)
        {
            // A kernel from before 5.0: datagrams go one by one.
            return false;
        }
    }
}

/// <summary>A connection as its host sees it. Called on the host's threads, without a lock held.</summary>
internal interface IHostClient
{
    /// <summary>When the timer is set for, in microseconds; the host's own.</summary>
    HostTimerEntry TimerEntry { get; }

    /// <summary>Takes a datagram.</summary>
    /// <returns>False when it was STUN that nobody with the password sent.</returns>
    bool OnDatagram(HostSocket socket, in TransportAddress remote, ReadOnlySpan<byte> datagram);

    /// <summary>The datagrams that had arrived together are all handed over.</summary>
    void OnBatchEnd();

    void OnTimer();
}

/// <summary>A client's place in the heap of deadlines. Guarded by the heap's lock.</summary>
internal sealed class HostTimerEntry(IHostClient client)
{
    public IHostClient Client { get; } = client;

    /// <summary>Read without the lock too, to see that nothing is to be done.</summary>
    public long ArmedUs = long.MaxValue;

    public int Index { get; set; } = -1;
}
