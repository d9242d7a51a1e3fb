using System.Buffers.Binary;
using System.Text;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Turn;

/// <summary>
/// A TURN client for one allocation (RFC 8656) with long-term credentials (RFC 8489 section 9.2): messages of the server and the time go in, messages and
/// data come out. Times are microseconds.
/// </summary>
/// <remarks>
/// SHA-256 is used where the server offers it together with a nonce that protects the offer; else the protocol's MD5. Bounds: 64 permissions, 16 channels,
/// 32 requests under way, three new nonces for a request.
/// </remarks>
internal sealed partial class TurnClient
{
    public const int PermissionsMax = 64, ChannelsMax = 16, TransactionsMax = 32, NonceRetriesMax = 3, MessageBytesMax = 2048;
    private const int TextBytesMax = 763;
    private const long Second = 1_000_000, RtoUs = Second / 2, StreamTimeoutUs = 40 * Second;
    private const long PermissionRefreshUs = 240 * Second, ChannelRefreshUs = 540 * Second;
    private const int AttemptsMax = 7;
    private const uint LifetimeSeconds = 600;

    private readonly ITurnOutput _output;
    private readonly string _username;
    private readonly string _password;
    private readonly bool _stream;
    private readonly RandomSource _random;
    private readonly List<TurnTransaction> _transactions = [];
    private readonly Dictionary<TransportAddress, TurnPermission> _permissions = [];
    private readonly List<TurnChannel> _channels = [];
    private byte[]? _key;
    private string? _realm;
    private byte[]? _nonce;
    private byte[]? _algorithms;
    private bool _sha256;
    private long _refreshAtUs = long.MaxValue;

    /// <param name="output">Takes messages and events.</param>
    /// <param name="username">Of the long-term credential.</param>
    /// <param name="password">Of the long-term credential.</param>
    /// <param name="stream">The server is reached over TCP or TLS: nothing is sent twice, channel data is padded.</param>
    /// <param name="random">Transaction ids.</param>
    public TurnClient(ITurnOutput output, string username, string password, bool stream, RandomSource random)
    {
        _output = output;
        _username = username;
        _password = password;
        _stream = stream;
        _random = random;
    }

    public TurnState State { get; private set; }

    public long Dropped { get; private set; }

    public long NextDeadlineUs
    {
        get
        {
            var next = _refreshAtUs;
            foreach (var transaction in _transactions)
                next = Math.Min(next, transaction.NextUs);
            foreach (var permission in _permissions.Values)
                next = Math.Min(next, permission.RefreshAtUs);
            foreach (var channel in _channels)
                next = Math.Min(next, channel.RefreshAtUs);
            return next;
        }
    }

    public void Start(long nowUs)
    {
        if (State != TurnState.New)
            return;
        State = TurnState.Allocating;
        Request(new TurnTransaction(StunMethod.Allocate, default) { LifetimeSeconds = LifetimeSeconds }, nowUs);
    }

    /// <summary>Gives the allocation back.</summary>
    public void Close(long nowUs)
    {
        if (State == TurnState.Ready)
        {
            _transactions.Clear();
            Request(new TurnTransaction(StunMethod.Refresh, default) { LifetimeSeconds = 0 }, nowUs);
        }

        State = TurnState.Closed;
        _transactions.Clear();
        _permissions.Clear();
        _channels.Clear();
        _refreshAtUs = long.MaxValue;
    }

    /// <summary>Sends a datagram to a peer through the relay. Asks for leave first where there is none.</summary>
    public void Send(in TransportAddress peer, ReadOnlySpan<byte> data, long nowUs)
    {
        if (State != TurnState.Ready || data.Length > MessageBytesMax - 64)
            return;
        foreach (var channel in _channels)
        {
            if (!channel.Ready || channel.Peer != peer)
                continue;
            SendChannelData(channel.Number, data);
            return;
        }

        var host = peer.WithPort(0);
        if (!_permissions.TryGetValue(host, out var permission))
        {
            if (_permissions.Count >= PermissionsMax)
            {
                Dropped++;
                return;
            }

            _permissions.Add(host, permission = new TurnPermission());
            Request(new TurnTransaction(StunMethod.CreatePermission, default) { Peer = host }, nowUs);
        }

        if (permission.Ready)
        {
            SendIndication(peer, data);
            return;
        }

        permission.Held = data.ToArray();
        permission.HeldFor = peer;
    }

    /// <summary>Asks for a channel: 4 bytes instead of 36 before each datagram.</summary>
    public void BindChannel(in TransportAddress peer, long nowUs)
    {
        if (State != TurnState.Ready || _channels.Count >= ChannelsMax)
            return;
        foreach (var known in _channels)
            if (known.Peer == peer)
                return;
        var channel = new TurnChannel((ushort)(0x4000 + _channels.Count), peer);
        _channels.Add(channel);
        Request(new TurnTransaction(StunMethod.ChannelBind, default) { Peer = peer, Channel = channel.Number }, nowUs);
    }

    public void OnTimer(long nowUs)
    {
        for (var i = _transactions.Count - 1; i >= 0; i--)
        {
            var transaction = _transactions[i];
            if (transaction.NextUs > nowUs)
                continue;
            if (_stream || transaction.Attempts >= AttemptsMax)
            {
                _transactions.RemoveAt(i);
                OnTimeout(transaction);
                if (State == TurnState.Failed)
                    return;
                continue;
            }

            transaction.RtoUs *= 2;
            Send(transaction, nowUs);
        }

        if (State != TurnState.Ready)
            return;
        if (_refreshAtUs <= nowUs)
        {
            _refreshAtUs = long.MaxValue;
            Request(new TurnTransaction(StunMethod.Refresh, default) { LifetimeSeconds = LifetimeSeconds }, nowUs);
        }

        foreach (var (host, permission) in _permissions)
        {
            if (permission.RefreshAtUs > nowUs)
                continue;
            permission.RefreshAtUs = long.MaxValue;
            Request(new TurnTransaction(StunMethod.CreatePermission, default) { Peer = host }, nowUs);
        }

        foreach (var channel in _channels)
        {
            if (channel.RefreshAtUs > nowUs)
                continue;
            channel.RefreshAtUs = long.MaxValue;
            Request(new TurnTransaction(StunMethod.ChannelBind, default) { Peer = channel.Peer, Channel = channel.Number }, nowUs);
        }
    }

    private void OnTimeout(TurnTransaction transaction)
    {
        switch (transaction.Method)
        {
            case StunMethod.Allocate:
                Fail("the TURN server did not answer");
                break;
            case StunMethod.Refresh:
                Fail("the TURN server did not answer a refresh");
                break;
            case StunMethod.CreatePermission:
                _permissions.Remove(transaction.Peer);
                break;
            default:
                RemoveChannel(transaction.Channel);
                break;
        }
    }

    private void Fail(string reason)
    {
        if (State is TurnState.Failed or TurnState.Closed)
            return;
        State = TurnState.Failed;
        _transactions.Clear();
        _permissions.Clear();
        _channels.Clear();
        _refreshAtUs = long.MaxValue;
        _output.OnFailed(reason);
    }

    private void RemoveChannel(ushort number)
    {
        // The number is not used again for another peer: five minutes would have to pass (section 12).
        foreach (var channel in _channels)
            if (channel.Number == number)
                channel.Ready = false;
    }

    private void Request(TurnTransaction transaction, long nowUs)
    {
        if (_transactions.Count >= TransactionsMax)
        {
            Dropped++;
            return;
        }

        Renew(transaction);
        _transactions.Add(transaction);
        Send(transaction, nowUs);
    }

    private void Renew(TurnTransaction transaction)
    {
        Span<byte> id = stackalloc byte[TransactionId.SizeBytes];
        _random(id);
        transaction.Id = TransactionId.Read(id);
        transaction.Attempts = 0;
        transaction.RtoUs = RtoUs;
    }

    private void Send(TurnTransaction transaction, long nowUs)
    {
        Span<byte> buffer = stackalloc byte[MessageBytesMax];
        var writer = new StunWriter(buffer, StunClass.Request, transaction.Method, transaction.Id);
        switch (transaction.Method)
        {
            case StunMethod.Allocate:
                writer.AddUInt32(StunAttribute.RequestedTransport, 17u << 24);
                writer.AddUInt32(StunAttribute.Lifetime, transaction.LifetimeSeconds);
                break;
            case StunMethod.Refresh:
                writer.AddUInt32(StunAttribute.Lifetime, transaction.LifetimeSeconds);
                break;
            case StunMethod.ChannelBind:
                writer.AddUInt32(StunAttribute.ChannelNumber, (uint)transaction.Channel << 16);
                writer.AddXorAddress(StunAttribute.XorPeerAddress, transaction.Peer);
                break;
            default:
                writer.AddXorAddress(StunAttribute.XorPeerAddress, transaction.Peer);
                break;
        }

        transaction.WasAuthenticated = _key is not null;
        if (_key is not null)
        {
            writer.AddText(StunAttribute.Username, _username);
            writer.AddText(StunAttribute.Realm, _realm!);
            writer.Add(StunAttribute.Nonce, _nonce);
            if (_algorithms is not null)
            {
                writer.Add(StunAttribute.PasswordAlgorithms, _algorithms);
                writer.Add(StunAttribute.PasswordAlgorithm, [0, (byte)(_sha256 ? 2 : 1), 0, 0]);
            }

            if (_sha256)
                writer.AddIntegritySha256(_key);
            else
                writer.AddIntegrity(_key);
        }

        writer.AddFingerprint();
        transaction.Attempts++;
        transaction.NextUs = nowUs + (_stream ? StreamTimeoutUs : transaction.RtoUs);
        _output.SendToServer(buffer[..writer.Length]);
    }

    private void SendIndication(in TransportAddress peer, ReadOnlySpan<byte> data)
    {
        Span<byte> id = stackalloc byte[TransactionId.SizeBytes];
        _random(id);
        Span<byte> buffer = stackalloc byte[MessageBytesMax];
        var writer = new StunWriter(buffer, StunClass.Indication, StunMethod.Send, TransactionId.Read(id));
        writer.AddXorAddress(StunAttribute.XorPeerAddress, peer);
        writer.Add(StunAttribute.Data, data);
        _output.SendToServer(buffer[..writer.Length]);
    }

    private void SendChannelData(ushort number, ReadOnlySpan<byte> data)
    {
        Span<byte> buffer = stackalloc byte[MessageBytesMax];
        BinaryPrimitives.WriteUInt16BigEndian(buffer, number);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], (ushort)data.Length);
        data.CopyTo(buffer[4..]);
        var length = 4 + data.Length;
        // Over a stream padded to four bytes, which the length does not count (section 12.5).
        for (; _stream && (length & 3) != 0; length++)
            buffer[length] = 0;
        _output.SendToServer(buffer[..length]);
    }

    private static string? Text(ReadOnlySpan<byte> bytes) => bytes.Length is > 0 and <= TextBytesMax ? Encoding.UTF8.GetString(bytes) : null;
}
