namespace Egregore.Kernels.Tests;

/// <summary>Folders of the checkout that tests read.</summary>
internal static class Checkout
{
    public static string Kernels { get; } = Path.Combine(Root(), "kernels");

    public static string Of(string kernel, params string[] rest) => Path.Combine([Kernels, kernel, .. rest]);

    private static string Root()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "egregore.slnx"))) return at.FullName;
        }
        throw new InvalidOperationException($"No checkout above {AppContext.BaseDirectory}.");
    }
}
