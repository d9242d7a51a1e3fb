using Egregore.Server;

namespace Egregore.Cli.Commands;

/// <summary>Modules on disk, with what the disk refuses as one line for the person.</summary>
internal static class WasmFile
{
    public static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EgregoreEnvironmentException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The whole file or none: written beside its place, then moved there.</summary>
    public static void Write(string path, byte[] bytes)
    {
        var beside = path + ".part";
        try
        {
            File.WriteAllBytes(beside, bytes);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EgregoreEnvironmentException($"{path}: {e.Message}", e);
        }
    }
}
