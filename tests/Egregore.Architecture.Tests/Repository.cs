using System.Runtime.CompilerServices;

namespace Egregore.Architecture.Tests;

/// <summary>Paths inside the checkout that the tests run from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Snapshots { get; } = Path.Combine(Root, "tests", "Egregore.Architecture.Tests", "api");

    public static IEnumerable<string> Projects() =>
        new[] { "src", "games", "sim", "bench", "tests" }
            .Select(folder => Path.Combine(Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/node_modules/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static string Find([CallerFilePath] string here = "")
    {
        for (var folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "egregore.slnx")))
                return folder;
        throw new DirectoryNotFoundException($"no egregore.slnx above {here}");
    }
}
