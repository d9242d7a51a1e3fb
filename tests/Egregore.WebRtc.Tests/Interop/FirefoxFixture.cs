using System.Diagnostics;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>One headless Firefox (Debian's firefox-esr) for all tests of a class, with a profile of its own.</summary>
public sealed class FirefoxFixture : IAsyncLifetime
{
    // Interfaces as a page without camera sees them: host candidates are names (mDNS), as users have it. Loopback counts where there is nothing else.
    private const string Preferences = """
        user_pref("media.peerconnection.ice.loopback", true);
        user_pref("browser.shell.checkDefaultBrowser", false);
        user_pref("datareporting.policy.dataSubmissionEnabled", false);
        user_pref("toolkit.telemetry.enabled", false);
        user_pref("app.normandy.enabled", false);
        user_pref("network.captive-portal-service.enabled", false);
        user_pref("network.connectivity-service.enabled", false);
        user_pref("browser.safebrowsing.update.enabled", false);
        """;

    private const string Ready = "WebDriver BiDi listening on ";
    private readonly string _folder = Directory.CreateTempSubdirectory("egregore-firefox").FullName;
    private Process? _process;
    private BidiSession? _session;

    internal static string Path { get; } = Environment.GetEnvironmentVariable("EGREGORE_FIREFOX") ?? "/usr/bin/firefox-esr";

    public async Task InitializeAsync()
    {
        if (!File.Exists(Path))
            return;
        await File.WriteAllTextAsync(System.IO.Path.Combine(_folder, "user.js"), Preferences);
        var start = new ProcessStartInfo(Path, ["--headless", "--no-remote", "--profile", _folder, "--remote-debugging-port", "0"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["HOME"] = _folder;
        _process = Process.Start(start)!;
        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is null)
                address.TrySetException(new InvalidOperationException("Firefox ended before it listened"));
            else if (e.Data.StartsWith(Ready, StringComparison.Ordinal))
                address.TrySetResult(e.Data[Ready.Length..].Trim());
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _session = await BidiSession.ConnectAsync(await address.Task.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    internal async Task<BrowserPeer> OpenAsync(string configuration = "{}")
    {
        var peer = new BrowserPeer(await _session!.OpenTabAsync());
        await peer.StartAsync(configuration);
        return peer;
    }

    public async Task DisposeAsync()
    {
        if (_session is not null)
            await _session.DisposeAsync();
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // One of its processes still writes: the system's temporary folder keeps the rest.
        }
    }
}

/// <summary>A fact that runs where Firefox is installed.</summary>
public sealed class FirefoxFactAttribute : FactAttribute
{
    public FirefoxFactAttribute()
    {
        if (!File.Exists(FirefoxFixture.Path))
            Skip = $"no Firefox at {FirefoxFixture.Path} (Debian's package firefox-esr; EGREGORE_FIREFOX names another)";
    }
}
