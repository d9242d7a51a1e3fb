namespace Egregore.Wasm.Metering;

/// <summary>A valid module that cannot be metered: it has one of the meter's names already.</summary>
public sealed class MeterRefusedException : WasmException
{
    internal MeterRefusedException(string message)
        : base(message)
    {
    }
}
