using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Tests.Ice;

/// <summary>Which pairs of NATs two agents get through, alone and with relays.</summary>
public sealed class NatTests
{
    public static TheoryData<Nat, Nat> Pairs()
    {
        var pairs = new TheoryData<Nat, Nat>();
        foreach (var a in Enum.GetValues<Nat>())
            foreach (var b in Enum.GetValues<Nat>())
                pairs.Add(a, b);
        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Without_relays_all_but_symmetric_with_port_restricted_connect(Nat a, Nat b)
    {
        var network = new NatNetwork(a, b, relays: false);
        network.Run(3_000_000);
        if (CanMeet(a, b))
        {
            Assert.Equal((IceState.Completed, IceState.Completed), (network.A.Agent.State, network.B.Agent.State));
            return;
        }

        Assert.Equal((IceState.Checking, IceState.Checking), (network.A.Agent.State, network.B.Agent.State));
        network.Run(40_000_000);
        Assert.Equal((IceState.Failed, IceState.Failed), (network.A.Agent.State, network.B.Agent.State));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void With_relays_all_connect_and_a_relay_is_used_only_where_there_is_no_other_way(Nat a, Nat b)
    {
        var network = new NatNetwork(a, b, relays: true);
        network.Run(3_000_000);
        Assert.Equal((IceState.Completed, IceState.Completed), (network.A.Agent.State, network.B.Agent.State));
        foreach (var pair in new[] { network.A.Agent.Selected!, network.B.Agent.Selected! })
        {
            var isRelayed = pair.Base.IsRelay || pair.Remote.Address == network.A.Relay.Candidate.Address || pair.Remote.Address == network.B.Relay.Candidate.Address;
            Assert.Equal(!CanMeet(a, b), isRelayed);
        }

        // Consent is kept through the NATs: nothing has changed a minute later.
        network.Run(60_000_000);
        Assert.Equal((IceState.Completed, IceState.Completed), (network.A.Agent.State, network.B.Agent.State));
    }

    private static bool CanMeet(Nat a, Nat b) => !(a == Nat.Symmetric && b >= Nat.PortRestricted) && !(b == Nat.Symmetric && a >= Nat.PortRestricted);
}
