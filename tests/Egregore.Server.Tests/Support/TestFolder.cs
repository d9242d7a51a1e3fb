namespace Egregore.Server.Tests.Support;

/// <summary>A new folder that goes with the test.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("egregore-server-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
