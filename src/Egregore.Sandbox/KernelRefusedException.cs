namespace Egregore.Sandbox;

/// <summary>A module that is no kernel, or costs more than the host gives; the message says what and where.</summary>
public sealed class KernelRefusedException : Exception
{
    /// <param name="message">What is wrong, where, and what to do.</param>
    /// <param name="inner">What the engine said.</param>
    public KernelRefusedException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
