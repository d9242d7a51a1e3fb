namespace Egregore.Bench.Rapier;

/// <summary>The Rapier module threw, or asked its host for what is not there.</summary>
public sealed class RapierException : Exception
{
    /// <summary>Makes one.</summary>
    public RapierException()
    {
    }

    /// <summary>Makes one.</summary>
    public RapierException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one.</summary>
    public RapierException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
