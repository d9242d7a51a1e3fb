using System.Security.Cryptography;
using Egregore.Wire;

namespace Egregore.Server.Work;

/// <summary>Truth's own key pair: receipts are signed with it. It is kept beside the journal, so that a receipt can be verified after a restart.</summary>
internal static class TruthKey
{
    private const string FileName = "truth.key";

    /// <exception cref="EgregoreEnvironmentException">The file is there and holds no key.</exception>
    public static EcdsaP256 Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        Directory.CreateDirectory(folder);
        try
        {
            if (File.Exists(path))
                return EcdsaP256.FromPrivateKey(File.ReadAllBytes(path));
            var key = EcdsaP256.Create();
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(key.ExportPrivateKey());
            return key;
        }
        catch (CryptographicException e)
        {
            throw new EgregoreEnvironmentException($"{path} holds no key; move it away, and a new one is made", e);
        }
        catch (IOException e)
        {
            throw new EgregoreEnvironmentException($"{path}: {e.Message}", e);
        }
    }
}
