using System.Diagnostics;

namespace Egregore.Wire.Tests.Oracle;

/// <summary>Runs Debian's flatc (package flatbuffers-compiler), the oracle of the format, in a folder of its own.</summary>
internal sealed class Flatc : IDisposable
{
    private readonly string _schema;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("egregore-flatc-");

    public Flatc(string schema) => _schema = SchemaPath(schema);

    public static string SchemaPath(string name) => Path.Combine(AppContext.BaseDirectory, "Schemas", name);

    /// <summary>What flatc prints for each buffer.</summary>
    public string[] ToJson(string rootType, IReadOnlyList<byte[]> buffers)
    {
        string[] names = Write(buffers, "bin");
        Run(["--json", "--strict-json", "--raw-binary", "--root-type", rootType, _schema, "--", .. names]);
        return [.. names.Select(n => File.ReadAllText(Path.ChangeExtension(Path.Combine(_folder.FullName, n), "json")))];
    }

    /// <summary>The buffer that flatc packs from each text.</summary>
    public byte[][] ToBinary(string rootType, IReadOnlyList<string> texts)
    {
        string[] names = Write([.. texts.Select(System.Text.Encoding.UTF8.GetBytes)], "json");
        Run(["-b", "--root-type", rootType, _schema, .. names]);
        return [.. names.Select(n => File.ReadAllBytes(Path.ChangeExtension(Path.Combine(_folder.FullName, n), "bin")))];
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string[] Write(IReadOnlyList<byte[]> contents, string extension)
    {
        string[] names = new string[contents.Count];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = $"v{i}.{extension}";
            File.WriteAllBytes(Path.Combine(_folder.FullName, names[i]), contents[i]);
        }
        return names;
    }

    private void Run(string[] arguments)
    {
        var start = new ProcessStartInfo("flatc", arguments) { WorkingDirectory = _folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("flatc did not start: install flatbuffers-compiler");
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
    }
}
