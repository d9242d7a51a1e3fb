#:property PublishAot=false
#:property GenerateDocumentationFile=false

// Run by BrowserWasm.targets: writes what a page loads into one folder, under names that carry the content's hash (a server may let them be cached for ever),
// each beside its .br and .gz form. Arguments: a file that lists the inputs, the folder, the main assembly. Files that are there already are not compressed again.

using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

string[] inputs = File.ReadAllLines(args[0]);
string folder = args[1];
string mainAssembly = args[2];
Directory.CreateDirectory(folder);

// These two must be loaded before the runtime starts, all others while it does.
string[] core = ["System.Private.CoreLib.dll", "System.Runtime.InteropServices.JavaScript.dll"];
var kept = new HashSet<string>(StringComparer.Ordinal);
var list = new JsonArray();
var resources = new JsonObject
{
    ["jsModuleNative"] = new JsonArray(),
    ["jsModuleRuntime"] = new JsonArray(),
    ["wasmNative"] = new JsonArray(),
    ["coreAssembly"] = new JsonArray(),
    ["assembly"] = new JsonArray(),
};
string loader = "";
long total = 0, totalGzip = 0, totalBrotli = 0;

foreach (string input in inputs.Order(StringComparer.Ordinal))
{
    string file = Path.GetFileName(input);
    string name = Add(file, File.ReadAllBytes(input));
    switch (file)
    {
        case "dotnet.js":
            loader = name;
            break;
        case "dotnet.native.js":
            Resource("jsModuleNative", name, null);
            break;
        case "dotnet.runtime.js":
            Resource("jsModuleRuntime", name, null);
            break;
        case "dotnet.native.wasm":
            Resource("wasmNative", name, null);
            break;
        default:
            Resource(core.Contains(file) ? "coreAssembly" : "assembly", name, file);
            break;
    }
}

var config = new JsonObject
{
    ["mainAssemblyName"] = mainAssembly,
    ["globalizationMode"] = "invariant",
    ["debugLevel"] = 0,
    ["resources"] = resources,
};
string boot = $$"""
    // Generated with the bundle, see docs/browser.md. `boot(imports)` starts .NET once, registers what C# imports, and gives the exported classes by name.
    import { dotnet } from './{{loader}}';

    const config = {{config.ToJsonString()}};
    let started;

    export function boot(imports) {
      started ??= (async () => {
        const runtime = await dotnet.withConfig(config).create();
        runtime.setModuleImports('egregore', imports);
        let exports = await runtime.getAssemblyExports(config.mainAssemblyName);
        for (const part of config.mainAssemblyName.replace(/\.dll$/, '').split('.')) exports = exports[part];
        return exports;
      })();
      return started;
    }

    """;
Add("boot.mjs", System.Text.Encoding.UTF8.GetBytes(boot), hashed: false);

var manifest = new JsonObject { ["bytes"] = total, ["gzipBytes"] = totalGzip, ["brotliBytes"] = totalBrotli, ["files"] = list };
foreach (string path in Directory.GetFiles(folder).Where(path => !kept.Contains(Path.GetFileName(path))))
    File.Delete(path);
File.WriteAllText(Path.Combine(folder, "egregore.boot.json"), manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
Console.WriteLine($"browser bundle: {kept.Count / 3} files, {total / 1048576.0:F2} MiB, {totalGzip / 1048576.0:F2} MiB gzip, {totalBrotli / 1048576.0:F2} MiB brotli -> {folder}");

void Resource(string kind, string name, string? virtualPath)
{
    var entry = new JsonObject { ["name"] = name };
    if (virtualPath is not null)
        entry["virtualPath"] = virtualPath;
    ((JsonArray)resources[kind]!).Add((JsonNode)entry);
}

string Add(string file, byte[] bytes, bool hashed = true)
{
    string hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..10];
    string name = hashed ? Path.GetFileNameWithoutExtension(file) + "." + hash + Path.GetExtension(file) : file;
    string path = Path.Combine(folder, name);
    if (!hashed || !File.Exists(path + ".br") || !File.Exists(path + ".gz") || !File.Exists(path))
    {
        File.WriteAllBytes(path, bytes);
        Compress(path + ".gz", bytes, stream => new GZipStream(stream, CompressionLevel.SmallestSize));
        Compress(path + ".br", bytes, stream => new BrotliStream(stream, CompressionLevel.SmallestSize));
    }
    kept.UnionWith([name, name + ".gz", name + ".br"]);
    long gzip = new FileInfo(path + ".gz").Length, brotli = new FileInfo(path + ".br").Length;
    (total, totalGzip, totalBrotli) = (total + bytes.Length, totalGzip + gzip, totalBrotli + brotli);
    list.Add((JsonNode)new JsonObject { ["name"] = name, ["bytes"] = bytes.Length, ["gzipBytes"] = gzip, ["brotliBytes"] = brotli });
    return name;
}

static void Compress(string path, byte[] bytes, Func<Stream, Stream> encode)
{
    // Written under another name first: a build that is stopped leaves no half file.
    using (Stream encoder = encode(File.Create(path + ".tmp")))
        encoder.Write(bytes);
    File.Move(path + ".tmp", path, overwrite: true);
}
