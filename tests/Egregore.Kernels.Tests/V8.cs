using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Egregore.Kernels.Tests;

/// <summary>Node's V8 on the same modules, by kernels/run.mjs.</summary>
internal static class V8
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Fails where a run differs from V8's in its answer, its refusal or its fuel.</summary>
    public static async Task AgreesAsync(string name, IReadOnlyList<byte[]> tasks, IReadOnlyList<KernelRun> runs)
    {
        string folder = Directory.CreateTempSubdirectory("egregore-kernels-").FullName;
        try
        {
            var lines = new List<string>();
            for (int i = 0; i < tasks.Count; i++)
            {
                string file = Path.Combine(folder, i.ToString(CultureInfo.InvariantCulture));
                await File.WriteAllBytesAsync(file, tasks[i]);
                lines.Add(JsonSerializer.Serialize(new { name, input = file, output = file + ".out" }));
            }
            string[] answers = (await NodeAsync("run.mjs", string.Join('\n', lines) + "\n")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(tasks.Count, answers.Length);
            for (int i = 0; i < tasks.Count; i++)
            {
                JsonElement answer = JsonSerializer.Deserialize<JsonElement>(answers[i]);
                Assert.True(answer.GetProperty("trap").ValueKind == JsonValueKind.Null, $"{name} {i}: {answers[i]}");
                Assert.Equal(runs[i].Code, answer.GetProperty("code").GetInt64());
                Assert.Equal(runs[i].Fuel, long.Parse(answer.GetProperty("fuel").GetString()!, CultureInfo.InvariantCulture));
                if (runs[i].Code != 0) continue;
                byte[] output = await File.ReadAllBytesAsync(Path.Combine(folder, $"{i}.out"));
                Assert.True(runs[i].Output.AsSpan().SequenceEqual(output), $"{name} {i}: other bytes in V8");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs a script of kernels/; what it wrote.</summary>
    public static async Task<string> NodeAsync(string script, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("node", [script, .. arguments]) { WorkingDirectory = Checkout.Kernels, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, await errors);
            return await output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
