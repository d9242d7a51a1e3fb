namespace Egregore.Cli;

/// <summary>Where the built pages are: beside the program when installed, in the checkout when run from a clone.</summary>
internal static class PagePaths
{
    public static (string? Web, string? Browser) Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var web = Path.Combine(folder, "web", "dist");
            var browser = Path.Combine(folder, "artifacts", "browser");
            if (Directory.Exists(web) || File.Exists(Path.Combine(folder, "egregore.slnx")))
                return (Existing(web), Existing(browser));
        }

        return (null, null);
    }

    private static string? Existing(string path) => Directory.Exists(path) ? path : null;
}
