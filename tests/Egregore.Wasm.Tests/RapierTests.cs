using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Egregore.Bench.Rapier;

namespace Egregore.Wasm.Tests;

/// <summary>The official Rapier module, unmodified, against the official package in Node: a thousand bodies, three hundred steps.</summary>
public sealed class RapierTests
{
    private const int Bodies = 1000;
    private const int Steps = 300;
    private const int StepsPerHash = 50;

    [Fact]
    public async Task A_thousand_bodies_are_where_the_official_package_has_them_bit_for_bit()
    {
        Task<List<JsonElement>> reference = Reference();
        using var engine = new Engine();
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(TestFolders.Peers, "node_modules", "@dimforge", "rapier3d-deterministic", "rapier_wasm3d_bg.wasm"));
        RapierHost host = RapierHost.Instantiate(new Store(engine), engine.Compile(bytes));
        var scene = new RapierScene(host, Bodies);
        var hashes = new List<string>();
        for (int step = 1; step <= Steps; step++)
        {
            scene.Step();
            if (step % StepsPerHash == 0) hashes.Add(Hash(scene.State()));
        }
        byte[] state = scene.State();
        string memory = Hash(host.Memory.Span);

        List<JsonElement> lines = await reference;
        Assert.Equal(lines.Take(Steps / StepsPerHash).Select(line => line.GetProperty("hash").GetString()), hashes);
        Assert.Equal(lines[^2].GetProperty("state").GetBytesFromBase64(), state);
        Assert.Equal(lines[^1].GetProperty("memory").GetString(), memory);
        scene.Free();
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static async Task<List<JsonElement>> Reference()
    {
        var start = new ProcessStartInfo("node") { ArgumentList = { "wasm-rapier.mjs", $"{Bodies}", $"{Steps}" }, WorkingDirectory = TestFolders.Peers, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        var lines = new List<JsonElement>();
        while (await process.StandardOutput.ReadLineAsync() is { } line) lines.Add(JsonSerializer.Deserialize<JsonElement>(line));
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return lines;
    }
}
