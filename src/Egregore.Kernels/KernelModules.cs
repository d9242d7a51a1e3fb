using System.Collections.Frozen;
using Egregore.Work;

namespace Egregore.Kernels;

/// <summary>The metered modules that this assembly carries, by file name and by hash. Loaded and hashed once; the bytes are shared and must not be written.</summary>
public static class KernelModules
{
    private const string Prefix = "kernels/";

    private static readonly FrozenDictionary<string, byte[]> ByName = Load();
    private static readonly FrozenDictionary<KernelHash, byte[]> ByHash = ByName.Values.ToFrozenDictionary(bytes => KernelHash.Of(bytes));

    /// <summary>The bytes of a module.</summary>
    /// <param name="name">The file's name without extension, such as "grid-path".</param>
    /// <exception cref="ArgumentException">This assembly carries no such module.</exception>
    public static ReadOnlyMemory<byte> Get(string name) =>
        ByName.TryGetValue(name, out byte[]? bytes) ? bytes : throw new ArgumentException($"There is no kernel \"{name}\"", nameof(name));

    /// <summary>The name of a module, which is the SHA-256 of its metered bytes.</summary>
    /// <exception cref="ArgumentException">This assembly carries no such module.</exception>
    public static KernelHash HashOf(string name) => KernelHash.Of(Get(name).Span);

    /// <summary>The bytes of a module.</summary>
    /// <param name="hash">SHA-256 of them.</param>
    /// <param name="module">The metered module.</param>
    /// <returns>False where this assembly carries no such module.</returns>
    public static bool TryGet(KernelHash hash, out ReadOnlyMemory<byte> module)
    {
        bool found = ByHash.TryGetValue(hash, out byte[]? bytes);
        module = bytes;
        return found;
    }

    private static FrozenDictionary<string, byte[]> Load()
    {
        var modules = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string name in typeof(KernelModules).Assembly.GetManifestResourceNames())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            using Stream stream = typeof(KernelModules).Assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            modules.Add(Path.GetFileNameWithoutExtension(name[Prefix.Length..]), bytes);
        }
        return modules.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
