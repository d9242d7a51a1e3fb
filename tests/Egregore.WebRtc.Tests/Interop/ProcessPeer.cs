using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Another implementation in a process of its own; signaling and events are JSON lines on its standard streams.</summary>
internal sealed class ProcessPeer : IDisposable
{
    private readonly Process _process;
    private readonly RtcPeerConnection _ours;
    private readonly System.Threading.Channels.Channel<string> _events = System.Threading.Channels.Channel.CreateUnbounded<string>();
    private readonly Queue<RtcIceCandidate> _early = new();
    private readonly Lock _lock = new();

    public ProcessPeer(RtcPeerConnection ours, string program, string workingDirectory, params string[] arguments)
    {
        _ours = ours;
        _process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        })!;
        ours.IceCandidate += candidate =>
        {
            if (candidate is not null)
                Write(new { candidate = candidate.Candidate, mid = candidate.SdpMid });
        };
        _process.OutputDataReceived += (_, e) => OnLine(e.Data);
        _process.ErrorDataReceived += (_, e) => _ = e.Data is null || _events.Writer.TryWrite("error: " + e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>A peer of ours in a process of its own.</summary>
    public static ProcessPeer OfOurs(RtcPeerConnection ours, string role) => new(ours, "dotnet", ".", Processes.Program.Assembly, "peer", role);

    /// <summary>Ends the process at once, as kill -9 does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Waits until the other end has told this event; others are passed over.</summary>
    public async Task UntilAsync(string name)
    {
        while (await EventAsync() != name)
        {
        }
    }

    /// <summary>Ours offers.</summary>
    public void Offer()
    {
        var offer = _ours.CreateOffer();
        Write(new { type = "offer", sdp = offer.Sdp });
        _ours.SetLocalDescription(offer);
    }

    /// <summary>The next event of the other end, such as <c>open echo</c>.</summary>
    public async Task<string> EventAsync()
    {
        using var patience = new CancellationTokenSource(Peers.Patience);
        return await _events.Reader.ReadAsync(patience.Token);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(2000))
                _process.Kill();
        }

        _process.Dispose();
    }

    private void Write(object message)
    {
        lock (_lock)
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(message));
            _process.StandardInput.Flush();
        }
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        var message = JsonDocument.Parse(line).RootElement;
        if (message.TryGetProperty("event", out var name))
        {
            _events.Writer.TryWrite($"{name.GetString()} {message.GetProperty("label").GetString()}");
            return;
        }

        if (message.TryGetProperty("sdp", out var sdp))
        {
            var isOffer = message.GetProperty("type").GetString() == "offer";
            _ours.SetRemoteDescription(new RtcSessionDescription(isOffer ? RtcSdpType.Offer : RtcSdpType.Answer, sdp.GetString()!));
            while (_early.TryDequeue(out var early))
                _ours.AddIceCandidate(early);
            if (!isOffer)
                return;
            var answer = _ours.CreateAnswer();
            Write(new { type = "answer", sdp = answer.Sdp });
            _ours.SetLocalDescription(answer);
            return;
        }

        var candidate = new RtcIceCandidate { Candidate = message.GetProperty("candidate").GetString()!, SdpMid = message.GetProperty("mid").GetString() };
        if (_ours.RemoteDescription is null)
            _early.Enqueue(candidate);
        else
            _ours.AddIceCandidate(candidate);
    }
}
