using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Egregore.Server;
using Egregore.Server.Work;
using VoxelArena;

namespace Egregore.Lend.Tests;

/// <summary>The real server with the probe kernel uploaded, and a program that submits tasks for it.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private const string Secret = "a-secret-of-the-tests-of-lending";
    private readonly EgregoreServer _server;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _http;

    private RealServer(EgregoreServer server, DirectoryInfo folder)
    {
        _server = server;
        _folder = folder;
        _http = new HttpClient { BaseAddress = server.Address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
    }

    public Uri Address => _server.Address;

    /// <summary>The name that the server gave to the probe kernel.</summary>
    public string Kernel { get; private set; } = "";

    public static async Task<RealServer> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("lend-server");
        var options = new ServerOptions
        {
            Url = "http://127.0.0.1:0", DataFolder = folder.FullName, Log = false, PagesFolder = "", BrowserFolder = "",
            Helpers = new HelpersOptions { ApiKeys = [new ApiKey("tests", Secret)] },
        };
        var server = new RealServer(await EgregoreServer.StartAsync(new VoxelArenaGame(1), options), folder);
        using var module = new ByteArrayContent(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Kernels", "probe.wasm")));
        module.Headers.ContentType = new MediaTypeHeaderValue("application/wasm");
        using var reply = await server._http.PostAsync("api/kernels?name=probe&class=simulated", module);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        server.Kernel = (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("hash").GetString()!;
        return server;
    }

    /// <summary>Submits a task and waits for what it comes to.</summary>
    public async Task<JsonElement> SubmitAsync(byte[] input)
    {
        using var reply = await _http.PostAsJsonAsync("api/tasks", new { kernel = Kernel, input = Convert.ToBase64String(input), deadlineMs = 20_000 });
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        return await reply.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
