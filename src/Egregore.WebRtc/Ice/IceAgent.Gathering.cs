using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Ice;

/// <summary>Server-reflexive candidates: one Binding transaction for each base and STUN server (RFC 8445 section 5.1.1.2).</summary>
internal sealed partial class IceAgent
{
    private sealed class ServerQuery(IceBase @base, TransportAddress server, TransactionId transaction)
    {
        public IceBase Base { get; } = @base;

        public TransportAddress Server { get; } = server;

        public TransactionId Transaction { get; } = transaction;

        public int Attempts { get; set; }

        public long NextUs { get; set; }

        public long RtoUs { get; set; }
    }

    private readonly List<ServerQuery> _queries = [];
    private int _pendingSources;
    private int _servers;

    /// <summary>Something that will bring candidates has begun (looking up a server's name, an allocation): gathering is not over before it is.</summary>
    public void BeginSource() => _pendingSources++;

    public void EndSource(long nowUs)
    {
        _pendingSources--;
        CheckGathered(nowUs);
    }

    public void AddStunServer(in TransportAddress server, long nowUs)
    {
        if (_settings.RelayOnly || ++_servers > _settings.ServersMax)
            return;
        foreach (var @base in _bases)
        {
            if (@base.IsRelay || @base.IsSpare || @base.Candidate.Address.IsIPv6 != server.IsIPv6 || @base.Candidate.Address.IsLinkLocal
                || @base.Candidate.Address.IsLoopback != server.IsLoopback)
                continue;
            var query = new ServerQuery(@base, server, NewTransaction()) { RtoUs = _settings.RtoUs, NextUs = nowUs };
            _queries.Add(query);
            _output.Expect(query.Transaction, true);
        }

        RetransmitServers(nowUs);
        Schedule(nowUs);
    }

    private void CheckGathered(long nowUs)
    {
        if (_localDone || _pendingSources > 0 || _queries.Count > 0)
            return;
        _localDone = true;
        _output.OnGatheringDone();
        UpdateState(nowUs);
    }

    private void RetransmitServers(long nowUs)
    {
        Span<byte> buffer = stackalloc byte[64];
        for (var i = _queries.Count - 1; i >= 0; i--)
        {
            var query = _queries[i];
            if (query.NextUs > nowUs)
                continue;
            if (query.Attempts >= _settings.AttemptsMax)
            {
                EndQuery(i, nowUs);
                continue;
            }

            if (query.Attempts++ > 0)
                query.RtoUs *= 2;
            query.NextUs = nowUs + query.RtoUs;
            var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, query.Transaction);
            writer.AddFingerprint();
            _output.Send(query.Base, query.Server, buffer[..writer.Length]);
        }
    }

    private bool ReceiveServerResponse(IceBase from, in TransportAddress remote, in StunMessage message, long nowUs)
    {
        for (var i = 0; i < _queries.Count; i++)
        {
            var query = _queries[i];
            if (query.Transaction != message.TransactionId)
                continue;
            if (query.Server != remote || query.Base != from)
                return false;
            if (message.Class == StunClass.Success && (message.TryGetAddress(StunAttribute.XorMappedAddress, out var mapped)
                || message.TryGetAddress(StunAttribute.MappedAddress, out mapped)))
                AddServerReflexive(query, mapped);
            EndQuery(i, nowUs);
            return true;
        }

        return false;
    }

    private void AddServerReflexive(ServerQuery query, in TransportAddress mapped)
    {
        if (mapped.IsUnusable || mapped.Port == 0)
            return;
        foreach (var known in _local)
            if (known.Address == mapped)
                return;
        AddLocalCandidate(new IceCandidate(IceCandidateType.ServerReflexive, mapped,
            IceCandidate.PriorityOf(IceCandidateType.ServerReflexive, query.Base.LocalPreference), "s" + query.Base.Candidate.Foundation)
        {
            Related = query.Base.Candidate.Address,
        });
    }

    private void EndQuery(int index, long nowUs)
    {
        _output.Expect(_queries[index].Transaction, false);
        _queries.RemoveAt(index);
        CheckGathered(nowUs);
    }

    private void CancelServers()
    {
        foreach (var query in _queries)
            _output.Expect(query.Transaction, false);
        _queries.Clear();
    }

    private long NextServerUs()
    {
        var next = long.MaxValue;
        foreach (var query in _queries)
            next = Math.Min(next, query.NextUs);
        return next;
    }
}
