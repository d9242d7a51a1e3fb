using System.Text.Json;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>A page of a browser.</summary>
internal interface IBrowserPage : IAsyncDisposable
{
    /// <summary>Calls a function of JavaScript that takes a string and promises one.</summary>
    Task<string> CallAsync(string function, string argument);
}

/// <summary>A page with one RTCPeerConnection. Signaling goes through the test.</summary>
internal sealed class BrowserPeer(IBrowserPage page) : IAsyncDisposable
{
    // Channels echo on their own: "echo" sends back what it gets. Everything else is asked for by Evaluate.
    private const string Script = """
        configuration => {
          const pc = window.pc = new RTCPeerConnection(configuration);
          window.channels = {};
          window.candidates = [];
          window.log = [];
          const waiters = [];
          const changed = () => { for (const w of waiters.splice(0)) w(); };
          window.until = async (test, ms = 40000) => {
            const end = performance.now() + ms;
            while (!test()) {
              if (performance.now() > end) throw new Error('waited too long: ' + test + ' ' + JSON.stringify([pc.connectionState, pc.iceConnectionState, window.log.slice(-20)]));
              await new Promise(r => { waiters.push(r); setTimeout(r, 250); });
            }
          };
          window.adopt = channel => {
            channel.binaryType = 'arraybuffer';
            const c = window.channels[channel.label] = { channel, got: [], count: 0, bytes: 0, closed: false };
            channel.onopen = () => { log.push('open ' + channel.label); changed(); };
            channel.onclose = () => { c.closed = true; log.push('close ' + channel.label); changed(); };
            channel.onmessage = e => {
              c.count++;
              c.bytes += e.data.byteLength ?? e.data.length;
              if (channel.label.startsWith('echo')) channel.send(e.data);
              else if (channel.label.startsWith('order')) c.got.push(new DataView(e.data).getUint32(0));
              else c.got.push(typeof e.data === 'string' ? e.data : e.data.byteLength);
              changed();
            };
            return c;
          };
          pc.ondatachannel = e => { adopt(e.channel); changed(); };
          pc.onicecandidate = e => { if (e.candidate) candidates.push(e.candidate.toJSON()); changed(); };
          pc.onconnectionstatechange = () => { log.push('connection ' + pc.connectionState); changed(); };
          pc.oniceconnectionstatechange = () => { log.push('ice ' + pc.iceConnectionState); changed(); };
          window.gathered = () => until(() => pc.iceGatheringState === 'complete');
          pc.onicegatheringstatechange = changed;
        }
        """;

    public async Task StartAsync(string configuration) => await RunAsync($"() => ({Script})({configuration})");

    /// <summary>The browser offers, ours answers.</summary>
    public async Task OfferToAsync(RtcPeerConnection ours, bool iceRestart = false)
    {
        var sdp = await GetAsync<string>(
            "async restart => { await pc.setLocalDescription(await pc.createOffer({ iceRestart: restart })); await gathered(); return pc.localDescription.sdp; }", iceRestart);
        ours.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, sdp));
        ours.SetLocalDescription();
        await RunAsync("sdp => pc.setRemoteDescription({ type: 'answer', sdp })", ours.LocalDescription!.Sdp);
    }

    /// <summary>Ours offers, the browser answers.</summary>
    public async Task AnswerAsync(RtcPeerConnection ours, RtcOfferOptions? options = null)
    {
        ours.SetLocalDescription(ours.CreateOffer(options));
        var answer = await GetAsync<string>(
            "async sdp => { await pc.setRemoteDescription({ type: 'offer', sdp }); await pc.setLocalDescription(); await gathered(); return pc.localDescription.sdp; }",
            ours.LocalDescription!.Sdp);
        ours.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Answer, answer));
    }

    public Task UntilAsync(string test) => RunAsync($"() => until(() => {test})");

    /// <summary>Calls a function of the page.</summary>
    public Task RunAsync(string function, params object?[] arguments) => page.CallAsync($"async json => {{ await ({function})(...JSON.parse(json)); return ''; }}", JsonSerializer.Serialize(arguments));

    /// <summary>Calls a function of the page for what it returns.</summary>
    public async Task<T> GetAsync<T>(string function, params object?[] arguments) => JsonSerializer.Deserialize<T>(
        await page.CallAsync($"async json => JSON.stringify(await ({function})(...JSON.parse(json)))", JsonSerializer.Serialize(arguments)))!;

    public ValueTask DisposeAsync() => page.DisposeAsync();
}
