using System.Buffers;
using System.Collections.Concurrent;
using Egregore.Peer;
using Egregore.WebRtc;
using Egregore.Wire;

namespace Egregore.Cli.Bots;

/// <summary>
/// The direct links of a native participant: one peer connection for each neighbour with the two negotiated channels that the tab makes too (web/src/edge/rtc.ts): id 0, <c>reliable</c>, and
/// id 1, <c>reflex</c>, unordered and never retransmitted. All but the handlers run on the participant's thread; those fill a queue that <see cref="Pump"/> empties.
/// </summary>
/// <param name="host">The sockets; shared by all participants of the process.</param>
/// <param name="certificate">Shown to every peer.</param>
internal sealed class DirectLinks(RtcHost host, RtcCertificate certificate) : IDisposable
{
    private const int LinksMax = 32;
    private const int MessageBytesMax = 64 * 1024;
    private const int EventsMax = 8192;
    private const int CandidatesWaitingMax = 64;

    // From the first signal to the open channels.
    private const int ConnectTimeoutMs = 15_000;

    // A reflex state that would wait behind this much is late already.
    private const int ReflexBufferBytesMax = 64 * 1024;

    private readonly Dictionary<PeerId, Link> _links = [];
    private readonly ConcurrentQueue<LinkEvent> _events = new();
    private readonly Queue<(PeerId Peer, uint Connection)> _failed = new();
    private int _waiting;

    /// <summary>Ice servers as truth names them, for links made from now on.</summary>
    public IReadOnlyList<string> IceServers { get; set; } = [];

    /// <summary>Messages and bytes that came over links since the last call.</summary>
    public (long Messages, long Bytes) TakeFigures()
    {
        var figures = (_messagesIn, _bytesIn);
        _messagesIn = _bytesIn = 0;
        return figures;
    }

    private long _messagesIn;
    private long _bytesIn;

    /// <summary>Links whose channels are open.</summary>
    public int OpenCount => _links.Values.Count(link => link.Open);

    /// <summary>Dials; a link to the same peer goes.</summary>
    public void Offer(PeerId peer, uint connection)
    {
        if (Make(peer, connection) is not { } link)
            return;
        // The description first: setting it lets candidates go, which mean nothing to a peer without it.
        var offer = link.Connection.CreateOffer();
        Push(new LinkEvent(EventType.Signal, link, SignalType.Offer, offer.Sdp));
        link.Connection.SetLocalDescription(offer);
    }

    /// <summary>Takes a signal; what a peer says wrongly ends its attempt and nothing else.</summary>
    public void Signal(PeerId peer, uint connection, SignalType type, string data, string mid)
    {
        if (type == SignalType.Offer)
        {
            if (Make(peer, connection) is { } made)
                Answer(made, data);
            return;
        }

        if (!_links.TryGetValue(peer, out var link) || link.Number != connection)
            return;
        switch (type)
        {
            case SignalType.Answer when !link.Connection.TrySetRemoteDescription(new RtcSessionDescription(RtcSdpType.Answer, data), out _):
            case SignalType.Bye:
                End(link);
                break;
            case SignalType.Answer:
                RemoteKnown(link);
                break;
            case SignalType.Candidate when link.RemoteKnown:
                link.Connection.TryAddIceCandidate(new RtcIceCandidate { Candidate = data, SdpMid = mid }, out _);
                break;
            case SignalType.Candidate when link.Waiting.Count < CandidatesWaitingMax:
                link.Waiting.Add(new RtcIceCandidate { Candidate = data, SdpMid = mid });
                break;
        }
    }

    /// <summary>Sends where the channel is open; what does not fit is dropped, and a gap in the reliable channel ends the link.</summary>
    public void Send(PeerId peer, LinkChannel channel, ReadOnlySpan<byte> message)
    {
        if (!_links.TryGetValue(peer, out var link) || !link.Open)
            return;
        if (channel == LinkChannel.Reflex)
        {
            if (link.Reflex.BufferedAmount <= ReflexBufferBytesMax)
                link.Reflex.TrySend(message);
        }
        else if (link.Reliable.TrySend(message) != RtcSendResult.Queued)
        {
            End(link);
        }
    }

    /// <summary>Ends a link; the participant is not told.</summary>
    public void HangUp(PeerId peer)
    {
        if (_links.Remove(peer, out var link))
            link.Connection.Close();
    }

    /// <summary>Hands over what came since the last time.</summary>
    public void Pump(Participant participant, long nowMs)
    {
        while (_failed.TryDequeue(out var failed))
            participant.LinkClosed(failed.Peer, failed.Connection, nowMs);
        while (_events.TryDequeue(out var one))
        {
            Interlocked.Decrement(ref _waiting);
            if (_links.GetValueOrDefault(one.Link.Peer) == one.Link)
                Take(participant, one, nowMs);
            if (one.Message is not null)
                ArrayPool<byte>.Shared.Return(one.Message);
        }

        foreach (var link in _links.Values)
        {
            link.DeadlineMs = link.DeadlineMs == 0 ? nowMs + ConnectTimeoutMs : link.DeadlineMs;
            if (!link.Open && nowMs > link.DeadlineMs)
                Push(new LinkEvent(EventType.Closed, link));
        }
    }

    public void Dispose()
    {
        foreach (var link in _links.Values)
            link.Connection.Close();
        _links.Clear();
    }

    private void Take(Participant participant, in LinkEvent one, long nowMs)
    {
        var link = one.Link;
        switch (one.Type)
        {
            case EventType.Signal:
                participant.LocalSignal(link.Peer, link.Number, one.Signal, one.Data, one.Mid, nowMs);
                break;
            case EventType.Opened when !link.Open && link.Reliable.ReadyState == RtcDataChannelState.Open && link.Reflex.ReadyState == RtcDataChannelState.Open:
                link.Open = true;
                participant.LinkOpened(link.Peer, link.Number, nowMs);
                break;
            case EventType.Message:
                _messagesIn++;
                _bytesIn += one.Length;
                participant.ReceiveLink(link.Peer, one.Message.AsSpan(0, one.Length), nowMs);
                break;
            case EventType.Closed:
                _links.Remove(link.Peer);
                link.Connection.Close();
                participant.LinkClosed(link.Peer, link.Number, nowMs);
                break;
        }
    }

    private Link? Make(PeerId peer, uint connection)
    {
        HangUp(peer);
        if (_links.Count >= LinksMax)
        {
            _failed.Enqueue((peer, connection));
            return null;
        }

        RtcPeerConnection made;
        try
        {
            made = new RtcPeerConnection(new RtcConfiguration { Certificate = certificate, IceServers = IceServers.Count == 0 ? [] : [new RtcIceServer { Urls = IceServers }] }, host);
        }
        catch (RtcException)
        {
            // The host is full: the relay does.
            _failed.Enqueue((peer, connection));
            return null;
        }

        var link = new Link(
            peer, connection, made, made.CreateDataChannel("reliable", new RtcDataChannelInit { Negotiated = true, Id = 0 }),
            made.CreateDataChannel("reflex", new RtcDataChannelInit { Negotiated = true, Id = 1, Ordered = false, MaxRetransmits = 0 }));
        made.IceCandidate += candidate => Push(new LinkEvent(EventType.Signal, link, SignalType.Candidate, candidate?.Candidate ?? "", candidate?.SdpMid ?? ""));
        made.ConnectionStateChanged += state =>
        {
            if (state is RtcPeerConnectionState.Failed or RtcPeerConnectionState.Closed)
                Push(new LinkEvent(EventType.Closed, link));
        };
        foreach (var channel in (RtcDataChannel[])[link.Reliable, link.Reflex])
        {
            channel.Opened += _ => Push(new LinkEvent(EventType.Opened, link));
            channel.Closed += _ => Push(new LinkEvent(EventType.Closed, link));
            channel.Message += (from, message, _) => Received(link, from, message);
        }

        _links[peer] = link;
        return link;
    }

    private void Answer(Link link, string offer)
    {
        if (!link.Connection.TrySetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, offer), out _))
        {
            End(link);
            return;
        }

        RemoteKnown(link);
        var answer = link.Connection.CreateAnswer();
        Push(new LinkEvent(EventType.Signal, link, SignalType.Answer, answer.Sdp));
        link.Connection.SetLocalDescription(answer);
    }

    private static void RemoteKnown(Link link)
    {
        link.RemoteKnown = true;
        foreach (var candidate in link.Waiting)
            link.Connection.TryAddIceCandidate(candidate, out _);
        link.Waiting.Clear();
    }

    private void End(Link link)
    {
        HangUp(link.Peer);
        _failed.Enqueue((link.Peer, link.Number));
    }

    /// <summary>On the host's thread.</summary>
    private void Received(Link link, RtcDataChannel channel, ReadOnlySpan<byte> message)
    {
        if (message.Length <= MessageBytesMax && Volatile.Read(ref _waiting) < EventsMax)
        {
            var copy = ArrayPool<byte>.Shared.Rent(message.Length);
            message.CopyTo(copy);
            Push(new LinkEvent(EventType.Message, link) { Message = copy, Length = message.Length });
        }
        else if (channel == link.Reliable)
        {
            // A lost reflex is normal; a gap in the reliable channel is not.
            Push(new LinkEvent(EventType.Closed, link));
        }
    }

    private void Push(in LinkEvent one)
    {
        Interlocked.Increment(ref _waiting);
        _events.Enqueue(one);
    }

    private enum EventType : byte
    {
        Signal,
        Opened,
        Message,
        Closed,
    }

    private sealed record Link(PeerId Peer, uint Number, RtcPeerConnection Connection, RtcDataChannel Reliable, RtcDataChannel Reflex)
    {
        public List<RtcIceCandidate> Waiting { get; } = [];

        public bool RemoteKnown { get; set; }

        public bool Open { get; set; }

        public long DeadlineMs { get; set; }
    }

    private readonly record struct LinkEvent(EventType Type, Link Link, SignalType Signal = default, string Data = "", string Mid = "")
    {
        public byte[]? Message { get; init; }

        public int Length { get; init; }
    }
}
