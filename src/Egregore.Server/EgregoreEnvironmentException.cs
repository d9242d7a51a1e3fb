namespace Egregore.Server;

/// <summary>
/// The environment does not let the server run: a taken port, a folder that cannot be written, a journal beyond recovery. <see cref="Exception.Message"/> is one
/// clear line for the person; a command line prints it and ends with <see cref="ExitCode"/>.
/// </summary>
public sealed class EgregoreEnvironmentException : Exception
{
    /// <summary>Exit code of a process that could not run in its environment (EX_UNAVAILABLE of sysexits.h).</summary>
    public const int ExitCode = 69;

    public EgregoreEnvironmentException()
    {
    }

    public EgregoreEnvironmentException(string message)
        : base(message)
    {
    }

    public EgregoreEnvironmentException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
