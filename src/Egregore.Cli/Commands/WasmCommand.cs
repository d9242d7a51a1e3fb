using System.CommandLine;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore wasm</c>: looks into, checks, meters and runs WebAssembly modules.</summary>
internal sealed class WasmCommand : Command
{
    public WasmCommand()
        : base("wasm", "Look into, check, meter and run WebAssembly modules")
    {
        Add(new WasmInspectCommand());
        Add(new WasmValidateCommand());
        Add(new WasmMeterCommand());
        Add(new WasmRunCommand());
    }
}
