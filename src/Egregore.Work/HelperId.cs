namespace Egregore.Work;

/// <summary>One connection of a helper, in the coordinator that gave the id. It says nothing outside of it and is never sent. The default value is none.</summary>
/// <param name="Slot">Place in the coordinator's table.</param>
/// <param name="Generation">Tells connections that used the same place apart; from 1.</param>
public readonly record struct HelperId(int Slot, uint Generation)
{
    /// <summary>Whether it names nobody.</summary>
    public bool IsNone => Generation == 0;
}
