namespace Egregore.Work.Verification;

/// <summary>
/// How likely a helper is to answer right: a Beta distribution over the probability, with evidence that loses weight. Prior Beta(1, 1); r right answers and w weight of wrong
/// ones give Beta(1 + r, 1 + w), mean (1 + r) / (2 + r + w) (Jøsang and Ismail, The Beta Reputation System, 2002).
/// </summary>
public struct TrustPosterior
{
    private double _right;
    private double _wrong;
    private long _atUs;

    /// <summary>What it rests on: weight of right and wrong answers, and up to when that weight has been lost.</summary>
    public readonly (double Right, double Wrong, long AtUs) Evidence => (_right, _wrong, _atUs);

    /// <summary>One that rests on what was kept.</summary>
    public static TrustPosterior Of(double right, double wrong, long atUs) => new() { _right = right, _wrong = wrong, _atUs = atUs };

    /// <summary>Alpha of the distribution, at the time of the last evidence.</summary>
    public readonly double Alpha => 1 + _right;

    /// <summary>Beta of the distribution.</summary>
    public readonly double Beta => 1 + _wrong;

    /// <summary>Mean: the expected share of right answers.</summary>
    public readonly double Mean => Alpha / (Alpha + Beta);

    /// <summary>Variance.</summary>
    public readonly double Variance => Alpha * Beta / ((Alpha + Beta) * (Alpha + Beta) * (Alpha + Beta + 1));

    /// <summary>Adds evidence.</summary>
    /// <param name="right">Weight of right answers, at least 0.</param>
    /// <param name="wrong">Weight of wrong ones, at least 0.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <param name="halfLifeUs">After this time evidence weighs half.</param>
    public void Add(double right, double wrong, long nowUs, long halfLifeUs)
    {
        Age(nowUs, halfLifeUs);
        _right += right;
        _wrong += wrong;
    }

    /// <summary>Lets the evidence lose weight up to now.</summary>
    public void Age(long nowUs, long halfLifeUs)
    {
        // Steps of a 4,096th of the half-life at least: the factor is not finer.
        if (nowUs - _atUs <= halfLifeUs >> 12 && _atUs != 0)
            return;
        if (_right + _wrong > 0)
        {
            var factor = Decay.Factor(nowUs - _atUs, halfLifeUs);
            _right *= factor;
            _wrong *= factor;
        }

        _atUs = Math.Max(_atUs, nowUs);
    }
}
