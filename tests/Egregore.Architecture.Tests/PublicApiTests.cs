using System.Reflection;

namespace Egregore.Architecture.Tests;

/// <summary>
/// The public surface of each library, pinned. A change shows up in review as a change of <c>api/NAME.txt</c>; write the files anew with
/// <c>EGREGORE_UPDATE_API=1 dotnet test tests/Egregore.Architecture.Tests</c>.
/// </summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("Egregore.Wire")]
    [InlineData("Egregore.Crdt")]
    [InlineData("Egregore.Wasm")]
    [InlineData("Egregore.WebRtc")]
    [InlineData("Egregore.Work")]
    [InlineData("Egregore.Kernels")]
    [InlineData("Egregore.Sandbox")]
    [InlineData("Egregore.Physics")]
    [InlineData("Egregore.World")]
    [InlineData("Egregore.Mesh")]
    [InlineData("Egregore.Peer")]
    [InlineData("Egregore.Storage.Sqlite")]
    [InlineData("Egregore.Server")]
    public void Public_api_is_as_pinned(string name)
    {
        var actual = PublicApi.Print(Assembly.Load(name));
        var path = Path.Combine(Repository.Snapshots, name + ".txt");
        if (Environment.GetEnvironmentVariable("EGREGORE_UPDATE_API") == "1")
        {
            Directory.CreateDirectory(Repository.Snapshots);
            File.WriteAllText(path, actual);
        }

        Assert.True(File.Exists(path), $"no snapshot {path}; run with EGREGORE_UPDATE_API=1");
        Assert.Equal(File.ReadAllText(path), actual);
    }
}
