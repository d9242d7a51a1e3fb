using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Egregore.EndToEnd.Tests;

/// <summary>What the server measures reaches a collector that speaks OTLP.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task Meters_and_traces_are_exported_where_the_environment_names_a_collector()
    {
        using var collector = new HttpListener();
        var address = $"http://127.0.0.1:{FreePort()}/";
        collector.Prefixes.Add(address);
        collector.Start();
        using var server = await ServerProcess.StartAsync(
            new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            });
        using var http = new HttpClient();
        await http.GetStringAsync(server.Address + "/health");

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        bool metrics = false, traces = false;
        while (!metrics || !traces)
        {
            var request = await collector.GetContextAsync().WaitAsync(patience.Token);
            using var body = new MemoryStream();
            await request.Request.InputStream.CopyToAsync(body, patience.Token);
            var text = Encoding.Latin1.GetString(body.ToArray());
            // Protobuf, in which names stand as they are.
            metrics |= request.Request.Url!.AbsolutePath == "/v1/metrics" && text.Contains("Egregore.Server") && text.Contains("egregore.tick.duration");
            traces |= request.Request.Url!.AbsolutePath == "/v1/traces" && text.Contains("Microsoft.AspNetCore");
            Assert.Equal("application/x-protobuf", request.Request.ContentType);
            request.Response.ContentType = "application/x-protobuf";
            request.Response.Close();
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
