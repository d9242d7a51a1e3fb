using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Host;

/// <summary>STUN and TURN servers of a transport: looking up their names, allocations, and the way of a datagram through a relay.</summary>
internal sealed partial class PeerTransport
{
    private static void GatherFromServers(IReadOnlyList<RtcIceServer> servers)
    {
    }

    private static void ReceiveFromRelay(HostSocket socket, in TransportAddress remote, ReadOnlySpan<byte> datagram, long nowUs)
    {
    }

    private static void SendOverRelay(IceBase from, in TransportAddress to, ReadOnlySpan<byte> datagram, long nowUs)
    {
    }

    private static void BindChannel(IceCandidatePair pair)
    {
    }

    private static void OnRelayTimer(long nowUs)
    {
    }

    private static long NextRelayUs() => long.MaxValue;

    private static void CloseRelays()
    {
    }
}
