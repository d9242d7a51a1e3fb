using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>Kernels' modules by name, fetched once from <c>GET /kernels/{hex}.wasm</c> and held against their hash. Used by the helper's loop and its slots at the same time.</summary>
internal sealed class KernelStore(HttpClient http)
{
    private const int KernelsMax = 32;
    private const int ModuleBytesMax = 8 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<KernelHash, Task<byte[]>> _modules = [];
    private readonly List<KernelHash> _byUse = [];

    /// <summary>Names of the modules that are here, the latest used last.</summary>
    public KernelHash[] Held()
    {
        lock (_gate)
            return [.. _byUse.Where(kernel => _modules[kernel].IsCompletedSuccessfully)];
    }

    /// <summary>The metered module.</summary>
    /// <exception cref="HttpRequestException">It cannot be had, or is not what it is called.</exception>
    public async Task<byte[]> GetAsync(KernelHash kernel, CancellationToken cancel)
    {
        Task<byte[]> module;
        lock (_gate)
        {
            if (!_modules.TryGetValue(kernel, out module!))
                _modules[kernel] = module = FetchAsync(kernel);
            _byUse.Remove(kernel);
            _byUse.Add(kernel);
            if (_byUse.Count > KernelsMax)
            {
                _modules.Remove(_byUse[0]);
                _byUse.RemoveAt(0);
            }
        }

        try
        {
            return await module.WaitAsync(cancel);
        }
        catch (HttpRequestException)
        {
            // The next one who asks tries again.
            lock (_gate)
            {
                if (_modules.GetValueOrDefault(kernel) == module)
                {
                    _modules.Remove(kernel);
                    _byUse.Remove(kernel);
                }
            }

            throw;
        }
    }

    private async Task<byte[]> FetchAsync(KernelHash kernel)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            using var reply = await http.GetAsync($"kernels/{kernel}.wasm", HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!reply.IsSuccessStatusCode)
                throw new HttpRequestException($"the server has no kernel {kernel.ToString()[..8]} ({(int)reply.StatusCode})");
            await reply.Content.LoadIntoBufferAsync(ModuleBytesMax, limit.Token);
            var bytes = await reply.Content.ReadAsByteArrayAsync(limit.Token);
            return KernelHash.Of(bytes) == kernel ? bytes : throw new HttpRequestException($"the bytes that the server sent are not those of kernel {kernel.ToString()[..8]}");
        }
        catch (OperationCanceledException e)
        {
            throw new HttpRequestException($"kernel {kernel.ToString()[..8]} did not come in {Patience.TotalSeconds:0} s", e);
        }
    }
}
