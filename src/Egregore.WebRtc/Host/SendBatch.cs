using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Host;

/// <summary>
/// What a thread is about to send: datagrams are written in place and leave with one system call when the outermost <see cref="Exit"/> comes.
/// </summary>
/// <remarks>
/// One for each thread that ever sends, 140 KB of native memory; it goes with the thread. On Linux datagrams of one length to one address go through the network
/// stack as a train (UDP_SEGMENT): on loopback that costs a tenth.
/// </remarks>
internal sealed unsafe class SendBatch
{
    public const int DatagramBytesMax = 2048;
    private const int CountMax = 64;

    /// <summary>Bytes of a train: the length of an UDP datagram is 16 bits, with its headers.</summary>
    private const int TrainBytesMax = 65_000;

    [ThreadStatic] private static SendBatch? _current;

    private readonly byte* _data;
    private readonly byte* _addresses;
    private readonly LinuxSockets.Message* _messages;
    private readonly LinuxSockets.IoVector* _vectors;
    private readonly byte* _controls;
    private readonly HostSocket?[] _sockets = new HostSocket?[CountMax];
    private readonly uint[] _addressLengths = new uint[CountMax];
    private readonly SocketAddress _address = new(AddressFamily.InterNetworkV6, LinuxSockets.AddressBytes);
    private int _count;
    private int _depth;
    private bool _isOrdered;

    private SendBatch()
    {
        const int addresses = CountMax * 32, messages = CountMax * 64, vectors = CountMax * 16, controls = CountMax * LinuxSockets.ControlBytes;
        var memory = (byte*)NativeMemory.AllocZeroed(addresses + messages + vectors + controls + (CountMax * DatagramBytesMax));
        _addresses = memory;
        _messages = (LinuxSockets.Message*)(memory + addresses);
        _vectors = (LinuxSockets.IoVector*)(memory + addresses + messages);
        _controls = memory + addresses + messages + vectors;
        _data = _controls + controls;
        for (var i = 0; i < CountMax; i++)
            _vectors[i].Base = _data + (i * DatagramBytesMax);
    }

    ~SendBatch() => NativeMemory.Free(_addresses);

    public static SendBatch Current => _current ??= new SendBatch();

    public void Enter() => _depth++;

    /// <summary>Sends, when the outermost caller leaves.</summary>
    public void Exit()
    {
        if (--_depth == 0)
            Flush();
    }

    /// <summary>Room for one datagram; <see cref="Commit"/> it, or do nothing.</summary>
    public Span<byte> Reserve()
    {
        if (_count == CountMax)
            Flush();
        return new Span<byte>(_data + (_count * DatagramBytesMax), DatagramBytesMax);
    }

    /// <param name="socket">Where it leaves.</param>
    /// <param name="to">For whom.</param>
    /// <param name="length">Bytes of it.</param>
    /// <param name="isOrdered">It must not be overtaken by what the same connection sends from another thread: see <see cref="FlushOrdered"/>.</param>
    public void Commit(HostSocket socket, in TransportAddress to, int length, bool isOrdered)
    {
        if (socket.Host.SendHook is { } hook && hook(socket, to, new ReadOnlySpan<byte>(_data + (_count * DatagramBytesMax), length)))
            return;
        _sockets[_count] = socket;
        _addressLengths[_count] = LinuxSockets.WriteAddress(new Span<byte>(_addresses + (_count * 32), 32), to);
        _vectors[_count].Length = (nuint)length;
        _count++;
        // A spare socket may be closed as soon as its connection's lock is left.
        _isOrdered |= isOrdered || socket.IsSpare;
        if (_depth == 0)
            Flush();
    }

    /// <summary>Sends what is there if its order counts. Checks and their answers may wait for those of other connections, and leave with them.</summary>
    public void FlushOrdered()
    {
        if (_isOrdered)
            Flush();
    }

    /// <summary>Sends what is there.</summary>
    public void Flush()
    {
        for (var first = 0; first < _count;)
        {
            var socket = _sockets[first]!;
            var end = first + 1;
            while (end < _count && _sockets[end] == socket)
                end++;
            if (socket.Host.UsesLinuxCalls)
                SendMany(socket, first, end);
            else
                SendEach(socket, first, end);
            first = end;
        }

        Array.Clear(_sockets, 0, _count);
        _count = 0;
        _isOrdered = false;
    }

    private void SendMany(HostSocket socket, int first, int end)
    {
        while (first < end)
        {
            var count = 0;
            for (var at = first; at < end; count++)
                at = AddMessage(count, at, socket.SendsTrains ? TrainEnd(at, end) : at + 1);
            for (var done = 0; done < count;)
            {
                var sent = LinuxSockets.sendmmsg(socket.Descriptor, &_messages[done], (uint)(count - done), LinuxSockets.DontWait);
                if (sent > 0)
                {
                    for (; sent > 0; sent--)
                        first += (int)_messages[done++].VectorCount;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error == LinuxSockets.Interrupted)
                    continue;
                if (_messages[done].VectorCount > 1 && error is LinuxSockets.NotSupported or LinuxSockets.InvalidArgument or LinuxSockets.InputOutput or LinuxSockets.MessageTooLong)
                {
                    // A device without checksums, or a path of another size: the same again, one by one.
                    socket.SendsTrains = false;
                    break;
                }

                // A full buffer, an unreachable network, a socket that was just closed: the datagram is lost, as any may be.
                first += (int)_messages[done++].VectorCount;
            }
        }
    }

    /// <summary>Where the train ends that begins with a datagram: the next to another address, or a longer one; a shorter one is its last.</summary>
    private int TrainEnd(int first, int end)
    {
        var length = _vectors[first].Length;
        var total = length;
        var to = Address(first);
        var at = first + 1;
        while (at < end && _vectors[at].Length <= length && (total += _vectors[at].Length) <= TrainBytesMax && Address(at).SequenceEqual(to))
        {
            if (_vectors[at++].Length < length)
                break;
        }

        return at;
    }

    private ReadOnlySpan<byte> Address(int index) => new(_addresses + (index * 32), (int)_addressLengths[index]);

    private int AddMessage(int index, int first, int end)
    {
        ref var message = ref _messages[index];
        message.Name = _addresses + (first * 32);
        message.NameLength = _addressLengths[first];
        message.Vectors = &_vectors[first];
        message.VectorCount = (nuint)(end - first);
        message.Control = null;
        message.ControlLength = 0;
        if (end - first == 1)
            return end;
        message.Control = _controls + (index * LinuxSockets.ControlBytes);
        message.ControlLength = LinuxSockets.ControlBytes;
        LinuxSockets.WriteSegment(new Span<byte>(message.Control, LinuxSockets.ControlBytes), (int)_vectors[first].Length);
        return end;
    }

    private void SendEach(HostSocket socket, int first, int end)
    {
        for (; first < end; first++)
        {
            try
            {
                var to = LinuxSockets.ReadAddress(new ReadOnlySpan<byte>(_addresses + (first * 32), 32));
                SocketAddresses.Write(_address, to);
                socket.Socket.SendTo(new ReadOnlySpan<byte>(_data + (first * DatagramBytesMax), (int)_vectors[first].Length), SocketFlags.None, _address);
            }
            catch (SocketException)
            {
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }
}
