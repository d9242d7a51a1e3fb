using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Where the other implementations are, and why one is not.</summary>
internal static class OtherPeers
{
    private const string PionSources = "/usr/share/gocode/src/github.com/pion/webrtc";

    public static string NodeFolder { get; } = Path.Combine(Folder(), "node");

    public static string? NodeMissing { get; } = Directory.Exists(Path.Combine(NodeFolder, "node_modules", "node-datachannel"))
        ? null : $"node-datachannel is not installed: npm ci --prefix {NodeFolder}";

    public static string? PionMissing { get; } = Directory.Exists(PionSources) && File.Exists("/usr/bin/go")
        ? null : "pion is not installed (Debian's packages golang-go and golang-github-pion-webrtc.v3-dev)";

    private static readonly Lazy<string> BuiltPion = new(BuildPion);

    public static string Pion => BuiltPion.Value;

    private static string BuildPion()
    {
        var source = Path.Combine(Folder(), "pion", "main.go");
        var root = Path.Combine(Folder(), "obj", "go");
        var folder = Path.Combine(root, "src", "peer");
        var output = Path.Combine(root, "pion-peer");
        if (File.Exists(output) && File.GetLastWriteTimeUtc(output) > File.GetLastWriteTimeUtc(source))
            return output;
        // Debian installs the module without its v3 folder. Go finds it so for a module inside GOPATH only.
        Directory.CreateDirectory(folder);
        File.Copy(source, Path.Combine(folder, "main.go"), overwrite: true);
        File.WriteAllText(Path.Combine(folder, "go.mod"), "module peer\n");
        var start = new ProcessStartInfo("/usr/bin/go", ["build", "-o", output, "peer"]) { WorkingDirectory = folder, RedirectStandardError = true };
        start.Environment["GO111MODULE"] = "off";
        start.Environment["GOPATH"] = root + ":/usr/share/gocode";
        start.Environment["GOCACHE"] = Path.Combine(Path.GetTempPath(), "egregore-go-cache");
        using var build = Process.Start(start)!;
        var error = build.StandardError.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0 ? output : throw new InvalidOperationException("pion's peer does not build: " + error);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, ".."));
}

public sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute() => Skip = OtherPeers.NodeMissing;
}

public sealed class PionTheoryAttribute : TheoryAttribute
{
    public PionTheoryAttribute() => Skip = OtherPeers.PionMissing;
}
