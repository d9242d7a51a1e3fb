using System.Globalization;
using System.Text.Json;

namespace Egregore.Bench;

/// <summary>One run of the peer's.</summary>
/// <param name="Ms">Its time.</param>
/// <param name="Result">A checksum as text.</param>
internal sealed record WasmPeerRun(double Ms, string Result);

/// <summary>Node's V8 on the same modules: bench/peers/wasm.mjs, asked for one run at a time.</summary>
internal sealed class WasmPeer : IAsyncDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(120);

    private readonly ChildProcess node;

    private WasmPeer(ChildProcess node) => this.node = node;

    /// <summary>Starts Node; installs the packages of bench/peers where they are missing.</summary>
    /// <exception cref="BenchException">Node or the packages are not there.</exception>
    public static async Task<WasmPeer> StartAsync(BenchContext context, CancellationToken cancellation)
    {
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        return new WasmPeer(ChildProcess.Start("node", ["wasm.mjs"], context.PeersDirectory));
    }

    /// <summary>Runs <c>NAME N</c> once.</summary>
    /// <exception cref="BenchException">It ended, or said nothing.</exception>
    public async Task<WasmPeerRun> RunAsync(string name, int n, CancellationToken cancellation)
    {
        await node.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{name} {n}")).ConfigureAwait(false);
        string line = await node.ReadAsync("{", Within, cancellation).ConfigureAwait(false);
        return JsonSerializer.Deserialize<WasmPeerRun>(line, JsonSerializerOptions.Web) ?? throw new BenchException($"wasm.mjs wrote: {line}");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => node.DisposeAsync();
}
