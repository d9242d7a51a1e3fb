using Egregore.Wire;

namespace Egregore.Work;

/// <summary>What became of a helper's answer, for the helper. The host signs those with pay (<see cref="ReceiptBytes"/>).</summary>
/// <param name="Lease">Its lease.</param>
/// <param name="Kernel">Its kernel; none where the lease is not known.</param>
/// <param name="Verdict">What became of it.</param>
/// <param name="Fuel">Fuel that is paid for.</param>
/// <param name="Credits">Millionths of a credit.</param>
/// <param name="Text">Why, where it was not accepted; null otherwise.</param>
public readonly record struct Receipt(ulong Lease, KernelHash Kernel, WorkVerdict Verdict, ulong Fuel, long Credits, string? Text);
