using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Egregore.Server.Transport;

/// <summary>
/// A connected socket on a <see cref="PollLoop"/>: its handler gets what comes; sending never waits, and <see cref="WritableAsync"/> says when to go on.
/// </summary>
/// <remarks>The .NET socket stays unregistered with .NET's own engine: no asynchronous operation of it may be used.</remarks>
internal sealed class PollSocket
{
    private readonly Socket _socket;
    private readonly Lock _lock = new();
    private IPollHandler _handler;
    private volatile PollLoop _loop;
    private TaskCompletionSource? _writable;
    private bool _paused;
    private bool _removed;
    private bool _ended;

    public PollSocket(Socket socket, PollLoop loop, IPollHandler handler)
    {
        _socket = socket;
        _loop = loop;
        _handler = handler;
        socket.Blocking = false;
    }

    public SafeSocketHandle Handle => _socket.SafeHandle;

    /// <summary>The loop's own number for it.</summary>
    public int Slot { get; set; }

    public void Start() => _loop.Add(this, Interest);

    /// <summary>Sends what the system takes now.</summary>
    /// <returns>Bytes taken, 0: none now, wait for <see cref="WritableAsync"/>; -1: the connection is gone.</returns>
    public int Send(ReadOnlySpan<byte> data)
    {
        while (true)
        {
            nint sent;
            try
            {
                sent = Native.Send(_socket.SafeHandle, data, (nuint)data.Length, Native.DontWait | Native.NoSignal);
            }
            catch (ObjectDisposedException)
            {
                return -1;
            }

            if (sent >= 0)
                return (int)sent;
            var error = Marshal.GetLastPInvokeError();
            if (error != Native.Interrupted)
                return error == Native.TryAgain ? 0 : -1;
        }
    }

    /// <summary>Ends when the system takes bytes again, or the connection is gone.</summary>
    public Task WritableAsync()
    {
        lock (_lock)
        {
            if (_removed || _ended)
                return Task.CompletedTask;
            if (_writable is null)
            {
                _writable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _loop.Modify(this, Interest);
            }

            return _writable.Task;
        }
    }

    /// <summary>Stops reading until <see cref="Resume"/>.</summary>
    public void Pause() => SetPaused(true);

    public void Resume() => SetPaused(false);

    /// <summary>Hands the socket to another handler, on the loop's thread: <paramref name="before"/> runs there first, and nothing comes in between.</summary>
    /// <param name="handler">Who takes what comes from then on.</param>
    /// <param name="to">The loop that reads it from then on.</param>
    /// <param name="before">What is done first.</param>
    public void HandOver(IPollHandler handler, PollLoop to, Action before) => _loop.Post(() =>
    {
        try
        {
            before();
        }
        catch
        {
            Abort();
            throw;
        }
        finally
        {
            bool ended;
            lock (_lock)
            {
                _handler = handler;
                ended = _ended;
                if (to != _loop && !_removed)
                {
                    _loop.Remove(this);
                    _loop = to;
                    to.Add(this, Interest);
                }
            }

            if (ended)
                handler.Ended();
        }
    });

    /// <summary>Breaks the connection off: the handler hears of its end.</summary>
    public void Abort()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    /// <summary>Ends watching and closes the socket.</summary>
    public Task CloseAsync()
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        PostClose(closed);
        return closed.Task;
    }

    private void PostClose(TaskCompletionSource closed)
    {
        var loop = _loop;
        loop.Post(() =>
        {
            if (loop != _loop)
            {
                // It was handed over meanwhile; a loop's sockets leave it on its own thread.
                PostClose(closed);
                return;
            }

            TaskCompletionSource? writable;
            lock (_lock)
            {
                if (!_removed)
                    _loop.Remove(this);
                _removed = true;
                writable = _writable;
            }

            writable?.TrySetResult();
            Abort();
            _socket.Dispose();
            closed.SetResult();
        });
    }

    /// <summary>Called by the loop when the system reports something.</summary>
    public void Ready(uint events, Span<byte> scratch)
    {
        if ((events & (Native.EpollOut | Native.EpollError | Native.EpollHangUp)) != 0)
            CompleteWritable();
        if ((events & ~Native.EpollOut) == 0)
            return;
        var received = Native.Receive(_socket.SafeHandle, scratch, (nuint)scratch.Length, Native.DontWait);
        if (received > 0)
            _handler.Received(scratch[..(int)received]);
        else if (received == 0 || Marshal.GetLastPInvokeError() is not (Native.TryAgain or Native.Interrupted))
            End();
    }

    private uint Interest => _ended ? 0 : (_paused ? 0 : Native.EpollIn | Native.EpollPeerHangUp) | (_writable is null ? 0 : Native.EpollOut);

    private void CompleteWritable()
    {
        TaskCompletionSource? writable;
        lock (_lock)
        {
            writable = _writable;
            _writable = null;
            if (writable is not null && !_removed)
                _loop.Modify(this, Interest);
        }

        writable?.TrySetResult();
    }

    private void End()
    {
        lock (_lock)
        {
            if (_removed)
                return;
            // A hang-up is reported whether asked for or not: a socket that ended is watched no more.
            _loop.Remove(this);
            _removed = true;
            _ended = true;
        }

        CompleteWritable();
        _handler.Ended();
    }

    private void SetPaused(bool paused)
    {
        lock (_lock)
        {
            if (_paused == paused || _removed)
                return;
            _paused = paused;
            _loop.Modify(this, Interest);
        }
    }
}
