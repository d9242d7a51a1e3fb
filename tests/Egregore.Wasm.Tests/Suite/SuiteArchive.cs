using System.IO.Compression;

namespace Egregore.Wasm.Tests.Suite;

/// <summary>The official test suite of WebAssembly 2.0 as wast2json writes it, one folder a file, in an archive beside the repository.</summary>
internal static class SuiteArchive
{
    private const string Name = "wasm-spec-2.0.zip";

    /// <summary>The archive, or null where it is not there.</summary>
    public static string? Path { get; } = Find();

    /// <summary>The names of the suite's files.</summary>
    public static IEnumerable<string> Files()
    {
        using ZipArchive archive = ZipFile.OpenRead(Path!);
        return [.. archive.Entries.Where(entry => entry.Name.EndsWith(".json", StringComparison.Ordinal)).Select(entry => entry.Name[..^5]).Order(StringComparer.Ordinal)];
    }

    /// <summary>All that belongs to one file, by name.</summary>
    public static Dictionary<string, byte[]> Read(string file)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path!);
        var contents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry => entry.FullName.StartsWith(file + "/", StringComparison.Ordinal)))
        {
            using Stream stream = entry.Open();
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            contents[entry.Name] = memory.ToArray();
        }

        return contents;
    }

    private static string? Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(System.IO.Path.Combine(folder.FullName, "egregore.slnx"))) continue;
            string path = System.IO.Path.Combine(folder.FullName, "..", "shared", Name);
            return File.Exists(path) ? path : null;
        }

        return null;
    }
}
