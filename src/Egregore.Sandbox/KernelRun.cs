using Egregore.Wire;

namespace Egregore.Sandbox;

/// <summary>What one run of a kernel gave.</summary>
/// <param name="Fault">Why there is no output; <see cref="WorkFault.None"/> where there is.</param>
/// <param name="Output">The answer; empty with a fault.</param>
/// <param name="Fuel">What the meter counted; all that was given where it ran out.</param>
/// <param name="Text">The fault for people, one line; null without.</param>
public readonly record struct KernelRun(WorkFault Fault, byte[] Output, ulong Fuel, string? Text);
