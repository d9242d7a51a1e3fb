#:project Egregore.Bench/Egregore.Bench.csproj
#:property PublishAot=false
// The benchmarks without the command line: dotnet run -c Release bench/run.cs -- [AREA] [--json]
using Egregore.Bench;

bool json = args.Contains("--json");
string? area = args.FirstOrDefault(a => !a.StartsWith('-'));
var context = new BenchContext(BenchContext.FindPeers(Environment.CurrentDirectory), Console.Error.WriteLine);
return await BenchRunner.All.RunAsync(area, json, Console.Out, Console.Error, context);
