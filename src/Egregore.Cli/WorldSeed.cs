using System.Globalization;
using Egregore.Server;

namespace Egregore.Cli;

/// <summary>The seed of a world's land, kept beside its journal: the same blocks over another land would be another world.</summary>
internal static class WorldSeed
{
    private const string FileName = "world.seed";
    private const ulong Default = 1;

    /// <summary>The kept seed; else the asked one, which is kept from now on.</summary>
    /// <param name="folder">The data folder; made when it is not there.</param>
    /// <param name="asked">The seed that the person gave, if any.</param>
    /// <exception cref="EgregoreEnvironmentException">The world was made with another seed, or the folder cannot be written.</exception>
    public static ulong Keep(string folder, ulong? asked)
    {
        if (Read(folder) is { } kept)
            return asked is null || asked == kept ? kept : throw new EgregoreEnvironmentException($"the world in {folder} was made with --seed {kept}; leave --seed out, or choose another --data for a new world");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, FileName), (asked ?? Default).ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EgregoreEnvironmentException($"{folder} cannot be written: {e.Message}", e);
        }

        return asked ?? Default;
    }

    /// <summary>The kept seed; null when none is.</summary>
    public static ulong? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) && ulong.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var kept) ? kept : null;
    }
}
