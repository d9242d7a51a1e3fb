using System.Net;
using System.Net.Sockets;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Turn;

namespace Egregore.WebRtc.Host;

/// <summary>STUN and TURN servers of a transport: looking up their names, allocations, and the way of a datagram through a relay.</summary>
internal sealed partial class PeerTransport
{
    private const int ServersMax = 8;
    private const int RedirectsMax = 3;
    private readonly List<TurnRelay> _relays = [];

    /// <summary>Why servers could not be used, for whoever asks; the last eight.</summary>
    public List<string> ServerErrors { get; } = [];

    public void OnAllocated(TurnRelay relay, in TransportAddress relayed, in TransportAddress mapped)
    {
        // UDP before TCP before TLS (RFC 8656 section 3.1 gives no order; each step adds a delay).
        var preference = (ushort.MaxValue / 4) - ((int)relay.Url.Kind * 1000) - _relays.IndexOf(relay);
        var candidate = new IceCandidate(IceCandidateType.Relayed, relayed, IceCandidate.PriorityOf(IceCandidateType.Relayed, preference), $"r{_baseIds}")
        {
            // Relay only hides our address: the related one would tell it.
            Related = _configuration.IceTransportPolicy == RtcIceTransportPolicy.Relay ? default : mapped,
            RelayProtocol = relay.Protocol,
        };
        relay.Base = new IceBase(_baseIds++, candidate, preference) { Link = relay };
        var now = Host.NowUs;
        Agent.AddBase(relay.Base, now);
        Agent.EndSource(now);
    }

    public void OnRelayData(TurnRelay relay, in TransportAddress peer, ReadOnlySpan<byte> data)
    {
        if (relay.Base is not null && !data.IsEmpty)
            Receive(relay.Base, peer, data, Host.NowUs);
    }

    public void OnRelayRedirect(TurnRelay relay, in TransportAddress server)
    {
        _relays.Remove(relay);
        relay.Dispose();
        var now = Host.NowUs;
        if (relay.Redirects < RedirectsMax && server.IsIPv6 == relay.Address.IsIPv6)
            StartRelay(relay.Server, relay.Url, server, relay.Redirects + 1);
        else
            NoteServerError($"{relay.Url.Host} sent us on too often");
        Agent.EndSource(now);
    }

    public void OnRelayFailed(TurnRelay relay, string reason)
    {
        if (!_relays.Remove(relay))
            return;
        NoteServerError($"{relay.Url.Host}:{relay.Url.Port} ({relay.Protocol}): {reason}");
        relay.Dispose();
        var now = Host.NowUs;
        if (relay.Base is { } @base)
            Agent.CloseBase(@base, now);
        else
            Agent.EndSource(now);
    }

    private void GatherFromServers(IReadOnlyList<RtcIceServer> servers)
    {
        var count = 0;
        foreach (var server in servers)
        {
            foreach (var text in server.Urls)
            {
                if (++count > ServersMax)
                    return;
                if (IceServerUrl.TryParse(text) is not { } url)
                {
                    NoteServerError($"{text} is not the URL of a server that can be used");
                    continue;
                }

                Agent.BeginSource();
                if (IPAddress.TryParse(url.Host, out var address))
                    UseServer(server, url, [address]);
                else
                    _ = LookUpAsync(server, url);
            }
        }
    }

    private async Task LookUpAsync(RtcIceServer server, IceServerUrl url)
    {
        IPAddress[] addresses = [];
        try
        {
            addresses = await Dns.GetHostAddressesAsync(url.Host).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // Told below, as a name with no address.
        }

        using var scope = Enter();
        if (!_closed)
            UseServer(server, url, addresses);
    }

    private void UseServer(RtcIceServer server, IceServerUrl url, IPAddress[] addresses)
    {
        var now = Host.NowUs;
        var used = 0;
        foreach (var address in addresses)
        {
            var target = TransportAddress.From(address, url.Port);
            if (url.Kind == IceServerKind.Stun)
                Agent.AddStunServer(target, now);
            else if (used == 0 && (url.Kind != IceServerKind.TurnUdp || Host.Sockets.Any(socket => socket.Local.IsIPv6 == target.IsIPv6)) && StartRelay(server, url, target, 0))
                used++;
        }

        if (addresses.Length == 0)
            NoteServerError($"{url.Host} has no address");
        Agent.EndSource(now);
    }

    private bool StartRelay(RtcIceServer server, IceServerUrl url, in TransportAddress target, int redirects)
    {
        if (TurnRelay.Create(this, server, url, target, redirects) is not { } relay)
        {
            NoteServerError($"{url.Host}: no socket for it");
            return false;
        }

        _relays.Add(relay);
        Agent.BeginSource();
        relay.Start(_configuration.TurnTlsAllowUntrusted, Host.NowUs);
        return true;
    }

    private void NoteServerError(string text)
    {
        if (ServerErrors.Count < ServersMax)
            ServerErrors.Add(text);
    }

    private void ReceiveFromRelay(HostSocket socket, in TransportAddress remote, ReadOnlySpan<byte> datagram, long nowUs)
    {
        foreach (var relay in _relays)
        {
            if (!relay.Owns(socket))
                continue;
            if (relay.Address == remote)
                relay.Client.Receive(datagram, nowUs);
            return;
        }
    }

    private static void SendOverRelay(IceBase from, in TransportAddress to, ReadOnlySpan<byte> datagram, long nowUs)
    {
        if (from.Link is TurnRelay relay)
            relay.Client.Send(to, datagram, nowUs);
    }

    private void BindChannel(IceCandidatePair pair)
    {
        if (pair.Base.Link is TurnRelay relay)
            relay.Client.BindChannel(pair.Remote.Address, Host.NowUs);
    }

    private void OnRelayTimer(long nowUs)
    {
        for (var i = _relays.Count - 1; i >= 0; i--)
            if (_relays[i].Client.NextDeadlineUs <= nowUs)
                _relays[i].Client.OnTimer(nowUs);
    }

    private long NextRelayUs()
    {
        var next = long.MaxValue;
        foreach (var relay in _relays)
            next = Math.Min(next, relay.Client.NextDeadlineUs);
        return next;
    }

    private void CloseRelays()
    {
        foreach (var relay in _relays)
        {
            relay.Client.Close(Host.NowUs);
            relay.Dispose();
        }

        _relays.Clear();
    }
}
