using System.Net;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Tests.Ice;

/// <summary>How a NAT maps and filters (RFC 4787's terms; the older names stand beside them).</summary>
public enum Nat
{
    /// <summary>A public address.</summary>
    None,

    /// <summary>Full cone: endpoint-independent mapping and filtering.</summary>
    FullCone,

    /// <summary>Restricted: endpoint-independent mapping, address-dependent filtering.</summary>
    Restricted,

    /// <summary>Port-restricted: endpoint-independent mapping, address- and port-dependent filtering.</summary>
    PortRestricted,

    /// <summary>Symmetric: address- and port-dependent mapping and filtering.</summary>
    Symmetric,
}

/// <summary>Two agents behind NATs of their own, a STUN server and a relay between them, in virtual time; 10 ms each way.</summary>
internal sealed class NatNetwork
{
    private const long DelayUs = 10_000;
    private static readonly TransportAddress StunServer = TransportAddress.From(IPAddress.Parse("198.51.100.1"), 3478);
    private readonly PriorityQueue<Action, (long AtUs, int Order)> _due = new();
    private int _order;

    public NatNetwork(Nat a, Nat b, bool relays)
    {
        A = new Side(this, a, 1);
        B = new Side(this, b, 2);
        A.Agent.SetRole(true);
        foreach (var (side, other) in new[] { (A, B), (B, A) })
        {
            side.Other = other;
            side.Agent.SetRemoteCredentials(other.Agent.Credentials.LocalUfrag, other.Agent.Credentials.LocalPassword, NowUs);
        }

        foreach (var side in new[] { A, B })
        {
            side.Agent.BeginSource();
            side.Agent.AddBase(side.Base, NowUs);
            side.Agent.AddStunServer(StunServer, NowUs);
            if (relays)
                side.Agent.AddBase(side.Relay, NowUs);
            side.Agent.EndSource(NowUs);
        }
    }

    public Side A { get; }

    public Side B { get; }

    public long NowUs { get; private set; } = 1;

    public void Run(long us)
    {
        var end = NowUs + us;
        while (true)
        {
            var next = Math.Min(A.Agent.NextDeadlineUs, B.Agent.NextDeadlineUs);
            if (_due.TryPeek(out _, out var first))
                next = Math.Min(next, first.AtUs);
            if (next > end)
                break;
            NowUs = Math.Max(NowUs, next);
            if (_due.TryPeek(out _, out first) && first.AtUs <= NowUs)
            {
                _due.Dequeue()();
                continue;
            }

            foreach (var side in new[] { A, B })
                if (side.Agent.NextDeadlineUs <= NowUs)
                    side.Agent.OnTimer(NowUs);
        }

        NowUs = end;
    }

    private void Later(Action action) => _due.Enqueue(action, (NowUs + DelayUs, _order++));

    /// <summary>A datagram on the public network.</summary>
    private void Route(TransportAddress from, TransportAddress to, byte[] bytes)
    {
        if (to == StunServer)
        {
            var answer = new byte[64];
            var writer = new StunWriter(answer, StunClass.Success, StunMethod.Binding, TransactionId.Read(bytes.AsSpan(8)));
            writer.AddXorAddress(StunAttribute.XorMappedAddress, from);
            var length = writer.Length;
            Later(() => Route(StunServer, from, answer[..length]));
            return;
        }

        foreach (var side in new[] { A, B })
        {
            if (side.BaseFor(from, to) is { } @base)
                Later(() => side.Agent.Receive(@base, from, bytes, NowUs));
        }
    }

    internal sealed class Side : IIceOutput
    {
        private readonly NatNetwork _network;
        private readonly Nat _nat;
        private readonly TransportAddress _public;
        private readonly Dictionary<TransportAddress, ushort> _mappings = [];
        private readonly HashSet<(ushort Port, TransportAddress To)> _sentTo = [];
        private readonly HashSet<TransportAddress> _relayedTo = [];

        public Side(NatNetwork network, Nat nat, int number)
        {
            (_network, _nat) = (network, nat);
            _public = TransportAddress.From(IPAddress.Parse($"203.0.113.{number}"), 1);
            var own = TransportAddress.From(IPAddress.Parse(nat == Nat.None ? $"203.0.113.{number}" : $"10.0.{number}.2"), 5000);
            Base = new IceBase(0, new IceCandidate(IceCandidateType.Host, own, IceCandidate.PriorityOf(IceCandidateType.Host, 65_535), "h"), 65_535);
            var relayed = TransportAddress.From(IPAddress.Parse("198.51.100.9"), 40_000 + number);
            Relay = new IceBase(1, new IceCandidate(IceCandidateType.Relayed, relayed, IceCandidate.PriorityOf(IceCandidateType.Relayed, 1_000), "r"), 1_000);
            var random = new Random(number);
            Agent = new IceAgent(this, new IceSettings(), bytes => random.NextBytes(bytes));
        }

        public IceAgent Agent { get; }

        public IceBase Base { get; }

        public IceBase Relay { get; }

        public Side? Other { get; set; }

        public void Send(IceBase from, in TransportAddress to, ReadOnlySpan<byte> datagram)
        {
            if (from.IsRelay)
            {
                _relayedTo.Add(to.WithPort(0));
                _network.Route(from.Candidate.Address, to, datagram.ToArray());
                return;
            }

            // Another site's private address leads nowhere.
            if (to.IsPrivate)
                return;
            if (_nat == Nat.None)
            {
                _network.Route(from.Candidate.Address, to, datagram.ToArray());
                return;
            }

            var key = _nat == Nat.Symmetric ? to : default;
            if (!_mappings.TryGetValue(key, out var port))
                _mappings.Add(key, port = (ushort)(30_000 + _mappings.Count));
            _sentTo.Add((port, _nat is Nat.Restricted ? to.WithPort(0) : to));
            _network.Route(_public.WithPort(port), to, datagram.ToArray());
        }

        /// <summary>Where a datagram of the public network arrives; null where it does not.</summary>
        public IceBase? BaseFor(TransportAddress from, TransportAddress to)
        {
            if (to == Relay.Candidate.Address)
                return _relayedTo.Contains(from.WithPort(0)) ? Relay : null;
            if (to.WithPort(1) != _public)
                return null;
            return _nat switch
            {
                Nat.None => to == Base.Candidate.Address ? Base : null,
                Nat.FullCone => _mappings.ContainsValue(to.Port) ? Base : null,
                Nat.Restricted => _sentTo.Contains((to.Port, from.WithPort(0))) ? Base : null,
                _ => _sentTo.Contains((to.Port, from)) ? Base : null,
            };
        }

        public IceBase? Claim(IceBase from, in TransportAddress to, bool spareAllowed) => from;

        public void Release(IceBase from, in TransportAddress to)
        {
        }

        public void OnForgotten(IceCredentials credentials)
        {
        }

        public void Expect(in TransactionId transaction, bool expected)
        {
        }

        // Signaling takes as long as a datagram.
        public void OnLocalCandidate(IceCandidate candidate) => _network.Later(() => Other!.Agent.AddRemoteCandidate(candidate, _network.NowUs));

        public void OnGatheringDone() => _network.Later(() => Other!.Agent.RemoteEndOfCandidates(_network.NowUs));

        public void OnStateChanged(IceState state)
        {
        }

        public void OnSelectedPairChanged(IceCandidatePair pair)
        {
        }
    }
}
