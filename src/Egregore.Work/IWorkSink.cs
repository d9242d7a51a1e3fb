using Egregore.Work.Credits;

namespace Egregore.Work;

/// <summary>What a coordinator decides; its host carries it out.</summary>
/// <remarks>
/// Calls come during a call of the coordinator, in its thread, in a fixed order. Of the coordinator's methods only <see cref="WorkCoordinator.Submit"/>,
/// <see cref="WorkCoordinator.AddBlock"/> and those that read may be called from within; others throw <see cref="InvalidOperationException"/>. Exceptions from a sink are not caught.
/// </remarks>
public interface IWorkSink
{
    /// <summary>Send this lease.</summary>
    void Assign(HelperId helper, in Assignment assignment);

    /// <summary>Tell the helper that the lease is over; what it still sends under it is refused without a penalty.</summary>
    void Cancel(HelperId helper, ulong lease);

    /// <summary>Tell the helper what became of an answer.</summary>
    void Receipt(HelperId helper, in Receipt receipt);

    /// <summary>The helper's standing fell, or it was banned: send it what <see cref="WorkCoordinator.StandingOf(HelperId, long)"/> says.</summary>
    void StandingChanged(HelperId helper);

    /// <summary>Run the kernel here and answer later, not from within the call.</summary>
    void RunHere(in LocalRun run);

    /// <summary>A task came to something.</summary>
    void Settled(in Settlement settlement);

    /// <summary>A line was written into the ledger.</summary>
    void Posted(in LedgerLine line);
}
