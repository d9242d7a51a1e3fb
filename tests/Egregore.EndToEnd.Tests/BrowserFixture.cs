using Microsoft.Playwright;

namespace Egregore.EndToEnd.Tests;

/// <summary>
/// One headless Chromium (Debian's) for all tests of a class, and one for helpers, which stand for other machines and so run below the rest; each page gets a context, and so an identity, of its own.
/// </summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IBrowser? _helpers;

    public async Task InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await LaunchAsync(Environment.GetEnvironmentVariable("EGREGORE_CHROMIUM") ?? "/usr/bin/chromium");
    }

    public async Task<Player> OpenAsync(string address, string name)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 480, Height = 300 } });
        return await Player.WalkInAsync(context, address, name);
    }

    /// <summary>A tab that lends its idle cores.</summary>
    public async Task<Player> LendAsync(string address)
    {
        _helpers ??= await LaunchAsync(Path.Combine(ServerProcess.Root(), "tests", "Egregore.EndToEnd.Tests", "chromium-beside"));
        var context = await _helpers.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 800, Height = 600 } });
        return await Player.LendAsync(context, address);
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        if (_helpers is not null)
            await _helpers.DisposeAsync();
        _playwright?.Dispose();
    }

    private Task<IBrowser> LaunchAsync(string path) => _playwright!.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
    {
        ExecutablePath = path,
        Args =
        [
            "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
            "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
        ],
    });
}
