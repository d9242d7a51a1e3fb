using System.Net.Http.Json;
using System.Text.Json;

namespace Egregore.EndToEnd.Tests;

/// <summary>Tabs and native programs in one mesh.</summary>
public sealed class NativePeersTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const int Bots = 10;
    private const int Pages = 2;

    [Fact]
    public async Task Two_pages_and_ten_bots_are_all_linked_directly_and_the_dashboard_shows_it()
    {
        using var server = await ServerProcess.StartAsync();
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await using var bob = await browser.OpenAsync(server.Address, "Bob");
        using var bots = new BotsProcess(server.Address, "--count", $"{Bots}", "--side", "24", "--walk-only");

        // Up to twelve members form a full mesh: each pair is linked, and none through the server.
        const int Links = (Bots + Pages) * (Bots + Pages - 1) / 2;
        using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var direct = 0;
        var rest = "";
        while (direct < Links)
        {
            Assert.False(patience.IsCancellationRequested, $"of {Links} pairs {direct} are linked directly; by relay: {rest}");
            await Task.Delay(500);
            var mesh = await http.GetFromJsonAsync<JsonElement>("api/mesh");
            var names = mesh.GetProperty("nodes").EnumerateArray().ToDictionary(node => node.GetProperty("peer").GetString()!, node => node.GetProperty("name").GetString());
            var links = mesh.GetProperty("links").EnumerateArray().ToLookup(
                link => link.GetProperty("kind").GetString() == "direct", link => $"{names.GetValueOrDefault(link.GetProperty("a").GetString()!)} - {names.GetValueOrDefault(link.GetProperty("b").GetString()!)}");
            direct = links[true].Count();
            rest = string.Join(", ", links[false]);
        }

        // The browser's own figures say the same: eleven open links each, none over a relay, and bytes on all of them.
        foreach (var page in (Player[])[ada, bob])
            await page.UntilAsync($"window.egregore.rtc().then(links => links.filter(l => l.state === 'Open' && l.localType !== 'relay' && l.remoteType !== 'relay' && l.bytesReceived > 500).length === {Bots + Pages - 1})");

        var dashboard = await bob.Page.Context.NewPageAsync();
        await dashboard.GotoAsync(server.Address + "/dashboard");
        await dashboard.WaitForFunctionAsync($"() => document.getElementById('links-count')?.textContent === '{Links}'", null, new() { Timeout = 30_000 });
        Assert.StartsWith("median", await dashboard.TextContentAsync("#links-note") ?? "", StringComparison.Ordinal);
        Assert.Empty(ada.Errors);
        Assert.Empty(bob.Errors);
    }
}
