using System.Net;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Tests;

/// <summary>Two agents on a virtual network and clock.</summary>
public sealed class IceAgentTests
{
    [Fact]
    public void Two_agents_agree_on_a_pair_and_nominate_it()
    {
        var net = new Net();
        net.Begin();
        net.Run(1_000_000);
        Assert.Equal((IceState.Completed, IceState.Completed), (net.A.Agent.State, net.B.Agent.State));
        Assert.True(net.A.Agent.Selected!.Nominated && net.B.Agent.Selected!.Nominated);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_role_conflict_is_settled(bool bothControl)
    {
        var net = new Net();
        net.A.Agent.SetRole(bothControl);
        net.B.Agent.SetRole(bothControl);
        net.Begin(setRoles: false);
        net.Run(3_000_000);
        Assert.NotEqual(net.A.Agent.Controlling, net.B.Agent.Controlling);
        Assert.Equal((IceState.Completed, IceState.Completed), (net.A.Agent.State, net.B.Agent.State));
        Assert.InRange(net.Sent, 1, 100);
    }

    [Fact]
    public void Checks_are_paced()
    {
        var net = new Net { Deaf = true };
        net.Begin(candidates: 20, address: "203.0.113.1");
        net.Run(400_000);
        // The first at once, then one each 50 ms, before any is repeated.
        Assert.InRange(net.A.SentCount, 7, 9);
    }

    [Fact]
    public void Without_answers_the_state_is_disconnected_and_consent_ends_after_30_seconds()
    {
        var net = new Net();
        net.Begin();
        net.Run(1_000_000);
        net.Deaf = true;
        net.Run(12_000_000);
        Assert.Equal(IceState.Disconnected, net.A.Agent.State);
        net.Run(22_000_000);
        Assert.Equal(IceState.Failed, net.A.Agent.State);
        Assert.Null(net.A.Agent.Selected);
        var sent = net.A.SentCount;
        net.Run(60_000_000);
        Assert.Equal(sent, net.A.SentCount);
    }

    [Fact]
    public void An_idle_pair_is_checked_every_four_to_six_seconds()
    {
        var net = new Net();
        net.Begin();
        net.Run(1_000_000);
        var requests = net.A.Agent.Selected!.RequestsSent;
        net.Run(100_000_000);
        Assert.InRange(net.A.Agent.Selected!.RequestsSent - requests, 16, 25);
        Assert.Equal(IceState.Completed, net.A.Agent.State);
    }

    [Fact]
    public void Nobody_answers_for_ever_fails_after_the_patience_of_rfc_8863()
    {
        var net = new Net { Deaf = true };
        net.Begin();
        net.Run(39_000_000);
        Assert.Equal(IceState.Checking, net.A.Agent.State);
        net.Run(2_000_000);
        Assert.Equal(IceState.Failed, net.A.Agent.State);
    }

    [Fact]
    public void Remote_candidates_are_bounded()
    {
        var net = new Net { Deaf = true };
        net.Begin(candidates: 200, address: "203.0.113.1");
        Assert.InRange(net.A.Agent.RemoteCandidates.Count, 60, 64);
        Assert.InRange(net.A.Agent.Pairs.Count, 1, 100);
        Assert.True(net.A.Agent.Counters.CandidatesRefused > 0);
    }

    [Fact]
    public void A_forged_answer_and_an_answer_from_elsewhere_change_nothing()
    {
        var net = new Net { Deaf = true };
        net.Begin();
        net.Run(1_000);
        var id = net.A.Agent.Pairs[0].Transaction;
        var buffer = new byte[128];
        var writer = new StunWriter(buffer, StunClass.Success, StunMethod.Binding, id);
        writer.AddXorAddress(StunAttribute.XorMappedAddress, net.A.Address);
        writer.AddIntegrity("guess"u8);
        Assert.Equal(IceReceiveResult.Unauthenticated, net.A.Agent.Receive(net.A.Base, net.B.Address, buffer.AsSpan(0, writer.Length), net.NowUs));
        Assert.Equal(IceReceiveResult.Unexpected, net.A.Agent.Receive(net.A.Base, net.B.Address.WithPort(9), buffer.AsSpan(0, writer.Length), net.NowUs));
        Assert.Null(net.A.Agent.Selected);
    }

    /// <summary>A genuine check that somebody sends again in the name of another address: the factor is that of RFC 9000 section 8.1.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public void A_check_sent_again_from_elsewhere_brings_that_address_at_most_thrice_its_bytes(int times)
    {
        var net = new Net();
        net.Begin();
        net.Run(1_000_000);
        var check = net.LastRequest!;
        var third = TransportAddress.From(IPAddress.Parse("203.0.113.9"), 7);
        net.Watched = third;
        for (var i = 0; i < times; i++)
        {
            net.B.Agent.Receive(net.B.Base, third, check, net.NowUs);
            net.Run(100_000);
        }

        net.Run(120_000_000);
        Assert.InRange(net.WatchedBytes, 1, 3 * times * check.Length);
        Assert.Equal(IceState.Completed, net.B.Agent.State);
        Assert.Equal(net.A.Address, net.B.Agent.Selected!.Remote.Address);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Data_on_the_pairs_before_a_restart_is_taken_until_some_time_after_it(int restarts)
    {
        var net = new Net();
        net.Begin();
        net.Run(1_000_000);
        var (old, oldBase) = (net.B.Address, net.B.Base);
        // The peer gathers anew, as browsers do, and a restart may overtake the one before it.
        net.B.Move(5001);
        for (var i = 0; i < restarts; i++)
            net.Restart();
        Assert.True(net.A.Agent.AcceptData(net.A.Base, old, 1, net.NowUs));
        Assert.Contains(old, net.A.Claimed);
        net.B.Agent.CloseBase(oldBase, net.NowUs);
        net.Run(1_000_000);
        Assert.Equal((IceState.Completed, IceState.Completed), (net.A.Agent.State, net.B.Agent.State));
        Assert.Equal(net.B.Address, net.A.Agent.Selected!.Remote.Address);
        Assert.True(net.A.Agent.AcceptData(net.A.Base, old, 1, net.NowUs));
        Assert.Contains(old, net.A.Claimed);
        net.Run(3_000_000);
        Assert.False(net.A.Agent.AcceptData(net.A.Base, old, 1, net.NowUs));
        Assert.Equal([net.B.Address], net.A.Claimed);
        Assert.Equal(Math.Min(restarts, 2), net.A.Agent.EarlierCredentials.Count);
        Assert.Equal(restarts - Math.Min(restarts, 2), net.A.Forgotten);
    }

    [Theory]
    [InlineData("candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host", (int)IceCandidateParseResult.Ok)]
    [InlineData("a=candidate:1 1 UDP 2122260223 2001:db8::1 50000 typ relay raddr :: rport 0 generation 0", (int)IceCandidateParseResult.Ok)]
    [InlineData("candidate:1 1 udp 2122260223 f3a9.local 50000 typ host", (int)IceCandidateParseResult.Name)]
    [InlineData("candidate:1 1 tcp 2122260223 192.0.2.1 9 typ host tcptype active", (int)IceCandidateParseResult.Unusable)]
    [InlineData("candidate:1 2 udp 2122260223 192.0.2.1 50000 typ host", (int)IceCandidateParseResult.Unusable)]
    [InlineData("candidate:1 1 udp 2122260223 224.0.0.1 50000 typ host", (int)IceCandidateParseResult.Unusable)]
    [InlineData("candidate:1 1 udp 99999999999 192.0.2.1 50000 typ host", (int)IceCandidateParseResult.Malformed)]
    [InlineData("nonsense", (int)IceCandidateParseResult.Malformed)]
    public void Candidate_lines(string line, int result) => Assert.Equal((IceCandidateParseResult)result, IceCandidate.TryParse(line, out _));

    private sealed class Net
    {
        private readonly PriorityQueue<(Side To, TransportAddress At, TransportAddress From, byte[] Bytes), (long, int)> _flying = new();
        private int _order;

        public Net()
        {
            A = new Side(this, "192.0.2.1", 1);
            B = new Side(this, "192.0.2.2", 2);
        }

        public Side A { get; }

        public Side B { get; }

        public long NowUs { get; private set; } = 1;

        public bool Deaf { get; set; }

        /// <summary>What was sent to this address is counted.</summary>
        public TransportAddress Watched { get; set; }

        public int WatchedBytes { get; private set; }

        /// <summary>The latest check of A's.</summary>
        public byte[]? LastRequest { get; private set; }

        public int Sent => _order;

        public void Begin(bool setRoles = true, int candidates = 1, string? address = null)
        {
            if (setRoles)
                A.Agent.SetRole(true);
            A.Agent.AddBase(A.Base, NowUs);
            B.Agent.AddBase(B.Base, NowUs);
            A.Agent.SetRemoteCredentials(B.Agent.Credentials.LocalUfrag, B.Agent.Credentials.LocalPassword, NowUs);
            B.Agent.SetRemoteCredentials(A.Agent.Credentials.LocalUfrag, A.Agent.Credentials.LocalPassword, NowUs);
            for (var i = 0; i < candidates; i++)
            {
                var to = address is null ? B.Address : TransportAddress.From(IPAddress.Parse(address), 1000 + i);
                A.Agent.AddRemoteCandidate(new IceCandidate(IceCandidateType.Host, to, (uint)(1000 + i), "x"), NowUs);
            }
        }

        /// <summary>Both ends restart, and know each other's new names and the present address of B.</summary>
        public void Restart()
        {
            A.Agent.Restart(NowUs);
            B.Agent.Restart(NowUs);
            A.Agent.SetRemoteCredentials(B.Agent.Credentials.LocalUfrag, B.Agent.Credentials.LocalPassword, NowUs);
            B.Agent.SetRemoteCredentials(A.Agent.Credentials.LocalUfrag, A.Agent.Credentials.LocalPassword, NowUs);
            A.Agent.AddRemoteCandidate(new IceCandidate(IceCandidateType.Host, B.Address, 1000, "x"), NowUs);
        }

        public void Send(in TransportAddress from, in TransportAddress to, ReadOnlySpan<byte> bytes)
        {
            _order++;
            if (to == Watched)
                WatchedBytes += bytes.Length;
            if (to == B.Address && (bytes[0] | (bytes[1] & 0x10)) == 0)
                LastRequest = bytes.ToArray();
            var address = to;
            var target = A.Bases.Exists(b => b.Candidate.Address == address) ? A : B.Bases.Exists(b => b.Candidate.Address == address) ? B : null;
            if (!Deaf && target is not null)
                _flying.Enqueue((target, to, from, bytes.ToArray()), (NowUs + 10_000, _order));
        }

        public void Run(long us)
        {
            var end = NowUs + us;
            while (true)
            {
                var next = Math.Min(A.Agent.NextDeadlineUs, B.Agent.NextDeadlineUs);
                if (_flying.TryPeek(out _, out var at))
                    next = Math.Min(next, at.Item1);
                if (next > end)
                    break;
                NowUs = Math.Max(NowUs, next);
                if (_flying.TryPeek(out _, out at) && at.Item1 <= NowUs)
                {
                    var (to, local, from, bytes) = _flying.Dequeue();
                    if (!Deaf && to.Bases.Find(b => b.Candidate.Address == local && !b.Closed) is { } @base)
                        to.Agent.Receive(@base, from, bytes, NowUs);
                    continue;
                }

                foreach (var side in new[] { A, B })
                    if (side.Agent.NextDeadlineUs <= NowUs)
                        side.Agent.OnTimer(NowUs);
            }

            NowUs = end;
        }
    }

    private sealed class Side : IIceOutput
    {
        private readonly Net _net;

        public Side(Net net, string address, int seed)
        {
            _net = net;
            Address = TransportAddress.From(IPAddress.Parse(address), 5000);
            var random = new Random(seed);
            Agent = new IceAgent(this, new IceSettings(), bytes => random.NextBytes(bytes));
            Bases.Add(new IceBase(0, new IceCandidate(IceCandidateType.Host, Address, IceCandidate.PriorityOf(IceCandidateType.Host, 65535), "h"), 65535));
        }

        public TransportAddress Address { get; private set; }

        public IceAgent Agent { get; }

        public List<IceBase> Bases { get; } = [];

        public IceBase Base => Bases[^1];

        public HashSet<TransportAddress> Claimed { get; } = [];

        public int Forgotten { get; private set; }

        public int SentCount { get; private set; }

        public void Send(IceBase from, in TransportAddress to, ReadOnlySpan<byte> datagram)
        {
            SentCount++;
            _net.Send(from.Candidate.Address, to, datagram);
        }

        /// <summary>Another port, beside the one before.</summary>
        public void Move(ushort port)
        {
            Address = Address.WithPort(port);
            Bases.Add(new IceBase(Bases.Count, new IceCandidate(IceCandidateType.Host, Address, IceCandidate.PriorityOf(IceCandidateType.Host, 65534), "h"), 65534));
            Agent.AddBase(Base, _net.NowUs);
        }

        public IceBase? Claim(IceBase from, in TransportAddress to, bool spareAllowed)
        {
            Claimed.Add(to);
            return from;
        }

        public void Release(IceBase from, in TransportAddress to) => Claimed.Remove(to);

        public void OnForgotten(IceCredentials credentials) => Forgotten++;

        public void Expect(in TransactionId transaction, bool expected)
        {
        }

        public void OnLocalCandidate(IceCandidate candidate)
        {
        }

        public void OnGatheringDone()
        {
        }

        public void OnStateChanged(IceState state)
        {
        }

        public void OnSelectedPairChanged(IceCandidatePair pair)
        {
        }
    }
}
