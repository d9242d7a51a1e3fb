namespace Egregore.Work;

/// <summary>How sure a result has to be before it counts.</summary>
public enum VerificationClass : byte
{
    /// <summary>Loot, paths that decide a fight: committed only when verified.</summary>
    Critical = 0,

    /// <summary>Bodies, light: committed at once, audited within a second, rolled back if wrong.</summary>
    Simulated = 1,

    /// <summary>Pictures: shown at once, sampled.</summary>
    Cosmetic = 2,
}
