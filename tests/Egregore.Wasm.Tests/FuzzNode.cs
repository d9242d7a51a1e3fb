using System.Diagnostics;

namespace Egregore.Wasm.Tests;

/// <summary>Node's V8 as the other opinion: one process of bench/peers/wasm-fuzz.mjs, a line in, a line out, many under way at once.</summary>
internal sealed class FuzzNode : IAsyncDisposable
{
    private readonly Process process;

    /// <summary>Starts Node.</summary>
    /// <param name="fuel">What metered modules have for each call.</param>
    public FuzzNode(long fuel = 0)
    {
        var start = new ProcessStartInfo("node")
        {
            ArgumentList = { "wasm-fuzz.mjs", $"{fuel}" },
            WorkingDirectory = TestFolders.Peers,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        process = Process.Start(start)!;
    }

    /// <summary>What V8 makes of each module: see wasm-fuzz.mjs.</summary>
    /// <param name="command">v: is it valid; r: run its calls, refuelled; m: run them.</param>
    /// <param name="modules">Their binaries.</param>
    public async Task<string[]> AskAsync(char command, IReadOnlyList<byte[]> modules)
    {
        Task writing = WriteAsync(command, modules);
        string[] answers = new string[modules.Count];
        for (int i = 0; i < answers.Length; i++)
            answers[i] = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"Node ended after {i} of {answers.Length} modules.");
        await writing;
        return answers;
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task WriteAsync(char command, IReadOnlyList<byte[]> modules)
    {
        foreach (byte[] module in modules) await process.StandardInput.WriteLineAsync($"{command} {Convert.ToBase64String(module)}");
        await process.StandardInput.FlushAsync();
    }
}
