using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Egregore.Server.Tests.Support;
using Egregore.Wire;

namespace Egregore.Server.Tests;

public sealed class HttpTests
{
    [Fact]
    public async Task A_wrong_origin_gets_no_socket_and_no_ticket()
    {
        await using var server = await TestServer.StartAsync(o => o with { AllowedOrigins = ["https://friend.example"] });
        await using var foreign = new TestClient();
        var error = await Assert.ThrowsAsync<WebSocketException>(() => foreign.ConnectAsync(server, "https://evil.example"));
        Assert.Contains("403", error.Message, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/session/challenge") { Content = JsonContent.Create(new { publicKey = "" }) };
        request.Headers.Add("Origin", "https://evil.example");
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);

        foreach (var origin in new[] { "https://friend.example", server.Server.Address.GetLeftPart(UriPartial.Authority) })
        {
            await using var client = new TestClient();
            await client.ConnectAsync(server, origin);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("garbage")]
    public async Task An_origin_that_is_none_or_on_another_port_is_wrong(string origin)
    {
        await using var server = await TestServer.StartAsync();
        await using var client = new TestClient();
        await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(server, origin));
    }

    [Fact]
    public async Task The_dashboards_data_is_there_and_holds_no_secret()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server, name: "somebody");
        await client.SendAsync(Kind.Reflex, LineGame.State(512, 256), sequence: 1);
        await server.WaitAsync(report => report.Sessions.Count == 1 && report.Sessions[0].X is not null);
        var world = await server.Http.GetFromJsonAsync<JsonElement>("/api/world");
        Assert.Equal(("main", "line/1", "server", "1"), (Text(world, "name"), Text(world, "game"), Text(world, "authority"), Text(world, "seed")));
        var sessions = await server.Http.GetFromJsonAsync<JsonElement>("/api/sessions");
        Assert.Equal((client.Key.Id.ToString(), "somebody"), (Text(sessions[0], "peer"), Text(sessions[0], "name")));
        Assert.Equal((2.0, 1.0), (sessions[0].GetProperty("x").GetDouble(), sessions[0].GetProperty("z").GetDouble()));
        var stats = await server.Http.GetFromJsonAsync<JsonElement>("/api/stats");
        Assert.Equal(1, stats.GetProperty("connections").GetInt32());
        var mesh = await server.Http.GetFromJsonAsync<JsonElement>("/api/mesh");
        Assert.Equal(1, mesh.GetProperty("nodes").GetArrayLength());
        foreach (var path in new[] { "/api/world", "/api/sessions", "/api/stats", "/api/mesh" })
        {
            var text = await server.Http.GetStringAsync(path);
            Assert.DoesNotContain("127.0.0.1", text, StringComparison.Ordinal);
            Assert.DoesNotContain(client.Welcome.Session.ToString(), text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_stream_gives_a_report_a_second(bool pipes)
    {
        await using var server = await TestServer.StartAsync(pipes: pipes);
        using var response = await server.Http.GetAsync("/api/stream", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("event: report", await reader.ReadLineAsync());
            var data = (await reader.ReadLineAsync())!;
            using var report = JsonDocument.Parse(data["data: ".Length..]);
            Assert.Equal("main", report.RootElement.GetProperty("world").GetProperty("name").GetString());
            Assert.Equal("", await reader.ReadLineAsync());
        }
    }

    [Fact]
    public async Task The_api_describes_itself_and_its_health()
    {
        await using var server = await TestServer.StartAsync();
        var document = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var paths = document.GetProperty("paths");
        foreach (var path in new[] { "/api/session/challenge", "/api/session/ticket", "/api/world", "/api/sessions", "/api/mesh", "/api/stats", "/api/stream", "/health" })
            Assert.True(paths.TryGetProperty(path, out _), path);
        Assert.Equal("ok", Text(await server.Http.GetFromJsonAsync<JsonElement>("/health"), "status"));
        Assert.Equal("ok", Text(await server.Http.GetFromJsonAsync<JsonElement>("/health/live"), "status"));
        Assert.Equal("ok", Text(await server.Http.GetFromJsonAsync<JsonElement>("/health/ready"), "status"));
    }

    [Fact]
    public async Task Every_answer_carries_the_security_headers()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var path in new[] { "/", "/api/world", "/nowhere", "/ws", "/health" })
        {
            using var response = await server.Http.GetAsync(path);
            var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("'wasm-unsafe-eval'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
            Assert.False(response.Headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task Requests_too_large_malformed_or_too_many_are_refused()
    {
        await using var server = await TestServer.StartAsync(o => o with { IdentityRequestsPerSecond = 1 });
        using var large = await server.Http.PostAsync("/api/session/challenge", new StringContent(new string(' ', 20_000) + "{}", null, "application/json"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using var malformed = await server.Http.PostAsync("/api/session/challenge", new StringContent("{", null, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
        using var empty = await server.Http.PostAsJsonAsync("/api/session/challenge", new { });
        Assert.Equal(HttpStatusCode.BadRequest, empty.StatusCode);
        for (var i = 0; ; i++)
        {
            Assert.InRange(i, 0, 100);
            using var response = await server.Http.PostAsJsonAsync("/api/session/challenge", new { publicKey = "" });
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
                break;
        }

        // Others' paths have limits of their own.
        using var world = await server.Http.GetAsync("/api/world");
        Assert.Equal(HttpStatusCode.OK, world.StatusCode);
    }

    [Fact]
    public async Task An_address_has_so_many_connections()
    {
        await using var server = await TestServer.StartAsync(o => o with { ConnectionsPerAddressMax = 2 });
        await using var first = await TestClient.JoinAsync(server);
        await using (var second = await TestClient.JoinAsync(server))
        {
            await using var third = new TestClient();
            var error = await Assert.ThrowsAsync<WebSocketException>(() => third.ConnectAsync(server));
            Assert.Contains("429", error.Message, StringComparison.Ordinal);
        }

        await server.WaitAsync(report => report.Stats.Connections == 1);
        await using var next = await TestClient.JoinAsync(server);
    }

    [Fact]
    public async Task Pages_are_served_in_the_form_the_client_takes_and_cached_when_their_name_says_so()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "pages", "assets"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "browser"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "pages", "index.html"), "<!doctype html>game");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "pages", "dashboard.html"), "<!doctype html>dashboard");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "pages", "assets", "index-Ab3_-9xY.js"), new string('x', 5000));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "browser", "boot.mjs"), "boot");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "browser", "dotnet.native.0123456789.wasm"), "plain");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "browser", "dotnet.native.0123456789.wasm.br"), "brotli");
        await using var server = await TestServer.StartAsync(o => o with { PagesFolder = Path.Combine(folder.Path, "pages"), BrowserFolder = Path.Combine(folder.Path, "browser") });
        Assert.Equal("<!doctype html>game", await server.Http.GetStringAsync("/"));
        Assert.Equal("<!doctype html>dashboard", await server.Http.GetStringAsync("/dashboard"));
        using var wasm = new HttpRequestMessage(HttpMethod.Get, "/_egregore/dotnet.native.0123456789.wasm");
        wasm.Headers.AcceptEncoding.ParseAdd("gzip, br");
        using var compressed = await server.Http.SendAsync(wasm);
        Assert.Equal("brotli", await compressed.Content.ReadAsStringAsync());
        Assert.Equal("br", Assert.Single(compressed.Content.Headers.ContentEncoding));
        Assert.Equal("application/wasm", compressed.Content.Headers.ContentType!.MediaType);
        Assert.Contains("immutable", compressed.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Equal("plain", await server.Http.GetStringAsync("/_egregore/dotnet.native.0123456789.wasm"));

        using var boot = await server.Http.GetAsync("/_egregore/boot.mjs");
        Assert.Equal("text/javascript", boot.Content.Headers.ContentType!.MediaType);
        Assert.True(boot.Headers.CacheControl!.NoCache);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/_egregore/boot.mjs");
        again.Headers.IfNoneMatch.Add(boot.Headers.ETag!);
        using var unchanged = await server.Http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        using var script = new HttpRequestMessage(HttpMethod.Get, "/assets/index-Ab3_-9xY.js");
        script.Headers.AcceptEncoding.ParseAdd("gzip");
        using var onTheFly = await server.Http.SendAsync(script);
        Assert.Equal("gzip", Assert.Single(onTheFly.Content.Headers.ContentEncoding));
        Assert.Contains("immutable", onTheFly.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        foreach (var path in new[] { "/../secret", "/%2e%2e/secret", "/_egregore/../pages/index.html/x", "/nowhere" })
        {
            using var none = await server.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        }
    }

    [Fact]
    public async Task Pages_that_are_not_built_are_said_to_be()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Http.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("pages are not built", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
