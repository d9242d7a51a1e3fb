namespace Egregore.Cli;

/// <summary>What a command's exit code says; scripts may rely on it.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The command ran and its answer is no: a check failed, a seed broke, a replay differed.</summary>
    public const int Failed = 1;

    /// <summary>The arguments were wrong; nothing was started.</summary>
    public const int Usage = 2;

    /// <summary>The environment said no: a port is taken, a disk is full, a file is not there (EX_UNAVAILABLE of sysexits.h).</summary>
    public const int Environment = 69;

    /// <summary>Stopped by Ctrl+C.</summary>
    public const int Cancelled = 130;
}
