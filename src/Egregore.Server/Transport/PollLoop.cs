using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Egregore.Server.Transport;

/// <summary>
/// One thread that waits for many sockets (epoll, level-triggered) and reads each that is ready once a round, with one system call. Rounds that follow each other within a
/// millisecond are a crowd's: then a patient loop waits a millisecond for more, since waking up costs more than reading.
/// </summary>
/// <remarks>
/// Why not .NET's own engine: for each message that costs an epoll event, a hand-over to the pool, whose threads spin for more, a read and a second read that finds nothing. At
/// 4,000 messages a second each way it took twice the processor time of this.
/// </remarks>
internal sealed partial class PollLoop : IDisposable
{
    private const int EventsMax = 256;
    private const int ReadBytes = 64 * 1024;
    private const ulong WakeMark = ulong.MaxValue;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Lock _lock = new();
    private readonly List<PollSocket?> _slots = [];
    private readonly Stack<int> _free = new();
    private readonly bool _patient;
    private readonly ILogger _log;
    private readonly Thread _thread;
    private volatile bool _stop;

    /// <param name="name">Names its thread.</param>
    /// <param name="patient">Whether a crowd's messages may wait a millisecond for each other.</param>
    /// <param name="log">Takes faults.</param>
    /// <exception cref="Win32Exception">The system gives no epoll.</exception>
    public PollLoop(string name, bool patient, ILogger log)
    {
        _patient = patient;
        _log = log;
        _epoll = Native.CreateEpoll();
        _wake = _epoll < 0 ? -1 : Native.CreateEvent();
        if (_wake < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        Span<byte> epollEvent = stackalloc byte[Native.EventBytes];
        Native.EpollControl(_epoll, Native.ControlAdd, _wake, Event(epollEvent, Native.EpollIn, WakeMark));
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public void Dispose()
    {
        if (_stop)
            return;
        _stop = true;
        Wake();
        _thread.Join();
        _ = Native.Close(_wake);
        _ = Native.Close(_epoll);
    }

    /// <summary>Runs <paramref name="action"/> on the loop's thread, soon.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        Wake();
    }

    /// <summary>Begins to watch; any thread.</summary>
    public void Add(PollSocket socket, uint interest)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var slot))
            {
                slot = _slots.Count;
                _slots.Add(null);
            }

            _slots[slot] = socket;
            socket.Slot = slot;
        }

        Control(Native.ControlAdd, socket, interest);
    }

    /// <summary>Watches for something else; any thread.</summary>
    public void Modify(PollSocket socket, uint interest) => Control(Native.ControlModify, socket, interest);

    /// <summary>Ends watching. On the loop's thread only: no event of the round under way can then be taken for a later socket's.</summary>
    public void Remove(PollSocket socket)
    {
        Control(Native.ControlDelete, socket, 0);
        lock (_lock)
        {
            _slots[socket.Slot] = null;
            _free.Push(socket.Slot);
        }
    }

    private void Wake()
    {
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(one, 1);
        Native.Write(_wake, one, sizeof(ulong));
    }

    private void Control(int operation, PollSocket socket, uint interest)
    {
        Span<byte> epollEvent = stackalloc byte[Native.EventBytes];
        // A socket that is gone already is not watched any more.
        _ = Native.EpollControl(_epoll, operation, socket.Handle, Event(epollEvent, interest, (ulong)socket.Slot));
    }

    private static Span<byte> Event(Span<byte> epollEvent, uint interest, ulong data)
    {
        epollEvent.Clear();
        MemoryMarshal.Write(epollEvent, in interest);
        MemoryMarshal.Write(epollEvent[Native.EventDataOffset..], in data);
        return epollEvent;
    }

    private void Run()
    {
        var events = new byte[EventsMax * Native.EventBytes];
        var scratch = GC.AllocateUninitializedArray<byte>(ReadBytes, pinned: true);
        Span<byte> count = stackalloc byte[sizeof(ulong)];
        var roundAt = 0L;
        while (!_stop)
        {
            if (_patient && Stopwatch.GetElapsedTime(roundAt).TotalMilliseconds < 1)
                Thread.Sleep(1);
            roundAt = Stopwatch.GetTimestamp();
            var ready = Native.EpollWait(_epoll, events, EventsMax, -1);
            for (var i = 0; i < ready; i++)
            {
                var at = events.AsSpan(i * Native.EventBytes, Native.EventBytes);
                var data = MemoryMarshal.Read<ulong>(at[Native.EventDataOffset..]);
                if (data == WakeMark)
                    Native.Read(_wake, count, sizeof(ulong));
                else if (At((int)data) is { } socket)
                    Ready(socket, MemoryMarshal.Read<uint>(at), scratch);
            }

            while (_posted.TryDequeue(out var action))
                Invoke(action);
        }
    }

    /// <summary>A fault met by one connection's bytes ends that connection, not the loop and with it the process.</summary>
    private void Ready(PollSocket socket, uint events, Span<byte> scratch)
    {
        try
        {
            socket.Ready(events, scratch);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogFault(_log, e);
            socket.Abort();
        }
    }

    private void Invoke(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogFault(_log, e);
        }
    }

    private PollSocket? At(int slot)
    {
        lock (_lock)
            return slot < _slots.Count ? _slots[slot] : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a connection's handler failed on the poll loop")]
    private static partial void LogFault(ILogger log, Exception exception);
}
