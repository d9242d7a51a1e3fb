using System.Security.Cryptography;
using System.Text;
using Egregore.Server;
using Egregore.Wire;

namespace Egregore.Cli.Lend;

/// <summary>The helper's key pair, kept in a file that only its owner can read, so that trust grows over restarts.</summary>
internal static class HelperIdentity
{
    private const int FileBytesMax = 16 * 1024;
    private const string Label = "PRIVATE KEY";

    /// <summary>Reads the key of a file (PKCS#8 in PEM), or makes one and writes it with mode 0600. Without a path: a key for this run alone.</summary>
    /// <exception cref="EgregoreEnvironmentException">The file cannot be read or written, holds no key, or others may read it.</exception>
    public static EcdsaP256 Load(string? path)
    {
        if (path is null)
            return EcdsaP256.Create();
        try
        {
            return File.Exists(path) ? Read(path) : Make(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new EgregoreEnvironmentException($"--identity {path}: {e.Message}", e);
        }
    }

    private static EcdsaP256 Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
            throw new EgregoreEnvironmentException($"--identity {path}: others may read or write this key; chmod 600 it");
        if (new FileInfo(path).Length > FileBytesMax)
            throw new EgregoreEnvironmentException($"--identity {path}: too large for a key");
        var text = File.ReadAllText(path);
        var fields = PemEncoding.Find(text);
        if (!text.AsSpan()[fields.Label].SequenceEqual(Label))
            throw new EgregoreEnvironmentException($"--identity {path}: it holds no private key");
        return EcdsaP256.FromPrivateKey(Convert.FromBase64String(text[fields.Base64Data]));
    }

    private static EcdsaP256 Make(string path)
    {
        var key = EcdsaP256.Create();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        using var file = new FileStream(path, options);
        file.Write(Encoding.ASCII.GetBytes(PemEncoding.WriteString(Label, key.ExportPrivateKey())));
        return key;
    }
}
