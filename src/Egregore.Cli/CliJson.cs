using System.Text.Json.Serialization;
using Egregore.Cli.Commands;

namespace Egregore.Cli;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DoctorCommand.Check))]
[JsonSerializable(typeof(Egregore.Cli.Bots.SwarmFigures))]
[JsonSerializable(typeof(Egregore.Cli.Lend.LendFiguresLine))]
[JsonSerializable(typeof(Egregore.Cli.Lend.LendTaskLine))]
[JsonSerializable(typeof(Egregore.World.ReplayReport))]
internal sealed partial class CliJson : JsonSerializerContext;
