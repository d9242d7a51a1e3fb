namespace Egregore.Wasm.Metering;

/// <summary>What <see cref="Meter.Instrument"/> writes into a module.</summary>
public sealed record MeterOptions
{
    /// <summary>Name of the exported mutable i64 global that holds the fuel left.</summary>
    public string FuelName { get; init; } = "egregore:fuel";

    /// <summary>
    /// Fuel at instantiation, at least 0. A module with a start function needs some; for the rest the host sets the global before it calls.
    /// </summary>
    public long InitialFuel { get; init; }

    /// <summary>
    /// Calls inside one another at most, at least 1; null counts none. Functions that call nothing are not counted, so that a leaf costs nothing. Choose it so small that every
    /// engine's own stack is the wider bound.
    /// </summary>
    public int? CallDepthMax { get; init; }

    /// <summary>Name of the exported mutable i32 global that holds the calls left; it is there where <see cref="CallDepthMax"/> is.</summary>
    public string DepthName { get; init; } = "egregore:depth";

    /// <summary>
    /// Makes every NaN that an operator computes the canonical one, positive and quiet, so that results are the same bits on every processor. It is not counted as fuel.
    /// </summary>
    public bool CanonicalizeNaN { get; init; }

    /// <summary>The limits that the module is decoded and validated under.</summary>
    public StoreLimits Limits { get; init; } = StoreLimits.Default;
}
