using System.Xml.Linq;

namespace Egregore.Architecture.Tests;

/// <summary>The map of docs/architecture.md as a table: what each project may reference. Arrows point down only.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Egregore.Wire.Generator"] = [],
        ["Egregore.Wire"] = ["Egregore.Wire.Generator"],
        ["Egregore.Crdt"] = [],
        ["Egregore.Wasm"] = [],
        ["Egregore.WebRtc"] = [],
        ["Egregore.World"] = ["Egregore.Wire", "Egregore.Wire.Generator"],
        ["Egregore.Mesh"] = ["Egregore.Wire", "Egregore.Crdt"],
        ["Egregore.Work"] = ["Egregore.Wire"],
        ["Egregore.Sandbox"] = ["Egregore.Wire", "Egregore.Work", "Egregore.Wasm"],
        ["Egregore.Kernels"] = ["Egregore.Work"],
        ["Egregore.Physics"] = ["Egregore.Wire", "Egregore.World", "Egregore.Work", "Egregore.Kernels"],
        ["Egregore.Peer"] = ["Egregore.Wire", "Egregore.Crdt", "Egregore.World", "Egregore.Mesh"],
        ["Egregore.Storage.Sqlite"] = ["Egregore.Wire", "Egregore.World"],
        ["Egregore.Server"] = ["Egregore.Wire", "Egregore.World", "Egregore.Work", "Egregore.Kernels", "Egregore.Physics", "Egregore.Sandbox", "Egregore.Storage.Sqlite"],
        ["VoxelArena"] = ["Egregore.Wire.Generator", "Egregore.Wire", "Egregore.World", "Egregore.Physics"],
        ["Egregore.Browser"] = ["Egregore.Wire", "Egregore.World", "Egregore.Physics", "Egregore.Mesh", "Egregore.Peer", "VoxelArena"],
        ["Egregore.Simulation"] = ["Egregore.Wire", "Egregore.Crdt", "Egregore.World", "Egregore.Mesh", "Egregore.Peer", "Egregore.Work", "Egregore.Kernels", "Egregore.Physics"],
        ["Egregore.Bench"] =
        [
            "Egregore.Wire.Generator", "Egregore.Wire", "Egregore.Crdt", "Egregore.World", "Egregore.Mesh", "Egregore.Peer", "Egregore.Storage.Sqlite", "Egregore.Server",
            "Egregore.Simulation", "Egregore.Wasm", "Egregore.WebRtc", "Egregore.Work", "Egregore.Kernels", "Egregore.Sandbox", "Egregore.Physics", "VoxelArena",
        ],
        ["Egregore.Cli"] =
        [
            "Egregore.Wire", "Egregore.Crdt", "Egregore.World", "Egregore.Mesh", "Egregore.Peer", "Egregore.Storage.Sqlite", "Egregore.Server", "Egregore.Simulation",
            "Egregore.Bench", "Egregore.Wasm", "Egregore.WebRtc", "Egregore.Work", "Egregore.Kernels", "Egregore.Sandbox", "Egregore.Physics", "VoxelArena",
        ],
    };

    private static readonly string[] Cores = ["Egregore.Wire", "Egregore.Crdt", "Egregore.Wasm", "Egregore.World", "Egregore.Mesh", "Egregore.Peer", "Egregore.Work", "Egregore.Kernels", "Egregore.Physics"];

    [Fact]
    public void Every_project_references_only_what_the_map_allows()
    {
        var wrong = new List<string>();
        foreach (var path in Repository.Projects().Where(path => !path.Contains("/tests/", StringComparison.Ordinal)))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (!Allowed.TryGetValue(name, out var allowed))
                wrong.Add($"{name} is not on the map");
            else
                wrong.AddRange(References(path).Except(allowed).Select(reference => $"{name} references {reference}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_core_bans_clocks_randomness_threads_and_files()
    {
        foreach (var core in Cores)
        {
            var project = XDocument.Load(Path.Combine(Repository.Root, "src", core, core + ".csproj"));
            Assert.True(project.Descendants("EgregoreCore").Any(e => e.Value == "true"), $"{core} does not set EgregoreCore");
            Assert.Empty(project.Descendants("FrameworkReference"));
        }
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "egregore.slnx"));
        foreach (var path in Repository.Projects())
        {
            // The browser's project is built for another runtime, by its own target.
            if (Path.GetFileNameWithoutExtension(path) == "Egregore.Browser")
                continue;
            Assert.Contains(Path.GetRelativePath(Repository.Root, path), solution, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> References(string path) =>
        XDocument.Load(path).Descendants("ProjectReference").Select(e => Path.GetFileNameWithoutExtension(e.Attribute("Include")!.Value.Replace('\\', '/')));
}
