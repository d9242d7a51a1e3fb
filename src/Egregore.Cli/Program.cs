using System.CommandLine;
using Egregore.Cli;
using Egregore.Cli.Commands;
using Egregore.Server;

var root = new RootCommand("Egregore: online worlds on a small server of truth and a mesh of players")
{
    new ServeCommand(),
    new BotsCommand(),
    new SimulateCommand(),
    new BenchCommand(),
    new BenchRtcPeerCommand(),
    new ReplayCommand(),
    new WasmCommand(),
    new DoctorCommand(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0 && args.Length > 0)
{
    foreach (var error in parsed.Errors)
        Console.Error.WriteLine($"error: {error.Message}");
    var command = root.Subcommands.FirstOrDefault(known => known.Name == args[0]);
    Console.Error.WriteLine($"see: egregore {(command is null ? "" : command.Name + " ")}--help");
    return ExitCodes.Usage;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (EgregoreEnvironmentException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return ExitCodes.Environment;
}
catch (OperationCanceledException)
{
    return ExitCodes.Cancelled;
}
