using Egregore.Wire;

namespace Egregore.Cli.Lend;

/// <summary>What a worker answered on a task.</summary>
/// <param name="Fault">Why there is no output.</param>
/// <param name="Output">The answer; empty with a fault.</param>
/// <param name="Fuel">What the meter counted.</param>
/// <param name="RunUs">Microseconds that it ran.</param>
/// <param name="Text">The fault for people.</param>
internal sealed record WorkerRun(WorkFault Fault, ReadOnlyMemory<byte> Output, ulong Fuel, uint RunUs, string Text)
{
    public static WorkerRun Failed(WorkFault fault, string text) => new(fault, default, 0, 0, text);
}
