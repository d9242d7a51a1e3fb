namespace Egregore.Server.Work;

/// <summary>An uploaded kernel.</summary>
/// <param name="Hash">Its name: SHA-256 of the metered module, hexadecimal.</param>
/// <param name="Bytes">Of the metered module.</param>
public sealed record KernelUploaded(string Hash, int Bytes);

/// <summary>A task.</summary>
/// <param name="Kernel">The kernel's hash, hexadecimal.</param>
/// <param name="Input">Its input, base64 or base64url.</param>
/// <param name="Class"><c>critical</c>, <c>simulated</c> or <c>cosmetic</c>; absent: the kernel's own. The stricter of the two counts.</param>
/// <param name="DeadlineMs">1 to 60,000; absent: 200.</param>
public sealed record TaskSubmitted(string Kernel, string Input, string? Class, int? DeadlineMs);

/// <summary>What a task came to.</summary>
/// <param name="Outcome"><c>provisional</c>, <c>verified</c>, <c>rolledback</c> (the right answer, after a wrong one) or <c>failed</c>.</param>
/// <param name="Output">The kernel's output, base64; null where it failed.</param>
/// <param name="Failure">Why there is none.</param>
/// <param name="By">What the answer rests on: <c>none</c>, <c>truth</c>, <c>replication</c> or <c>trust</c>.</param>
/// <param name="Level">Who gave it: <c>peer</c>, <c>anotherpeer</c>, <c>cloud</c> or <c>truth</c>.</param>
/// <param name="Fuel">What the run used.</param>
/// <param name="Ms">From the submit.</param>
public sealed record TaskAnswer(string Outcome, string? Output, string? Failure, string By, string Level, ulong Fuel, double Ms);
