using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Ice;

/// <summary>Sending connectivity checks: pacing, retransmission, nomination (RFC 8445 sections 6.1.4, 7.2 and 8).</summary>
internal sealed partial class IceAgent
{
    private const int CheckBytesMax = 512;
    private long _nominateAtUs = long.MaxValue;
    private bool _failed;

    /// <summary>When <see cref="OnTimer"/> is next wanted.</summary>
    public long NextDeadlineUs { get; private set; } = long.MaxValue;

    /// <summary>Does what is due.</summary>
    public void OnTimer(long nowUs)
    {
        if (State == IceState.Closed)
            return;
        RetransmitServers(nowUs);
        for (var i = 0; i < _pairs.Count; i++)
        {
            var pair = _pairs[i];
            if (pair.State == IcePairState.InProgress && pair.RetransmitAtUs <= nowUs)
                Retransmit(pair, nowUs);
        }

        if (_nextCheckUs <= nowUs && !IsSettled)
            StartNext(nowUs);
        if (_nominateAtUs <= nowUs)
        {
            _nominateAtUs = long.MaxValue;
            if (BestValid() is { } best)
                Nominate(best, nowUs);
        }

        if (_retireAtUs <= nowUs)
            RetireEarlier();
        KeepConsent(nowUs);
        UpdateState(nowUs);
        Schedule(nowUs);
    }

    /// <summary>This generation has a nominated pair: nothing more is checked.</summary>
    private bool IsSettled => Selected is { Nominated: true } pair && pair.Credentials == _current;

    private void StartNext(long nowUs)
    {
        if (_current.RemoteKey is null)
            return;
        IceCandidatePair? next = null;
        foreach (var pair in _pairs)
            if (pair.State == IcePairState.Waiting && pair.Credentials == _current && (next is null || pair.Priority > next.Priority))
                next = pair;
        if (next is not null)
            StartCheck(next, nowUs);
    }

    private void StartCheck(IceCandidatePair pair, long nowUs)
    {
        if (pair.Credentials.RemoteKey is null)
            return;
        if (!pair.Claimed)
        {
            var @base = _output.Claim(pair.Base, pair.Remote.Address, spareAllowed: true);
            if (@base is null)
            {
                pair.State = IcePairState.Failed;
                return;
            }

            pair.Claimed = true;
            if (@base != pair.Base)
            {
                Counters.TupleConflicts++;
                pair.Base = @base;
                pair.Local = @base.Candidate;
                if (!_bases.Contains(@base))
                    _bases.Add(@base);
            }
        }

        if (pair.State != IcePairState.Succeeded)
            pair.State = IcePairState.InProgress;
        pair.EarlierTransaction = pair.Transaction;
        pair.Transaction = NewTransaction();
        pair.RequestedAsControlling = Controlling;
        pair.Attempts = 1;
        pair.RtoUs = _settings.RtoUs;
        pair.SentAtUs = nowUs;
        pair.RetransmitAtUs = nowUs + pair.RtoUs;
        _nextCheckUs = nowUs + (pair.Remote.Address.IsPrivate && pair.Base.Candidate.Address.IsPrivate ? _settings.PacePrivateUs : _settings.PaceUs);
        SendRequest(pair);
    }

    private void Retransmit(IceCandidatePair pair, long nowUs)
    {
        if (pair.Attempts >= _settings.AttemptsMax)
        {
            pair.State = IcePairState.Failed;
            pair.RetransmitAtUs = long.MaxValue;
            return;
        }

        pair.Attempts++;
        pair.RtoUs = pair.Attempts == _settings.AttemptsMax ? _settings.RtoUs * 16 : pair.RtoUs * 2;
        pair.RetransmitAtUs = nowUs + pair.RtoUs;
        SendRequest(pair);
    }

    private void SendRequest(IceCandidatePair pair)
    {
        Span<byte> buffer = stackalloc byte[CheckBytesMax + (2 * IceCredentials.TextLengthMax)];
        var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, pair.Transaction);
        writer.AddUsername(pair.Credentials.RemoteUfragBytes, pair.Credentials.LocalUfragBytes);
        writer.AddUInt32(StunAttribute.Priority, IceCandidate.PriorityOf(IceCandidateType.PeerReflexive, pair.Base.LocalPreference));
        writer.AddUInt64(pair.RequestedAsControlling ? StunAttribute.IceControlling : StunAttribute.IceControlled, _tieBreaker);
        if (pair.UseCandidate && pair.RequestedAsControlling)
            writer.Add(StunAttribute.UseCandidate, []);
        writer.AddIntegrity(pair.Credentials.RemoteKey);
        writer.AddFingerprint();
        pair.RequestsSent++;
        _output.Send(pair.Base, pair.Remote.Address, buffer[..writer.Length]);
    }

    /// <summary>A valid pair came: nominate it, at once where nothing much better can follow.</summary>
    private void ConsiderNomination(IceCandidatePair pair, long nowUs)
    {
        if (!Controlling || pair.Credentials != _current || HasNomination())
            return;
        if (!pair.Base.IsRelay && pair.Remote.Type != IceCandidateType.Relayed)
            Nominate(pair, nowUs);
        else if (_nominateAtUs == long.MaxValue)
            _nominateAtUs = nowUs + (_settings.RelayOnly ? 0 : _settings.NominationDelayUs);
    }

    private bool HasNomination()
    {
        foreach (var pair in _pairs)
            if (pair.Credentials == _current && (pair.Nominated || pair.UseCandidate) && pair.State is IcePairState.Succeeded)
                return true;
        return false;
    }

    private void Nominate(IceCandidatePair pair, long nowUs)
    {
        _nominateAtUs = long.MaxValue;
        pair.UseCandidate = true;
        StartCheck(pair, nowUs);
    }

    private IceCandidatePair? BestValid()
    {
        IceCandidatePair? best = null;
        foreach (var pair in _pairs)
            if (pair.IsValid && pair.Credentials == _current && (best is null || pair.Priority > best.Priority))
                best = pair;
        return best;
    }

    private TransactionId NewTransaction()
    {
        Span<byte> bytes = stackalloc byte[TransactionId.SizeBytes];
        _random(bytes);
        return TransactionId.Read(bytes);
    }

    private void Schedule(long nowUs)
    {
        var next = Math.Min(Math.Min(_nominateAtUs, _retireAtUs), NextServerUs());
        var waiting = false;
        var checking = !IsSettled;
        foreach (var pair in _pairs)
        {
            if (pair.State == IcePairState.InProgress)
                next = Math.Min(next, pair.RetransmitAtUs);
            waiting |= checking && pair.State == IcePairState.Waiting && pair.Credentials == _current;
        }

        if (waiting && _current.RemoteKey is not null)
            next = Math.Min(next, Math.Max(_nextCheckUs, nowUs));
        next = Math.Min(next, NextConsentUs());
        if (!_failed && Selected is null && _startedUs != long.MaxValue)
            next = Math.Min(next, Math.Max(_startedUs + _settings.PatienceUs, nowUs + 1000));
        NextDeadlineUs = next;
    }
}
