using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Egregore.Server.Transport;

/// <summary>
/// A connection as Kestrel sees it, with pipes, until a session takes the socket over. Then the socket's bytes go to the session on the poll loop's thread, and its sends go straight
/// to the socket.
/// </summary>
internal sealed class PollConnection : DefaultConnectionContext, IPollHandler
{
    private const int InputBytesMax = 128 * 1024;

    private readonly Pipe _input = new(new PipeOptions(
        pauseWriterThreshold: InputBytesMax, resumeWriterThreshold: InputBytesMax / 2, readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.ThreadPool, useSynchronizationContext: false));

    private readonly CancellationTokenSource _closed = new();
    private int _disposed;

    private readonly PollLoop _loop;
    private readonly PollLoop _prompt;

    /// <param name="socket">The accepted socket.</param>
    /// <param name="loop">The loop that reads it.</param>
    /// <param name="prompt">The loop that reads it once it was taken over by who cannot wait.</param>
    /// <param name="id">Names it.</param>
    public PollConnection(Socket socket, PollLoop loop, PollLoop prompt, string id)
        : base(id)
    {
        _loop = loop;
        _prompt = prompt;
        Socket = new PollSocket(socket, loop, this);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Transport = new DuplexPipe(_input.Reader, PipeWriter.Create(new PollSendStream(Socket)));
        Features.Set(this);
    }

    public PollSocket Socket { get; }

    /// <summary>Gives the socket to <paramref name="handler"/>: first what has come already, then what comes. Nobody may read the pipe any more.</summary>
    /// <param name="handler">Who takes it.</param>
    /// <param name="prompt">Whether it is read as soon as something comes, and not with a crowd's messages once a millisecond.</param>
    public void TakeOver(IPollHandler handler, bool prompt) => Socket.HandOver(handler, prompt ? _prompt : _loop, () =>
    {
        while (_input.Reader.TryRead(out var result) && !result.Buffer.IsEmpty)
        {
            foreach (var segment in result.Buffer)
                handler.Received(segment.ToArray());
            _input.Reader.AdvanceTo(result.Buffer.End);
        }
    });

    public override void Abort(ConnectionAbortedException abortReason) => Socket.Abort();

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await Transport.Output.CompleteAsync();
        await Socket.CloseAsync();
        await _input.Writer.CompleteAsync();
        await _input.Reader.CompleteAsync();
        await _closed.CancelAsync();
        await base.DisposeAsync();
        _closed.Dispose();
    }

    void IPollHandler.Received(Span<byte> data)
    {
        data.CopyTo(_input.Writer.GetSpan(data.Length));
        _input.Writer.Advance(data.Length);
        var flush = _input.Writer.FlushAsync();
        if (flush.IsCompleted)
            return;
        Socket.Pause();
        _ = ResumeAsync(flush);
    }

    void IPollHandler.Ended()
    {
        _input.Writer.Complete();
        // Who waits for the token must not hold up the loop.
        ThreadPool.UnsafeQueueUserWorkItem(
            static source =>
            {
                try
                {
                    source.Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // The connection was closed from this side meanwhile.
                }
            },
            _closed,
            preferLocal: false);
    }

    private async Task ResumeAsync(ValueTask<FlushResult> flush)
    {
        await flush;
        Socket.Resume();
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
