namespace Egregore.Server.Work;

/// <summary>An answer that was not taken, or a helper that was turned away: what, whose, why.</summary>
/// <param name="TimeMs">Truth's clock.</param>
/// <param name="Peer">The helper.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kernel">The kernel's name; empty: none in particular.</param>
/// <param name="Verdict"><c>Late</c>, <c>Wrong</c>, <c>Refused</c> or <c>Banned</c>.</param>
/// <param name="Reason">Why.</param>
public sealed record WorkRefusal(long TimeMs, string Peer, string Name, string Kernel, string Verdict, string Reason)
{
    /// <summary>So many are kept.</summary>
    internal const int KeptMax = 64;
}
