namespace Egregore.WebRtc.Ice;

/// <summary>The chosen pair: choosing it, consent on it (RFC 7675), and the state that follows.</summary>
internal sealed partial class IceAgent
{
    /// <summary>A controlling peer that repeats USE-CANDIDATE has moved on when it has not repeated it on a pair for this long.</summary>
    private const long NominationStaleUs = 3_000_000;

    private const long ConsentStrokeUs = 100_000;

    /// <summary>Whether data from this tuple is taken: somebody who knows the password spoke from there. Counts it.</summary>
    public bool AcceptData(IceBase from, in TransportAddress remote, int bytes, long nowUs)
    {
        var pair = Selected;
        if (pair is null || pair.Base != from || pair.Remote.Address != remote)
        {
            pair = null;
            foreach (var candidate in _pairs)
                if (candidate.Authenticated && candidate.Base == from && candidate.Remote.Address == remote)
                    pair = candidate;
        }

        if (pair is null)
        {
            Counters.DataFromStrangers++;
            return false;
        }

        pair.BytesReceived += bytes;
        pair.PacketsReceived++;
        pair.LastReceivedUs = nowUs;
        return true;
    }

    private void OnNominated(IceCandidatePair pair, long nowUs)
    {
        pair.Nominated = true;
        ChooseSelected(nowUs);
        if (Selected != pair || pair.Credentials != _current)
            return;
        // Section 8.1.2: what waits is not checked any more; what is under way is not repeated. Pairs of earlier generations are listened on for a while.
        _retireAtUs = Math.Min(_retireAtUs, nowUs + _settings.RetireAfterUs);
        for (var i = _pairs.Count - 1; i >= 0; i--)
        {
            var other = _pairs[i];
            if (other != pair && other.Credentials == _current && other.State is (IcePairState.Waiting or IcePairState.Failed))
                RemovePair(i);
            else if (other != pair && other.State == IcePairState.InProgress)
                other.Attempts = Math.Max(other.Attempts, _settings.AttemptsMax);
        }
    }

    /// <summary>The newest generation first, then what is nominated, then priority.</summary>
    private void ChooseSelected(long nowUs)
    {
        IceCandidatePair? best = null;
        foreach (var pair in _pairs)
            if (pair.IsValid && (best is null || IsBetter(pair, best, nowUs)))
                best = pair;
        if (best != Selected)
            Select(best, nowUs);
    }

    private bool IsBetter(IceCandidatePair pair, IceCandidatePair than, long nowUs)
    {
        if (pair.Credentials != than.Credentials)
            return pair.Credentials.Generation > than.Credentials.Generation;
        if (pair.Nominated != than.Nominated)
            return pair.Nominated;
        if (pair.Nominated && !Controlling)
        {
            if (IsStale(than) != IsStale(pair))
                return IsStale(than);

            bool IsStale(IceCandidatePair p) => p.LastUseCandidateUs + NominationStaleUs < Math.Max(pair.LastUseCandidateUs, than.LastUseCandidateUs);
        }

        return pair.Priority > than.Priority;
    }

    private void Select(IceCandidatePair? pair, long nowUs = 0)
    {
        if (Selected is not null)
            Selected.NextConsentUs = long.MaxValue;
        Selected = pair;
        if (pair is null)
            return;
        pair.NextConsentUs = NextConsentAt(nowUs);
        pair.LastReceivedUs = Math.Max(pair.LastReceivedUs, nowUs);
        pair.ConsentUntilUs = Math.Max(pair.ConsentUntilUs, nowUs + 1);
        _output.OnSelectedPairChanged(pair);
    }

    private void KeepConsent(long nowUs)
    {
        if (Selected is not { } pair)
            return;
        if (pair.ConsentUntilUs <= nowUs)
        {
            pair.State = IcePairState.Failed;
            pair.Nominated = false;
            Select(null);
            ChooseSelected(nowUs);
            return;
        }

        if (pair.NextConsentUs > nowUs)
            return;
        pair.NextConsentUs = NextConsentAt(nowUs);
        pair.UseCandidate = Controlling && pair.Nominated;
        StartCheck(pair, nowUs);
        // A consent check is not repeated: the next one has a transaction of its own (RFC 7675 section 5.1).
        pair.RetransmitAtUs = long.MaxValue;
    }

    private long NextConsentUs()
    {
        if (Selected is not { } pair)
            return long.MaxValue;
        var next = Math.Min(pair.NextConsentUs, pair.ConsentUntilUs);
        return State == IceState.Disconnected ? next : Math.Min(next, pair.LastReceivedUs + _settings.DisconnectedAfterUs);
    }

    /// <summary>
    /// By chance within the bounds of RFC 7675, and then on the next stroke of the clock that all connections of a host share: a thousand idle ones wake it ten
    /// times a second instead of two hundred times, and their checks leave together.
    /// </summary>
    private long NextConsentAt(long nowUs)
    {
        Span<byte> random = stackalloc byte[2];
        _random(random);
        var share = random[0] | (random[1] << 8);
        var width = (_settings.ConsentIntervalUs * 4 / 10) - ConsentStrokeUs;
        var at = nowUs + (_settings.ConsentIntervalUs * 8 / 10) + (Math.Max(0, width) * share / 65536);
        return width < 0 ? at : at + ConsentStrokeUs - (at % ConsentStrokeUs);
    }

    private void UpdateState(long nowUs)
    {
        if (State is IceState.Closed)
            return;
        if (Selected is { } selected)
        {
            _failed = false;
            var silent = selected.LastReceivedUs + _settings.DisconnectedAfterUs <= nowUs;
            SetState(silent ? IceState.Disconnected : selected.Nominated && selected.Credentials == _current ? IceState.Completed : IceState.Connected);
            return;
        }

        if (_current.RemoteKey is null)
            return;
        if (State is IceState.Connected or IceState.Completed or IceState.Disconnected)
        {
            // Consent has ended, and nothing else was valid.
            _failed = true;
        }
        else if (_startedUs + _settings.PatienceUs <= nowUs || (_remoteDone && _localDone && _remotes.Count > 0))
        {
            _failed = _startedUs + _settings.PatienceUs <= nowUs || _pairs.Count > 0;
            foreach (var pair in _pairs)
                if (pair.State is IcePairState.Waiting or IcePairState.InProgress)
                    _failed = false;
        }

        SetState(_failed ? IceState.Failed : IceState.Checking);
    }
}
