using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>A turnserver on loopback with one static user, over UDP, TCP and TLS.</summary>
public sealed class CoturnFixture : IAsyncLifetime
{
    private const string Path = "/usr/bin/turnserver";
    private readonly string _folder = Directory.CreateTempSubdirectory("egregore-turn").FullName;
    private Process? _process;

    public static bool IsInstalled => File.Exists(Path);

    public int Port { get; private set; }

    public int TlsPort { get; private set; }

    internal static RtcIceServer Server(string url, string password = "secret") => new() { Urls = [url], Username = "user", Credential = password };

    internal RtcIceServer Udp => Server($"turn:127.0.0.1:{Port}");

    internal RtcIceServer Tcp => Server($"turn:127.0.0.1:{Port}?transport=tcp");

    internal RtcIceServer Tls => Server($"turns:127.0.0.1:{TlsPort}");

    public async Task InitializeAsync()
    {
        if (!IsInstalled)
            return;
        WriteCertificate();
        (Port, TlsPort) = (FreePort(), FreePort());
        _process = Process.Start(new ProcessStartInfo(Path,
            $"-n --no-cli --no-dtls -L 127.0.0.1 --relay-ip 127.0.0.1 -p {Port} --tls-listening-port {TlsPort} --cert {_folder}/cert.pem --pkey {_folder}/key.pem " +
            $"-a -u user:secret -r test --allow-loopback-peers --min-port 20000 --max-port 30000 --log-file stdout --simple-log --pidfile {_folder}/pid --userdb {_folder}/db -v")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        // It is ready when it listens; nothing it prints is later than that.
        var until = DateTime.UtcNow.AddSeconds(20);
        foreach (var port in new[] { Port, TlsPort })
        {
            while (true)
            {
                try
                {
                    using var probe = new TcpClient();
                    await probe.ConnectAsync(IPAddress.Loopback, port);
                    break;
                }
                catch (SocketException) when (DateTime.UtcNow < until && !_process.HasExited)
                {
                    await Task.Delay(50);
                }
            }
        }
    }

    public Task DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText($"{_folder}/cert.pem", certificate.ExportCertificatePem());
        File.WriteAllText($"{_folder}/key.pem", key.ExportPkcs8PrivateKeyPem());
    }
}

/// <summary>A theory that runs where coturn is installed.</summary>
public sealed class CoturnTheoryAttribute : TheoryAttribute
{
    public CoturnTheoryAttribute()
    {
        if (!CoturnFixture.IsInstalled)
            Skip = "no /usr/bin/turnserver (Debian's package coturn)";
    }
}

/// <summary>A fact that runs where coturn and Firefox are installed.</summary>
public sealed class CoturnFirefoxFactAttribute : FactAttribute
{
    public CoturnFirefoxFactAttribute()
    {
        if (!CoturnFixture.IsInstalled)
            Skip = "no /usr/bin/turnserver (Debian's package coturn)";
        else if (!File.Exists(FirefoxFixture.Path))
            Skip = $"no Firefox at {FirefoxFixture.Path}";
    }
}

/// <summary>A fact that runs where coturn and Chromium are installed.</summary>
public sealed class CoturnChromiumFactAttribute : FactAttribute
{
    public CoturnChromiumFactAttribute()
    {
        if (!CoturnFixture.IsInstalled)
            Skip = "no /usr/bin/turnserver (Debian's package coturn)";
        else if (!File.Exists(ChromiumFixture.Path))
            Skip = $"no Chromium at {ChromiumFixture.Path}";
    }
}
