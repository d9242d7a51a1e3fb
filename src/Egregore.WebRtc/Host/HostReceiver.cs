using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Host;

/// <summary>
/// The threads that wait for datagrams: on Linux one, in epoll, that takes up to 32 at once; elsewhere one a socket, blocked in receive.
/// </summary>
/// <remarks>Blocking on purpose: an asynchronous receive costs three times the processor time and halves the throughput.</remarks>
internal sealed unsafe class HostReceiver : IDisposable
{
    private const int BatchMax = 32;

    /// <summary>A train of datagrams that the system has put together, at its longest.</summary>
    private const int TrainBytesMax = 65_536;
    private const int EventsMax = 16;
    private const int ControlBytes = 64;
    private readonly RtcHost _host;
    private readonly bool _linux;
    private readonly Dictionary<int, HostSocket> _sockets = [];
    private readonly Lock _lock = new();
    private readonly List<Thread> _threads = [];
    private readonly int _epoll = -1;
    private readonly int _wake = -1;
    private volatile bool _stopped;

    public HostReceiver(RtcHost host, bool linux)
    {
        _host = host;
        _linux = linux;
        if (!linux)
            return;
        _epoll = LinuxSockets.epoll_create1(0);
        _wake = LinuxSockets.eventfd(0, 0);
        if (_epoll < 0 || _wake < 0)
            throw new RtcException(RtcErrorKind.System, $"epoll: error {Marshal.GetLastPInvokeError()}");
        Watch(_wake);
        StartThread(RunLinux);
    }

    public void Add(HostSocket socket)
    {
        lock (_lock)
            _sockets[socket.Descriptor] = socket;
        if (_linux)
            Watch(socket.Descriptor);
        else
            StartThread(() => RunPortable(socket));
    }

    public void Remove(HostSocket socket)
    {
        lock (_lock)
            _sockets.Remove(socket.Descriptor);
        if (_linux)
            _ = LinuxSockets.epoll_ctl(_epoll, LinuxSockets.EpollDelete, socket.Descriptor, null);
    }

    public void Dispose()
    {
        _stopped = true;
        if (_linux)
        {
            ulong one = 1;
            _ = LinuxSockets.write(_wake, (byte*)&one, sizeof(ulong));
        }
        else
        {
            lock (_lock)
                foreach (var socket in _sockets.Values)
                    socket.Dispose();
        }

        Thread[] threads;
        lock (_lock)
            threads = [.. _threads];
        foreach (var thread in threads)
            if (thread != Thread.CurrentThread)
                thread.Join();
        if (!_linux)
            return;
        _ = LinuxSockets.close(_wake);
        _ = LinuxSockets.close(_epoll);
    }

    private void StartThread(ThreadStart run)
    {
        var thread = new Thread(run) { IsBackground = true, Name = "webrtc receive" };
        lock (_lock)
            _threads.Add(thread);
        thread.Start();
    }

    private void Watch(int descriptor)
    {
        var @event = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(@event, 4), LinuxSockets.EpollIn);
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(@event + LinuxSockets.EpollDataOffset, 8), descriptor);
        if (LinuxSockets.epoll_ctl(_epoll, LinuxSockets.EpollAdd, descriptor, @event) < 0)
            throw new RtcException(RtcErrorKind.System, $"epoll_ctl: error {Marshal.GetLastPInvokeError()}");
    }

    private void RunLinux()
    {
        const int addresses = BatchMax * 32, messages = BatchMax * 64, vectors = BatchMax * 16, controls = BatchMax * ControlBytes;
        // Two megabytes of address space; what long trains do not touch costs no memory.
        var memory = (byte*)NativeMemory.AllocZeroed(addresses + messages + vectors + controls + (BatchMax * TrainBytesMax) + (EventsMax * 16));
        var message = (LinuxSockets.Message*)(memory + addresses);
        var vector = (LinuxSockets.IoVector*)(memory + addresses + messages);
        var control = memory + addresses + messages + vectors;
        var data = control + controls;
        var events = data + (BatchMax * TrainBytesMax);
        for (var i = 0; i < BatchMax; i++)
        {
            vector[i].Base = data + (i * TrainBytesMax);
            vector[i].Length = TrainBytesMax;
            message[i].Name = memory + (i * 32);
            message[i].Vectors = &vector[i];
            message[i].VectorCount = 1;
            message[i].Control = control + (i * ControlBytes);
        }

        var touched = new Touched();
        while (!_stopped)
        {
            var ready = LinuxSockets.epoll_wait(_epoll, events, EventsMax, -1);
            for (var e = 0; e < ready; e++)
            {
                var descriptor = (int)BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(events + (e * LinuxSockets.EpollEventBytes) + LinuxSockets.EpollDataOffset, 8));
                HostSocket? socket;
                lock (_lock)
                    _sockets.TryGetValue(descriptor, out socket);
                if (socket is null)
                    continue;
                for (var i = 0; i < BatchMax; i++)
                {
                    message[i].NameLength = LinuxSockets.AddressBytes;
                    message[i].ControlLength = ControlBytes;
                }

                var count = LinuxSockets.recvmmsg(descriptor, message, BatchMax, LinuxSockets.DontWait, 0);
                if (count <= 0)
                    continue;
                SendBatch.Current.Enter();
                for (var i = 0; i < count; i++)
                {
                    var remote = LinuxSockets.ReadAddress(new ReadOnlySpan<byte>(message[i].Name, LinuxSockets.AddressBytes));
                    var train = new ReadOnlySpan<byte>(vector[i].Base, (int)message[i].Length);
                    var segment = LinuxSockets.ReadSegment(new ReadOnlySpan<byte>(message[i].Control, (int)message[i].ControlLength));
                    do
                    {
                        // Longer ones than anybody may send are cut, and so fail their checks.
                        var length = Math.Min(train.Length, segment > 0 ? segment : train.Length);
                        touched.Add(_host.Dispatch(socket, remote, train[..Math.Min(length, SendBatch.DatagramBytesMax)]));
                        train = train[length..];
                    }
                    while (!train.IsEmpty);
                    if (touched.Datagrams >= BatchMax)
                        touched.EndBatch();
                }

                touched.EndBatch();
                SendBatch.Current.Exit();
            }
        }

        NativeMemory.Free(memory);
    }

    private void RunPortable(HostSocket socket)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(SendBatch.DatagramBytesMax, pinned: true);
        var from = new SocketAddress(socket.Socket.AddressFamily);
        var touched = new Touched();
        while (!_stopped)
        {
            int length;
            try
            {
                length = socket.Socket.ReceiveFrom(buffer, SocketFlags.None, from);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.MessageSize or SocketError.ConnectionReset or SocketError.NetworkReset)
            {
                continue;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            SendBatch.Current.Enter();
            touched.Add(_host.Dispatch(socket, SocketAddresses.Read(from), buffer.AsSpan(0, length)));
            touched.EndBatch();
            SendBatch.Current.Exit();
        }
    }

    /// <summary>The clients of one batch, each once.</summary>
    private sealed class Touched
    {
        private readonly IHostClient?[] _clients = new IHostClient?[BatchMax];
        private int _count;

        /// <summary>How many have come since the last end of a batch.</summary>
        public int Datagrams { get; private set; }

        public void Add(IHostClient? client)
        {
            Datagrams++;
            if (client is null)
                return;
            for (var i = 0; i < _count; i++)
                if (_clients[i] == client)
                    return;
            if (_count == BatchMax)
                EndBatch();
            _clients[_count++] = client;
        }

        public void EndBatch()
        {
            for (var i = 0; i < _count; i++)
            {
                _clients[i]!.OnBatchEnd();
                _clients[i] = null;
            }

            _count = 0;
            Datagrams = 0;
        }
    }
}
