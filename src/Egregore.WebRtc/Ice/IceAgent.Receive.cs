using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Ice;

/// <summary>What became of a datagram.</summary>
internal enum IceReceiveResult
{
    Ok,

    /// <summary>Not STUN, or not whole.</summary>
    Malformed,

    /// <summary>A user name that is not ours, or a code that does not fit: whoever sent it does not know the password.</summary>
    Unauthenticated,

    /// <summary>A response to nothing that is under way, from an address that was not asked, or a method that is not served.</summary>
    Unexpected,

    /// <summary>Another connection of this host holds the tuple of addresses.</summary>
    Conflict,

    /// <summary>A bound on candidates or pairs is reached.</summary>
    Full,
}

/// <summary>Taking STUN messages: answering checks, finishing our own (RFC 8445 sections 7.2.5 and 7.3).</summary>
internal sealed partial class IceAgent
{
    private const long TriggerIntervalUs = 50_000;

    /// <summary>Takes one STUN datagram. Never throws; what is dropped is counted.</summary>
    public IceReceiveResult Receive(IceBase from, in TransportAddress remote, ReadOnlySpan<byte> datagram, long nowUs)
    {
        if (State == IceState.Closed)
            return IceReceiveResult.Unexpected;
        if (StunMessage.TryParse(datagram, out var message) != StunParseResult.Ok)
        {
            Counters.Malformed++;
            return IceReceiveResult.Malformed;
        }

        var result = message.Method != StunMethod.Binding ? IceReceiveResult.Unexpected : message.Class switch
        {
            StunClass.Request => ReceiveRequest(from, remote, message, nowUs),
            StunClass.Indication => IceReceiveResult.Ok,
            _ => ReceiveResponse(from, remote, message, nowUs),
        };
        switch (result)
        {
            case IceReceiveResult.Unexpected:
                Counters.Unknown++;
                break;
            case IceReceiveResult.Unauthenticated:
                Counters.BadIntegrity++;
                break;
            case IceReceiveResult.Conflict:
                Counters.TupleConflicts++;
                break;
            case IceReceiveResult.Full:
                Counters.CandidatesRefused++;
                break;
        }

        Schedule(nowUs);
        return result;
    }

    private IceReceiveResult ReceiveRequest(IceBase from, in TransportAddress remote, in StunMessage message, long nowUs)
    {
        if (!message.TryGet(StunAttribute.Username, out var username))
            return IceReceiveResult.Unauthenticated;
        var colon = username.IndexOf((byte)':');
        if (colon < 0)
            return IceReceiveResult.Unauthenticated;
        var ufrag = username[..colon];
        var credentials = ufrag.SequenceEqual(_current.LocalUfragBytes) ? _current : null;
        foreach (var earlier in _earlier)
            if (ufrag.SequenceEqual(earlier.LocalUfragBytes))
                credentials = earlier;
        if (credentials is null || !message.CheckIntegrity(credentials.LocalKey))
            return IceReceiveResult.Unauthenticated;
        if (message.UnknownRequired != 0)
        {
            RespondError(from, remote, message, credentials, 420, "Unknown Attribute");
            return IceReceiveResult.Unexpected;
        }

        if (!message.TryGetUInt32(StunAttribute.Priority, out var priority) || priority == 0)
        {
            RespondError(from, remote, message, credentials, 400, "Bad Request");
            return IceReceiveResult.Unexpected;
        }

        if (IsRoleConflict(message))
        {
            Counters.RoleConflicts++;
            RespondError(from, remote, message, credentials, 487, "Role Conflict");
            return IceReceiveResult.Ok;
        }

        var pair = FindPair(from, remote, credentials);
        if (pair is null || !pair.Claimed)
        {
            if (_output.Claim(from, remote, spareAllowed: false) != from)
            {
                CheckFromSpare(from, remote, priority, credentials, nowUs);
                return IceReceiveResult.Conflict;
            }

            pair ??= AddPeerReflexive(from, remote, priority, credentials);
            if (credentials != _current && IsSettled)
                _retireAtUs = Math.Min(_retireAtUs, nowUs + _settings.RetireAfterUs);
            if (pair is null)
            {
                _output.Release(from, remote);
                return IceReceiveResult.Full;
            }

            pair.Claimed = true;
        }

        pair.Authenticated = true;
        pair.LastReceivedUs = nowUs;
        pair.RequestsReceived++;
        pair.ResponsesSent++;
        Respond(from, remote, message, credentials);

        var nominated = !Controlling && message.Has(StunAttribute.UseCandidate);
        if (nominated)
            pair.LastUseCandidateUs = nowUs;
        if (pair.IsValid)
        {
            if (nominated)
                OnNominated(pair, nowUs);
        }
        else
        {
            pair.NominateOnSuccess |= nominated;
            Trigger(pair, nowUs);
        }

        UpdateState(nowUs);
        return IceReceiveResult.Ok;
    }

    /// <summary>
    /// A triggered check (section 7.3.1.4). Not paced: the peer's own pacing and password stand before it. A check that is under way is repeated rather than
    /// replaced, and not more often than every <see cref="TriggerIntervalUs"/>: else two ends that trigger each other faster than answers come never stop.
    /// </summary>
    private void Trigger(IceCandidatePair pair, long nowUs)
    {
        if (pair.State != IcePairState.InProgress || pair.RequestedAsControlling != Controlling)
        {
            StartCheck(pair, nowUs);
            // A pair is chosen already: a check of the peer's from elsewhere is answered by one of ours, not by seven, as it may be an old one that somebody
            // sends again in the name of a third party. A peer that has moved checks again by itself.
            if (IsSettled)
                pair.Attempts = _settings.AttemptsMax;
        }
        else if (pair.TriggeredAtUs + TriggerIntervalUs <= nowUs)
            SendRequest(pair);
        else
            return;
        pair.TriggeredAtUs = nowUs;
    }

    /// <summary>The peer cannot reach us over this tuple, which another connection holds; from a spare socket we can reach it.</summary>
    private void CheckFromSpare(IceBase from, in TransportAddress remote, uint priority, IceCredentials credentials, long nowUs)
    {
        foreach (var pair in _pairs)
            if (pair.Credentials == credentials && pair.Remote.Address == remote && pair.Base.IsSpare)
                return;
        var reverse = FindPair(from, remote, credentials) ?? AddPeerReflexive(from, remote, priority, credentials);
        if (reverse is { State: IcePairState.Waiting })
            StartCheck(reverse, nowUs);
    }

    /// <summary>RFC 8445 section 7.3.1.1. Changes the role where it is ours to change.</summary>
    /// <returns>True when the peer has to change.</returns>
    private bool IsRoleConflict(in StunMessage message)
    {
        if (Controlling && message.TryGetUInt64(StunAttribute.IceControlling, out var theirs))
        {
            if (_tieBreaker >= theirs)
                return true;
            Counters.RoleConflicts++;
            SetRole(false);
        }
        else if (!Controlling && message.TryGetUInt64(StunAttribute.IceControlled, out theirs))
        {
            if (_tieBreaker < theirs)
                return true;
            Counters.RoleConflicts++;
            SetRole(true);
        }

        return false;
    }

    private IceCandidatePair? AddPeerReflexive(IceBase from, in TransportAddress remote, uint priority, IceCredentials credentials)
    {
        IceCandidate? candidate = null;
        foreach (var known in _remotes)
            if (known.Address == remote)
                candidate = known;
        if (candidate is null)
        {
            if (_remotes.Count >= _settings.RemoteCandidatesMax)
                return null;
            candidate = new IceCandidate(IceCandidateType.PeerReflexive, remote, priority, "prflx");
            if (credentials == _current)
                _remotes.Add(candidate);
        }

        return _settings.RelayOnly && !from.IsRelay ? null : InsertPair(from, candidate, credentials);
    }

    private IceReceiveResult ReceiveResponse(IceBase from, in TransportAddress remote, in StunMessage message, long nowUs)
    {
        var id = message.TransactionId;
        IceCandidatePair? pair = null;
        foreach (var candidate in _pairs)
            if (candidate.Matches(id))
                pair = candidate;
        if (pair is null)
            return ReceiveServerResponse(from, remote, message, nowUs) ? IceReceiveResult.Ok : IceReceiveResult.Unexpected;
        // Section 7.2.5.2.1 calls an answer from elsewhere a failure; here it is only ignored, as anybody can forge the address.
        if (remote != pair.Remote.Address || from != pair.Base)
            return IceReceiveResult.Unexpected;
        if (!message.CheckIntegrity(pair.Credentials.RemoteKey))
            return IceReceiveResult.Unauthenticated;
        pair.ResponsesReceived++;
        pair.LastReceivedUs = nowUs;
        pair.Authenticated = true;
        if (message.Class == StunClass.Error)
        {
            ReceiveError(pair, message.ErrorCode, nowUs);
            return IceReceiveResult.Ok;
        }

        if (message.TryGetAddress(StunAttribute.XorMappedAddress, out var mapped))
            LearnLocal(pair, mapped);
        if (id == pair.Transaction && pair.Attempts == 1)
        {
            pair.RoundTripUs = Math.Max(1, nowUs - pair.SentAtUs);
            pair.TotalRoundTripUs += pair.RoundTripUs;
        }

        var first = !pair.IsValid;
        pair.State = IcePairState.Succeeded;
        pair.RetransmitAtUs = long.MaxValue;
        pair.ConsentUntilUs = nowUs + _settings.ConsentTimeoutUs;
        if (first)
            ConsiderNomination(pair, nowUs);
        else if (id == pair.Transaction && pair.UseCandidate && pair.RequestedAsControlling && Controlling && !pair.Nominated)
            OnNominated(pair, nowUs);
        if (pair.NominateOnSuccess && !Controlling)
        {
            pair.NominateOnSuccess = false;
            OnNominated(pair, nowUs);
        }

        ChooseSelected(nowUs);
        UpdateState(nowUs);
        return IceReceiveResult.Ok;
    }

    private void ReceiveError(IceCandidatePair pair, int code, long nowUs)
    {
        if (code == 487)
        {
            Counters.RoleConflicts++;
            if (pair.RequestedAsControlling == Controlling)
                SetRole(!Controlling);
            // Paced, not at once: two ends that go on disagreeing would else answer each other without end.
            pair.RetransmitAtUs = long.MaxValue;
            if (!pair.IsValid)
                pair.State = IcePairState.Waiting;
            return;
        }

        if (!pair.IsValid)
            pair.State = IcePairState.Failed;
        pair.RetransmitAtUs = long.MaxValue;
        UpdateState(nowUs);
    }

    /// <summary>The peer saw us under an address that we may not know yet (RFC 8445 section 7.2.5.3.1).</summary>
    private void LearnLocal(IceCandidatePair pair, in TransportAddress mapped)
    {
        if (mapped == pair.Local.Address)
            return;
        foreach (var known in _local)
        {
            if (known.Address != mapped)
                continue;
            pair.Local = known;
            return;
        }

        pair.Local = new IceCandidate(IceCandidateType.PeerReflexive, mapped, IceCandidate.PriorityOf(IceCandidateType.PeerReflexive, pair.Base.LocalPreference), "prflx")
        {
            Related = pair.Base.Candidate.Address,
        };
    }

    private IceCandidatePair? FindPair(IceBase from, in TransportAddress remote, IceCredentials credentials)
    {
        foreach (var pair in _pairs)
            if (pair.Base == from && pair.Credentials == credentials && pair.Remote.Address == remote)
                return pair;
        return null;
    }

    private void Respond(IceBase from, in TransportAddress remote, in StunMessage request, IceCredentials credentials)
    {
        Span<byte> buffer = stackalloc byte[128];
        var writer = new StunWriter(buffer, StunClass.Success, StunMethod.Binding, request.TransactionId);
        writer.AddXorAddress(StunAttribute.XorMappedAddress, remote);
        writer.AddIntegrity(credentials.LocalKey);
        writer.AddFingerprint();
        _output.Send(from, remote, buffer[..writer.Length]);
    }

    private void RespondError(IceBase from, in TransportAddress remote, in StunMessage request, IceCredentials credentials, int code, string reason)
    {
        Span<byte> buffer = stackalloc byte[160];
        var writer = new StunWriter(buffer, StunClass.Error, StunMethod.Binding, request.TransactionId);
        writer.AddError(code, reason);
        if (code == 420)
            writer.Add(StunAttribute.UnknownAttributes, [(byte)(request.UnknownRequired >> 8), (byte)request.UnknownRequired]);
        writer.AddIntegrity(credentials.LocalKey);
        writer.AddFingerprint();
        _output.Send(from, remote, buffer[..writer.Length]);
    }
}
