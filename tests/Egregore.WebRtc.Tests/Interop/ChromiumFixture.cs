using Microsoft.Playwright;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>One headless Chromium (Debian's) for all tests of a class.</summary>
public sealed class ChromiumFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    internal static string Path { get; } = Environment.GetEnvironmentVariable("EGREGORE_CHROMIUM") ?? "/usr/bin/chromium";

    public async Task InitializeAsync()
    {
        if (!File.Exists(Path))
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Path,
            Args = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    internal async Task<BrowserPeer> OpenAsync(string configuration = "{}")
    {
        var page = await _browser!.NewPageAsync();
        // RTCPeerConnection wants a page of some origin.
        await page.GotoAsync("data:text/html,<title>peer</title>");
        var peer = new BrowserPeer(new Tab(page));
        await peer.StartAsync(configuration);
        return peer;
    }

    private sealed class Tab(IPage page) : IBrowserPage
    {
        public Task<string> CallAsync(string function, string argument) => page.EvaluateAsync<string>(function, argument);

        public async ValueTask DisposeAsync() => await page.CloseAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}

/// <summary>A fact that runs where Chromium is installed.</summary>
public sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute()
    {
        if (!File.Exists(ChromiumFixture.Path))
            Skip = $"no Chromium at {ChromiumFixture.Path} (EGREGORE_CHROMIUM names another)";
    }
}
