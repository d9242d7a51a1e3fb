using System.Text.Json.Serialization;
using Egregore.Wasm;

namespace Egregore.Cli.Commands;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WasmInspectCommand.Report), TypeInfoPropertyName = "WasmInspectCommandReport")]
[JsonSerializable(typeof(WasmValidateCommand.Report), TypeInfoPropertyName = "WasmValidateCommandReport")]
[JsonSerializable(typeof(WasmMeterCommand.Report), TypeInfoPropertyName = "WasmMeterCommandReport")]
[JsonSerializable(typeof(WasmRunCommand.Report), TypeInfoPropertyName = "WasmRunCommandReport")]
internal sealed partial class WasmJson : JsonSerializerContext;

/// <summary>An error of a module, as every command prints it.</summary>
/// <param name="Kind">malformed, invalid, limit, link or refused.</param>
/// <param name="Reason">What is wrong.</param>
/// <param name="Offset">The byte of the module where it is wrong, or null.</param>
/// <param name="Function">The function that is wrong, imports counted, or null.</param>
internal sealed record WasmProblem(string Kind, string Reason, int? Offset, int? Function)
{
    public static WasmProblem Of(WasmException error) => error switch
    {
        MalformedModuleException e => new("malformed", e.Reason, e.Offset, null),
        InvalidModuleException e => new("invalid", e.Reason, e.Offset, e.FunctionIndex < 0 ? null : e.FunctionIndex),
        LimitException e => new("limit", $"over the limit {e.Limit} = {e.Maximum}", e.Offset < 0 ? null : e.Offset, null),
        LinkException e => new("link", e.Message, null, null),
        _ => new("refused", error.Message, null, null),
    };

    public string Line(string path) =>
        $"{path}: {Kind}: {Reason}{(Function is { } function ? $", in function {function}" : "")}{(Offset is { } offset ? $", at byte {offset} (0x{offset:x})" : "")}";
}
