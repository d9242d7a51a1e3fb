using System.Buffers.Binary;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>
/// Kernels' modules by name, fetched once from <c>GET /kernels/{hex}.wasm</c> and held against their hash, and sample tasks of those that the server expects to need. Used by the helper's loop and
/// its slots at the same time.
/// </summary>
internal sealed class KernelStore(HttpClient http)
{
    private const int KernelsMax = 32;
    private const int ModuleBytesMax = 8 << 20;
    private const int SampleBytesMax = 1 << 20;
    private const int TriedMax = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<KernelHash, Task<byte[]>> _modules = [];
    private readonly List<KernelHash> _byUse = [];
    private readonly Dictionary<KernelHash, byte[]> _samples = [];
    private readonly SortedDictionary<string, (KernelHash Kernel, uint FuelPerMs)> _tried = new(StringComparer.Ordinal);

    /// <summary>Names of the modules that are here, the latest used last.</summary>
    public KernelHash[] Held()
    {
        lock (_gate)
            return [.. _byUse.Where(kernel => _modules[kernel].IsCompletedSuccessfully)];
    }

    /// <summary>Fetches a kernel that the server expects to need, with its sample where it has one.</summary>
    /// <exception cref="HttpRequestException">It cannot be had, or is not what it is called.</exception>
    public async Task ExpectAsync(KernelHash kernel)
    {
        await GetAsync(kernel, CancellationToken.None);
        if (await FetchSampleAsync(kernel) is not { } sample)
            return;
        lock (_gate)
        {
            if (_samples.Count < KernelsMax || _samples.ContainsKey(kernel))
                _samples[kernel] = sample;
        }
    }

    /// <summary>A worker has run a kernel's sample: so much fuel in so many microseconds.</summary>
    public void NoteTried(KernelHash kernel, ulong fuel, uint runUs)
    {
        lock (_gate)
            _tried[kernel.ToString()] = (kernel, (uint)Math.Min(uint.MaxValue, fuel * 1_000 / Math.Max(1, runUs)));
    }

    /// <summary>What was tried, as <see cref="WorkPark.Tried"/> has it.</summary>
    public byte[] Tried()
    {
        lock (_gate)
        {
            var bytes = new byte[Math.Min(_tried.Count, TriedMax) * (KernelHash.Size + sizeof(uint))];
            var left = bytes.AsSpan();
            foreach (var (kernel, fuelPerMs) in _tried.Values.Take(TriedMax))
            {
                kernel.Write(left);
                BinaryPrimitives.WriteUInt32LittleEndian(left[KernelHash.Size..], fuelPerMs);
                left = left[(KernelHash.Size + sizeof(uint))..];
            }

            return bytes;
        }
    }

    /// <summary>The input of a sample task; null: there is none.</summary>
    public byte[]? SampleOf(KernelHash kernel)
    {
        lock (_gate)
            return _samples.GetValueOrDefault(kernel);
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
        var (status, bytes) = await FetchAsync(kernel, "wasm", ModuleBytesMax);
        if (bytes is null)
            throw new HttpRequestException($"the server has no kernel {kernel.ToString()[..8]} ({status})");
        return KernelHash.Of(bytes) == kernel ? bytes : throw new HttpRequestException($"the bytes that the server sent are not those of kernel {kernel.ToString()[..8]}");
    }

    private async Task<byte[]?> FetchSampleAsync(KernelHash kernel) => (await FetchAsync(kernel, "sample", SampleBytesMax)).Bytes;

    private async Task<(int Status, byte[]? Bytes)> FetchAsync(KernelHash kernel, string what, int bytesMax)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            using var reply = await http.GetAsync($"kernels/{kernel}.{what}", HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!reply.IsSuccessStatusCode)
                return ((int)reply.StatusCode, null);
            await reply.Content.LoadIntoBufferAsync(bytesMax, limit.Token);
            return ((int)reply.StatusCode, await reply.Content.ReadAsByteArrayAsync(limit.Token));
        }
        catch (OperationCanceledException e)
        {
            throw new HttpRequestException($"kernel {kernel.ToString()[..8]} did not come in {Patience.TotalSeconds:0} s", e);
        }
    }
}
