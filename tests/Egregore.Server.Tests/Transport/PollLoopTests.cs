using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Egregore.Server.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Egregore.Server.Tests.Transport;

public sealed class PollLoopTests : IDisposable
{
    private const int Bytes = 20_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly PollLoop _loop = new("test patient", patient: true, NullLogger.Instance);
    private readonly PollLoop _prompt = new("test prompt", patient: false, NullLogger.Instance);

    public void Dispose()
    {
        _loop.Dispose();
        _prompt.Dispose();
    }

    [Fact]
    public async Task Who_cannot_wait_is_read_by_the_prompt_loop_and_misses_nothing_on_the_way_there()
    {
        var (client, connection) = await ConnectAsync();
        using var _ = client;
        await using var served = connection;
        var handler = new Collector(connection.Socket, echo: false);
        var sending = Task.Run(() =>
        {
            for (var i = 0; i < Bytes; i++)
                client.Send([(byte)i]);
        });
        await Task.Delay(5);
        connection.TakeOver(handler, prompt: true);
        await sending;
        for (var i = 0; i < Bytes; i++)
            Assert.Equal((byte)i, (await handler.ReadAsync()).Value);
        client.Send([1]);
        Assert.Equal((1, "test prompt"), await handler.ReadAsync());
        client.Shutdown(SocketShutdown.Both);
        await handler.WhenEnded.WaitAsync(Patience);
    }

    [Fact]
    public async Task Others_stay_on_the_loop_that_they_are_on()
    {
        var (client, connection) = await ConnectAsync();
        using var _ = client;
        await using var served = connection;
        var handler = new Collector(connection.Socket, echo: false);
        connection.TakeOver(handler, prompt: false);
        client.Send([7]);
        Assert.Equal((7, "test patient"), await handler.ReadAsync());
    }

    [Fact]
    public async Task The_prompt_loop_does_not_wait_for_a_crowd()
    {
        var (client, connection) = await ConnectAsync();
        using var _ = client;
        await using var served = connection;
        connection.TakeOver(new Collector(connection.Socket, echo: true), prompt: true);
        var least = TimeSpan.MaxValue;
        var answer = new byte[1];
        for (var i = 0; i < 500; i++)
        {
            var started = Stopwatch.GetTimestamp();
            client.Send([(byte)i]);
            client.Receive(answer);
            var took = Stopwatch.GetElapsedTime(started);
            least = took < least ? took : least;
        }

        // A patient loop takes more than a millisecond for each of them.
        Assert.InRange(least.TotalMilliseconds, 0, 0.9);
    }

    [Fact]
    public async Task A_connection_that_is_closed_while_it_moves_is_closed()
    {
        for (var i = 0; i < 200; i++)
        {
            var (client, connection) = await ConnectAsync();
            using var _ = client;
            var closing = i % 2 == 0 ? connection.DisposeAsync().AsTask() : null;
            connection.TakeOver(new Collector(connection.Socket, echo: false), prompt: true);
            await (closing ?? connection.DisposeAsync().AsTask()).WaitAsync(Patience);
            Assert.Equal(0, client.Receive(new byte[1]));
        }
    }

    private async Task<(Socket Client, PollConnection Connection)> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(listener.LocalEndPoint!);
        var accepted = await listener.AcceptAsync();
        accepted.NoDelay = true;
        var connection = new PollConnection(accepted, _loop, _prompt, "test");
        connection.Socket.Start();
        return (client, connection);
    }

    private sealed class Collector(PollSocket socket, bool echo) : IPollHandler
    {
        private readonly Channel<(int Value, string? Thread)> _bytes = Channel.CreateUnbounded<(int Value, string? Thread)>();
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task WhenEnded => _ended.Task;

        public async Task<(int Value, string? Thread)> ReadAsync() => await _bytes.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        public void Received(Span<byte> data)
        {
            if (echo)
                socket.Send(data);
            foreach (var value in data)
                _bytes.Writer.TryWrite((value, Thread.CurrentThread.Name));
        }

        // Called once at most.
        public void Ended() => _ended.SetResult();
    }
}
