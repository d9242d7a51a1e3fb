using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Egregore.WebRtc.Host;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc;

/// <summary>
/// The sockets and threads that connections live on: one UDP port for any number of peers, one thread that receives, one that keeps deadlines.
/// </summary>
/// <remarks>
/// Datagrams are told apart by the user name fragment of a STUN request, else by the tuple of local and remote address, which belongs to one connection at a
/// time. Where two connections would need the same tuple (two processes with a host each, and more than one connection between them), the later one gets a
/// spare socket. A connection made without a host uses one that the process shares.
/// </remarks>
public sealed class RtcHost : IDisposable
{
    private static readonly Lock SharedLock = new();
    private static readonly Dictionary<int, RtcHost> SharedHosts = [];

    private readonly RtcHostOptions _options;
    private readonly HostSocket[] _first;
    private readonly List<HostSocket> _spare = [];
    private readonly Lock _spareLock = new();
    private readonly ConcurrentDictionary<ulong, IHostClient> _byUfrag = new();
    private readonly ConcurrentDictionary<Tuple, IHostClient> _byTuple = new();
    private readonly ConcurrentDictionary<TransactionId, IHostClient> _byTransaction = new();
    private readonly HostReceiver _receiver;
    private readonly long _startTimestamp;
    private int _clients;
    private int _shares;
    private long _stunSecond;
    private int _stunFailures;
    private volatile bool _disposed;

    private readonly record struct Tuple(int Socket, TransportAddress Remote);

    /// <exception cref="RtcException">No address can be bound: <see cref="RtcErrorKind.System"/>.</exception>
    public RtcHost(RtcHostOptions? options = null)
    {
        _options = options ?? new RtcHostOptions();
        _startTimestamp = _options.Time.GetTimestamp();
        UsesLinuxCalls = LinuxSockets.IsSupported && !_options.Portable;
        _first = BindFirst();
        Port = _first[0].Local.Port;
        Timers = new HostTimers(() => NowUs);
        _receiver = new HostReceiver(this, UsesLinuxCalls);
        foreach (var socket in _first)
            _receiver.Add(socket);
    }

    /// <summary>The UDP port.</summary>
    public int Port { get; }

    /// <summary>The addresses that are listened on, with their ports.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => [.. _first.Select(socket => socket.Local.ToEndPoint())];

    /// <summary>Connections at the moment.</summary>
    public int ConnectionCount => Volatile.Read(ref _clients);

    /// <summary>Datagrams that fitted no connection, since the start.</summary>
    public long UnknownDatagrams => _unknown;

    /// <summary>STUN requests that were dropped because too many before them had been forged.</summary>
    public long StunDropped => _stunDropped;

    /// <summary>Entries of all tables: user names, tuples, transactions, deadlines. 0 without connections.</summary>
    internal int EntryCount => _byUfrag.Count + _byTuple.Count + _byTransaction.Count + Timers.Count;

    internal bool UsesLinuxCalls { get; }

    internal RtcHostOptions Options => _options;

    internal HostTimers Timers { get; }

    internal IReadOnlyList<HostSocket> Sockets => _first;

    /// <summary>Microseconds since the host began.</summary>
    internal long NowUs => (long)_options.Time.GetElapsedTime(_startTimestamp).TotalMicroseconds;

    /// <summary>Sees each datagram before it is sent; true when it has taken it (a test's bad network).</summary>
    internal Func<HostSocket, TransportAddress, ReadOnlySpan<byte>, bool>? SendHook { get; set; }

    /// <summary>Asked for each datagram that came; true when it is lost (a test's bad network).</summary>
    internal Func<bool>? ReceiveHook { get; set; }

    private long _unknown;
    private long _stunDropped;

    /// <summary>The process's own host for a port (0: any), made at first use and disposed with its last connection.</summary>
    internal static RtcHost Share(int port)
    {
        lock (SharedLock)
        {
            if (!SharedHosts.TryGetValue(port, out var host))
                SharedHosts.Add(port, host = new RtcHost(new RtcHostOptions { Port = port }));
            host._shares++;
            return host;
        }
    }

    internal void Unshare()
    {
        lock (SharedLock)
        {
            if (--_shares > 0)
                return;
            SharedHosts.Remove(_options.Port);
        }

        // Not on the caller's thread, which may be one of the host's own.
        ThreadPool.UnsafeQueueUserWorkItem(static host => host.Dispose(), this, preferLocal: false);
    }

    internal void Register(IHostClient client)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.Increment(ref _clients) <= _options.ConnectionsMax)
            return;
        Interlocked.Decrement(ref _clients);
        throw new RtcException(RtcErrorKind.LimitReached, $"the host has its {_options.ConnectionsMax} connections already");
    }

    internal void Unregister(IHostClient client)
    {
        Timers.Remove(client.TimerEntry);
        Interlocked.Decrement(ref _clients);
    }

    internal void AddUfrag(IceCredentials credentials, IHostClient client) => _byUfrag[Key(credentials.LocalUfragBytes)] = client;

    internal void RemoveUfrag(IceCredentials credentials) => _byUfrag.TryRemove(Key(credentials.LocalUfragBytes), out _);

    internal void Expect(in TransactionId transaction, IHostClient? client)
    {
        if (client is null)
            _byTransaction.TryRemove(transaction, out _);
        else
            _byTransaction[transaction] = client;
    }

    /// <summary>Takes a tuple of addresses; true also when the client has it already.</summary>
    internal bool TryClaim(HostSocket socket, in TransportAddress remote, IHostClient client) =>
        _byTuple.GetOrAdd(new Tuple(socket.Id, remote), client) == client;

    internal void Release(HostSocket socket, in TransportAddress remote, IHostClient client) =>
        _byTuple.TryRemove(new KeyValuePair<Tuple, IHostClient>(new Tuple(socket.Id, remote), client));

    /// <summary>A spare socket of the same address on which the tuple is free; null when the bound is reached or the system has none.</summary>
    internal HostSocket? ClaimSpare(HostSocket like, in TransportAddress remote, IHostClient client)
    {
        lock (_spareLock)
        {
            foreach (var socket in _spare)
                if (socket.Owner is null && socket.Local.SameHost(like.Local) && TryClaim(socket, remote, client))
                    return socket;
        }

        return OpenSpare(like, null) is { } opened && TryClaim(opened, remote, client) ? opened : null;
    }

    internal HostSocket? OpenSpare(HostSocket like, IHostClient? owner)
    {
        lock (_spareLock)
        {
            if (_disposed || _spare.Count >= _options.SpareSocketsMax)
                return null;
            try
            {
                var socket = HostSocket.Bind(this, like.Local.ToIPAddress(), 0, 256 << 10, true, owner);
                _spare.Add(socket);
                _receiver.Add(socket);
                return socket;
            }
            catch (SocketException)
            {
                return null;
            }
        }
    }

    internal void CloseSpare(HostSocket socket)
    {
        lock (_spareLock)
        {
            _spare.Remove(socket);
            _receiver.Remove(socket);
        }

        socket.Dispose();
    }

    /// <summary>Finds the connection that a datagram is for. Never throws.</summary>
    /// <returns>Whose batch is to be ended; null when nobody took it.</returns>
    internal IHostClient? Dispatch(HostSocket socket, in TransportAddress remote, ReadOnlySpan<byte> datagram)
    {
        if (ReceiveHook?.Invoke() == true)
            return null;
        var client = Find(socket, remote, datagram, out var isRequest);
        if (client is null)
        {
            Interlocked.Increment(ref _unknown);
            return null;
        }

        if (!isRequest)
        {
            client.OnDatagram(socket, remote, datagram);
            return client;
        }

        // Computing a code costs two microseconds: who has failed too often this second is not served, unless its address is known.
        var second = NowUs / 1_000_000;
        if (second != _stunSecond)
        {
            _stunSecond = second;
            _stunFailures = 0;
        }

        if (_stunFailures >= _options.UnauthenticatedStunPerSecond && !_byTuple.ContainsKey(new Tuple(socket.Id, remote)))
        {
            Interlocked.Increment(ref _stunDropped);
            return null;
        }

        if (!client.OnDatagram(socket, remote, datagram))
            _stunFailures++;
        return client;
    }

    private IHostClient? Find(HostSocket socket, in TransportAddress remote, ReadOnlySpan<byte> datagram, out bool isRequest)
    {
        isRequest = false;
        IHostClient? client;
        if (StunMessage.LooksLikeStun(datagram) && socket.Owner is null)
        {
            // Class bits 0 and 4 of the type: 0 is a request.
            if ((datagram[0] & 1) == 0 && (datagram[1] & 0x10) == 0)
            {
                isRequest = true;
                return StunMessage.TryParse(datagram, out var message) == StunParseResult.Ok && message.TryGet(StunAttribute.Username, out var username)
                    && username.Length > IceCredentials.LocalUfragLength && username[IceCredentials.LocalUfragLength] == ':'
                    && _byUfrag.TryGetValue(Key(username), out client) ? client : null;
            }

            if (!_byTransaction.IsEmpty && _byTransaction.TryGetValue(TransactionId.Read(datagram[8..]), out client))
                return client;
        }

        return socket.Owner ?? (_byTuple.TryGetValue(new Tuple(socket.Id, remote), out client) ? client : null);
    }

    /// <summary>Ends the threads and closes the sockets. Connections that are still there fall silent: close them first.</summary>
    public void Dispose()
    {
        lock (_spareLock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        _receiver.Dispose();
        Timers.Dispose();
        foreach (var socket in _first)
            socket.Dispose();
        foreach (var socket in _spare)
            socket.Dispose();
    }

    private static ulong Key(ReadOnlySpan<byte> ufrag) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(ufrag);

    private HostSocket[] BindFirst()
    {
        var addresses = _options.Addresses ?? SystemAddresses(_options.IncludeLoopback);
        var port = _options.Port;
        var sockets = new List<HostSocket>();
        SocketException? error = null;
        foreach (var address in addresses)
        {
            try
            {
                sockets.Add(Bind(address, port));
                // The same number on every address, where it is free: one hole in a firewall.
                port = port == 0 ? sockets[0].Local.Port : port;
            }
            catch (SocketException e)
            {
                error = e;
            }
        }

        return sockets.Count > 0 ? [.. sockets]
            : throw new RtcException(RtcErrorKind.System, $"no UDP socket could be bound to port {_options.Port} of {string.Join(", ", addresses)}: {error?.Message ?? "no address"}", error);
    }

    private HostSocket Bind(IPAddress address, int port)
    {
        try
        {
            return HostSocket.Bind(this, address, port, _options.SocketBufferBytes, false, null);
        }
        catch (SocketException) when (port != 0 && _options.Port == 0)
        {
            return HostSocket.Bind(this, address, 0, _options.SocketBufferBytes, false, null);
        }
    }

    private static List<IPAddress> SystemAddresses(bool withLoopback)
    {
        var loopback = new List<IPAddress>();
        var others = new List<IPAddress>();
        foreach (var adapter in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (adapter.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown))
                continue;
            foreach (var unicast in adapter.GetIPProperties().UnicastAddresses)
            {
                var address = unicast.Address;
                if (address.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6) || address.IsIPv6LinkLocal || TransportAddress.From(address, 1).IsLinkLocal)
                    continue;
                (IPAddress.IsLoopback(address) ? loopback : others).Add(address);
            }
        }

        if (others.Count == 0 || withLoopback)
            others.AddRange(loopback);
        return others;
    }
}
