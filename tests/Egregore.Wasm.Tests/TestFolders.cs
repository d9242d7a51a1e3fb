namespace Egregore.Wasm.Tests;

/// <summary>Folders of the checkout that tests read.</summary>
internal static class TestFolders
{
    /// <summary>bench/peers, where Node's scripts and packages are.</summary>
    public static string Peers { get; } = Path.Combine(Root(), "bench", "peers");

    /// <summary>bench/kernels.</summary>
    public static string Kernels { get; } = Path.Combine(Root(), "bench", "kernels");

    /// <summary>Modules on which this engine and V8 disagreed once.</summary>
    public static string FuzzKept { get; } = Path.Combine(Root(), "tests", "Egregore.Wasm.Tests", "FuzzKept");

    private static string Root()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "egregore.slnx"))) return at.FullName;
        }
        throw new InvalidOperationException($"No checkout above {AppContext.BaseDirectory}.");
    }
}
