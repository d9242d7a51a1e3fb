using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace Egregore.WebRtc.Tests.Processes;

/// <summary>
/// One of the two processes of a soak. One connection lives all the time and has channels of every kind opened, used and closed on it, from either side in turn;
/// others come and go. One datagram in a hundred is lost and one swapped. The answering side echoes.
/// </summary>
internal sealed class SoakPeer : IDisposable
{
    private const int Workers = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenChannels = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BetweenConnections = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenFigures = TimeSpan.FromMinutes(1);
    private static readonly int[] Sizes = [0, 1, 1_000, 20_000, 262_144];

    private static readonly RtcDataChannelInit[] Kinds =
    [
        new(), new() { Ordered = false }, new() { MaxRetransmits = 0 }, new() { Ordered = false, MaxRetransmits = 2 },
        new() { MaxPacketLifeTime = 50 }, new() { Ordered = false, MaxPacketLifeTime = 200 },
    ];

    private readonly bool _offers;
    private readonly TimeSpan _length;
    private readonly TextReader _input;
    private readonly TextWriter _output;
    private readonly Lock _writing = new();
    private readonly RtcHost _host = new(new RtcHostOptions { Addresses = [IPAddress.Loopback] });
    private readonly ConcurrentDictionary<int, RtcPeerConnection> _connections = new();
    private readonly long _started = Environment.TickCount64;
    private int _ids;
    private int _numbers;
    private long _channelsDone;
    private long _connectionsDone;
    private long _messagesDone;
    private long _faults;

    public SoakPeer(bool offers, TimeSpan length, TextReader input, TextWriter output)
    {
        (_offers, _length, _input, _output) = (offers, length, input, output);
        BadNetwork.Apply(_host, 1, offers ? 1 : 2);
    }

    public async Task RunAsync()
    {
        using var ended = new CancellationTokenSource();
        var reading = ReadAsync(ended);
        var telling = TellAsync(ended.Token);
        if (_offers)
        {
            using var length = new CancellationTokenSource(_length);
            var main = await ConnectAsync();
            await Task.WhenAll([.. Enumerable.Range(0, Workers).Select(_ => OpenAndCloseAsync(main, length.Token)), ComeAndGoAsync(length.Token)]);
            Forget(main.Id);
            await Task.Delay(TimeSpan.FromSeconds(2));
            await ended.CancelAsync();
            WriteFigures();
            await telling;
            return;
        }

        await reading;
        await telling;
        WriteFigures();
    }

    public void Dispose() => _host.Dispose();

    private sealed record Line(int Id, string Type, string Sdp);

    private sealed record Link(int Id, RtcPeerConnection Connection, RtcDataChannel Control);

    private async Task ReadAsync(CancellationTokenSource ended)
    {
        while (await _input.ReadLineAsync() is { } text)
        {
            var line = JsonSerializer.Deserialize<Line>(text)!;
            if (line.Type == "offer")
                Answer(line);
            else if (_connections.TryGetValue(line.Id, out var connection))
                connection.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Answer, line.Sdp));
        }

        await ended.CancelAsync();
    }

    private void Answer(Line offer)
    {
        var connection = new RtcPeerConnection(host: _host);
        _connections[offer.Id] = connection;
        var channels = new ConcurrentDictionary<string, RtcDataChannel>();
        var closedEarly = new ConcurrentDictionary<string, bool>();
        connection.ConnectionStateChanged += state =>
        {
            if (state is RtcPeerConnectionState.Closed or RtcPeerConnectionState.Failed)
                Forget(offer.Id);
        };
        connection.DataChannel += channel =>
        {
            if (channel.Label == "control")
            {
                channel.Message += (_, message, _) =>
                {
                    var text = System.Text.Encoding.UTF8.GetString(message);
                    if (text == "end")
                        Forget(offer.Id);
                    else if (channels.TryGetValue(text, out var named))
                        named.Close();
                    else
                        // It has overtaken the channel's own announcement, which is on another stream.
                        closedEarly.TryAdd(text, true);
                };
                return;
            }

            channels[channel.Label] = channel;
            channel.Message += (_, message, _) =>
            {
                Interlocked.Increment(ref _messagesDone);
                if (channel.TrySend(message) == RtcSendResult.BufferFull)
                    Fault("the send buffer is full");
            };
            channel.Closed += _ =>
            {
                Interlocked.Increment(ref _channelsDone);
                channels.TryRemove(channel.Label, out var _);
            };
            if (closedEarly.TryRemove(channel.Label, out var _))
                channel.Close();
        };
        connection.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, offer.Sdp));
        connection.SetLocalDescription();
        Write(JsonSerializer.Serialize(new Line(offer.Id, "answer", connection.LocalDescription!.Sdp)));
    }

    private async Task<Link> ConnectAsync()
    {
        var id = Interlocked.Increment(ref _ids);
        var connection = new RtcPeerConnection(host: _host);
        _connections[id] = connection;
        var control = connection.CreateDataChannel("control");
        var opened = Opened(control);
        connection.SetLocalDescription();
        Write(JsonSerializer.Serialize(new Line(id, "offer", connection.LocalDescription!.Sdp)));
        await opened;
        return new Link(id, connection, control);
    }

    private void Forget(int id)
    {
        if (!_connections.TryRemove(id, out var connection))
            return;
        connection.Close();
        Interlocked.Increment(ref _connectionsDone);
    }

    private async Task OpenAndCloseAsync(Link link, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            await CycleAsync(link);
            await Task.Delay(BetweenChannels, CancellationToken.None);
        }
    }

    private async Task ComeAndGoAsync(CancellationToken until)
    {
        for (var i = 0; !until.IsCancellationRequested; i++)
        {
            var id = 0;
            try
            {
                var link = await ConnectAsync();
                id = link.Id;
                await CycleAsync(link);
                await CycleAsync(link);
                if (i % 2 == 0)
                {
                    Forget(link.Id);
                }
                else
                {
                    var closed = Closed(link.Control);
                    link.Control.Send("end");
                    await closed;
                    Forget(link.Id);
                }
            }
            catch (TimeoutException)
            {
                Forget(id);
                Fault($"connection {i} did not open or close in time");
            }

            await Task.Delay(BetweenConnections, CancellationToken.None);
        }
    }

    /// <summary>The life of one channel: opened, messages of several sizes and their echoes, closed.</summary>
    private async Task CycleAsync(Link link)
    {
        var number = Interlocked.Increment(ref _numbers);
        var init = Kinds[number % Kinds.Length];
        var isReliable = init is { MaxRetransmits: null, MaxPacketLifeTime: null };
        var label = $"channel {number}";
        try
        {
            var channel = link.Connection.CreateDataChannel(label, init);
            var sum = 0L;
            var wanted = 0L;
            var echoed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            channel.Message += (_, message, _) =>
            {
                Interlocked.Increment(ref _messagesDone);
                if (Interlocked.Add(ref sum, message.Length + 1) == Volatile.Read(ref wanted))
                    echoed.TrySetResult();
            };
            var closed = Closed(channel);
            await Opened(channel);
            var sizes = Sizes.AsSpan(0, isReliable ? Sizes.Length : Sizes.Length - 1).ToArray();
            Volatile.Write(ref wanted, sizes.Sum(size => size + 1L));
            foreach (var size in sizes)
                channel.Send(new byte[size]);
            await (isReliable ? echoed.Task.WaitAsync(Patience) : Task.WhenAny(echoed.Task, Task.Delay(500)));
            if (Interlocked.Read(ref sum) > wanted)
                Fault($"{label}: {sum - wanted} bytes more than were sent");
            if (number / Kinds.Length % 2 == 0)
                channel.Close();
            else
                link.Control.Send(label);
            await closed;
            Interlocked.Increment(ref _channelsDone);
        }
        catch (Exception e) when (e is TimeoutException or RtcException)
        {
            Fault($"{label} ({init}): {e.Message}\n{Peers.Describe(link.Connection)}");
        }
    }

    private static Task Opened(RtcDataChannel channel)
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Opened += _ => opened.TrySetResult();
        if (channel.ReadyState == RtcDataChannelState.Open)
            opened.TrySetResult();
        return opened.Task.WaitAsync(Patience);
    }

    private static Task Closed(RtcDataChannel channel)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Closed += _ => closed.TrySetResult();
        return closed.Task.WaitAsync(Patience);
    }

    private async Task TellAsync(CancellationToken ended)
    {
        try
        {
            while (true)
            {
                WriteFigures();
                await Task.Delay(BetweenFigures < _length / 10 ? BetweenFigures : _length / 10, ended);
            }
        }
        catch (OperationCanceledException)
        {
            // The last figures follow when everything is closed.
        }
    }

    private void WriteFigures()
    {
        var (resident, heap, handles, threads) = SoakFigures.OfProcess();
        var connections = _connections.Values.ToArray();
        Write("figures " + JsonSerializer.Serialize(new SoakFigures
        {
            Role = _offers ? "offer" : "answer", Second = (int)((Environment.TickCount64 - _started) / 1000),
            ResidentBytes = resident, HeapBytes = heap, Handles = handles, Threads = threads, Connections = _host.ConnectionCount, HostEntries = _host.EntryCount,
            Channels = connections.Sum(connection => Held(connection, channels => channels.ChannelCount)),
            Streams = connections.Sum(connection => Held(connection, channels => channels.Association.OutgoingStreamsHeld)),
            ChannelsDone = Interlocked.Read(ref _channelsDone), ConnectionsDone = Interlocked.Read(ref _connectionsDone),
            MessagesDone = Interlocked.Read(ref _messagesDone), Faults = Interlocked.Read(ref _faults),
        }));

        static int Held(RtcPeerConnection connection, Func<WebRtc.DataChannels.DataChannelTransport, int> count)
        {
            lock (connection.Gate)
                return count(connection.Channels);
        }
    }

    private void Fault(string text)
    {
        Interlocked.Increment(ref _faults);
        Write("fault " + text.ReplaceLineEndings(" | "));
    }

    private void Write(string line)
    {
        lock (_writing)
        {
            _output.WriteLine(line);
            _output.Flush();
        }
    }
}
