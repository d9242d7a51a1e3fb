using System.Text.Json.Serialization;
using Egregore.Cli.Commands;

namespace Egregore.Cli;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DoctorCommand.Check))]
internal sealed partial class CliJson : JsonSerializerContext;
