using System.Collections.Concurrent;
using Egregore.Sandbox;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>The metered modules that helpers fetch and truth runs, by hash.</summary>
internal sealed class KernelLibrary(KernelSandbox sandbox)
{
    private readonly ConcurrentDictionary<KernelHash, Entry> _kernels = new();

    public IEnumerable<KernelManifest> All => _kernels.Values.Select(entry => entry.Manifest).OrderBy(manifest => manifest.Name, StringComparer.Ordinal);

    public int Count => _kernels.Count;

    /// <summary>Takes a kernel; false where it is there already.</summary>
    /// <exception cref="KernelRefusedException">It was uploaded, and the bytes are not those of the manifest's hash, or no kernel. Others are compiled when they are first run.</exception>
    public bool Add(KernelManifest manifest, ReadOnlyMemory<byte> metered, bool uploaded)
    {
        if (uploaded)
            sandbox.Load(manifest.Hash, metered.Span);
        return _kernels.TryAdd(manifest.Hash, new Entry(manifest, metered, uploaded));
    }

    public bool TryGet(KernelHash hash, out ReadOnlyMemory<byte> module)
    {
        module = _kernels.TryGetValue(hash, out var entry) ? entry.Module : default;
        return entry is not null;
    }

    public string NameOf(KernelHash hash) => _kernels.TryGetValue(hash, out var entry) ? entry.Manifest.Name : hash.ToString()[..8];

    /// <summary>Whether it came from outside: only such a one can be taken back.</summary>
    public bool IsUploaded(KernelHash hash) => _kernels.TryGetValue(hash, out var entry) && entry.Uploaded;

    public bool Remove(KernelHash hash) => _kernels.TryRemove(hash, out _);

    private sealed record Entry(KernelManifest Manifest, ReadOnlyMemory<byte> Module, bool Uploaded);
}
