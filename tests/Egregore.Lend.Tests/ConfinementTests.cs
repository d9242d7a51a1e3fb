using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Egregore.Cli.Lend;
using Egregore.Wire;

namespace Egregore.Lend.Tests;

/// <summary>What a task that broke out of WebAssembly could still do: a hostile program in the worker's place.</summary>
public sealed class ConfinementTests
{
    [BubblewrapFact]
    public async Task Within_the_walls_there_is_no_file_no_network_no_other_process_and_no_key()
    {
        var secret = Path.Combine(Path.GetTempPath(), $"lend-secret-{Environment.ProcessId}");
        File.WriteAllText(secret, "secret");
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        try
        {
            var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var within = await ProbeAsync(Confinement.FindBubblewrap(), port, secret);
            Assert.Equal(11, within.Count);
            Assert.All(within, line => Assert.StartsWith("no", line.Value, StringComparison.Ordinal));
            // The same program without walls gets through: the probe works.
            var without = await ProbeAsync(null, port, secret);
            foreach (var name in (string[])["secret file", "password file", "loopback", "shell", "write beside the program"])
                Assert.StartsWith("YES", without[name], StringComparison.Ordinal);
            // Even then the helper's environment stays outside.
            Assert.StartsWith("no", without["environment"], StringComparison.Ordinal);
        }
        finally
        {
            listener.Stop();
            File.Delete(secret);
        }
    }

    [BubblewrapFact]
    public async Task A_worker_computes_within_the_walls_and_ends_with_them()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, worker: () => Confinement.Worker(Confinement.FindBubblewrap(), 256 << 20, 1_024));
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Sum(4));
        Assert.Equal(1UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
        await coordinator.ParkedAsync(1);
        var walls = Assert.Single(helper.Lender.ProcessIds);
        Assert.True(ProcessTree.Of(walls).ResidentBytes > 20 << 20, "the worker's memory is seen through the walls");
        await coordinator.AssignAsync(2, ProbeKernel.Forever, runMs: 300, fuel: long.MaxValue);
        Assert.Equal(WorkFault.TooLate, (await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure)).Code);
        await coordinator.ParkedAsync(1);
        Assert.NotEqual(walls, Assert.Single(helper.Lender.ProcessIds));
        Assert.Equal(default, ProcessTree.Of(walls));
    }

    private static async Task<Dictionary<string, string>> ProbeAsync(string? bubblewrap, params string[] arguments)
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, "Egregore.Lend.Probe.dll");
        Environment.SetEnvironmentVariable("EGREGORE_API_KEY", "key");
        using var process = Process.Start(Confinement.Program(bubblewrap, assembly, 128 << 20, arguments))!;
        var lines = await process.StandardOutput.ReadToEndAsync().WaitAsync(FakeCoordinator.Patience);
        await process.WaitForExitAsync();
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1]);
    }
}

/// <summary>A fact that needs bubblewrap, and user namespaces that it may make.</summary>
internal sealed class BubblewrapFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Reason = new(Look);

    public BubblewrapFactAttribute() => Skip = Reason.Value;

    private static string? Look()
    {
        if (Confinement.FindBubblewrap() is not { } bubblewrap)
            return "bubblewrap is not installed (Debian: bubblewrap)";
        using var process = Process.Start(new ProcessStartInfo(bubblewrap, "--unshare-all --ro-bind / / true") { RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : $"bubblewrap does not work here: {said.Trim()}";
    }
}
