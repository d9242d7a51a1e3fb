namespace Egregore.Wasm.Metering;

/// <summary>The fuel and the call depth of an instance of a metered module, for its host.</summary>
public sealed class FuelGauge
{
    private readonly Global fuel;
    private readonly Global? depth;

    /// <summary>The gauge of an instance.</summary>
    /// <param name="instance">An instance of a module that <see cref="Meter.Instrument"/> wrote.</param>
    /// <param name="options">The options that it was written with, or null for the defaults.</param>
    /// <exception cref="ArgumentException">The instance does not export the fuel.</exception>
    public FuelGauge(Instance instance, MeterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(instance);
        options ??= new MeterOptions();
        if (!instance.TryGetGlobal(options.FuelName, out Global? found)) throw new ArgumentException($"The instance does not export \"{options.FuelName}\".", nameof(instance));
        fuel = found;
        if (instance.TryGetGlobal(options.DepthName, out Global? calls)) depth = calls;
    }

    /// <summary>Fuel left; negative after a trap for want of it.</summary>
    public long Fuel
    {
        get => fuel.Value.I64;
        set => fuel.Value = Value.FromI64(value);
    }

    /// <summary>
    /// Calls that may still be nested, negative after a trap for want of them; null where the module does not count them. A trap leaves it where it was: set it back before
    /// another call.
    /// </summary>
    public int? CallsLeft
    {
        get => depth?.Value.I32;
        set
        {
            if (depth is null) throw new InvalidOperationException("The module does not count its calls.");
            depth.Value = Value.FromI32(value ?? throw new ArgumentNullException(nameof(value)));
        }
    }

    /// <summary>Why a call trapped: the meter's own trap is an <c>unreachable</c> to the engine.</summary>
    /// <param name="trap">The trap of a call into the instance.</param>
    /// <returns><see cref="TrapCode.OutOfFuel"/> or <see cref="TrapCode.CallStackExhausted"/> where the meter trapped, else the trap's own code.</returns>
    public TrapCode CodeOf(TrapException trap)
    {
        ArgumentNullException.ThrowIfNull(trap);
        if (trap.Code != TrapCode.Unreachable) return trap.Code;
        return Fuel < 0 ? TrapCode.OutOfFuel : CallsLeft < 0 ? TrapCode.CallStackExhausted : trap.Code;
    }
}
