using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Egregore.WebRtc.Dtls;

internal enum DtlsState
{
    /// <summary>Waiting for the other end, or for <see cref="DtlsSession.Start"/>.</summary>
    Handshaking,

    /// <summary>Keys agreed, and the peer's certificate is the promised one.</summary>
    Connected,

    /// <summary>One end said close_notify.</summary>
    Closed,

    /// <summary>See <see cref="DtlsSession.Error"/>.</summary>
    Failed,
}

/// <summary>
/// One DTLS association over OpenSSL: datagrams in, datagrams out, packets in the clear between (RFC 6347; OpenSSL 3.0 to 3.x speak DTLS 1.2).
/// </summary>
/// <remarks>
/// Memory BIOs forget where a datagram ends. So one datagram is fed at a time, and what OpenSSL wrote is cut at the record headers:
/// <code>type (1), version (2), epoch (2), sequence (6), length (2), then that many bytes</code>
/// Not thread-safe. No managed allocation for a packet in either direction.
/// </remarks>
internal sealed unsafe class DtlsSession : IDisposable
{
    public const int RecordHeaderBytes = 13;

    private const int NonceBytes = 8, TagBytes = 16;

    /// <summary>Bytes that protection adds to a packet: header, explicit nonce and tag of AES-GCM.</summary>
    public const int OverheadBytes = RecordHeaderBytes + NonceBytes + TagBytes;

    /// <summary>Longest packet in the clear.</summary>
    public const int PacketBytesMax = 4096;

    /// <summary>A handshake's datagrams are not longer: 1,280 of IPv6 less the headers and a relay's.</summary>
    private const int MtuBytes = 1200;

    // RFC 6347 section 4.2.4.1 begins at one second, for unknown paths. ICE has measured this one as alive.
    private const uint FirstTimeoutUs = 200_000, TimeoutUsMax = 5_000_000;

    // AES-GCM first: else OpenSSL as server settles on ChaCha20 with Chromium.
    private const string Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

    private static readonly Lazy<nint> Context = new(CreateContext);

    private readonly nint _in;
    private readonly nint _out;
    private nint _ssl;
    private IReadOnlyList<DtlsFingerprint>? _fingerprints;
    private bool _mayRead;
    private bool _single;
    private bool _released;

    public DtlsSession(RtcCertificate certificate, bool server)
    {
        OpenSsl.Require();
        IsServer = server;
        _ssl = OpenSsl.SSL_new(Context.Value);
        if (_ssl == 0)
            throw new RtcException(RtcErrorKind.System, "OpenSSL: " + OpenSsl.TakeError());
        fixed (byte* der = certificate.Der, key = certificate.PrivateKeyDer)
        {
            if (OpenSsl.SSL_use_certificate_ASN1(_ssl, der, certificate.Der.Length) != 1
                || OpenSsl.SSL_use_PrivateKey_ASN1(certificate.IsRsa ? OpenSsl.KeyRsa : OpenSsl.KeyEc, _ssl, key, certificate.PrivateKeyDer.Length) != 1)
            {
                var error = OpenSsl.TakeError();
                OpenSsl.SSL_free(_ssl);
                _ssl = 0;
                throw new RtcException(RtcErrorKind.System, "OpenSSL does not take the certificate: " + error);
            }
        }

        _in = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        _out = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        // An empty BIO means "later", not "end".
        OpenSsl.BIO_ctrl(_in, OpenSsl.BioMemEofReturn, -1, 0);
        OpenSsl.BIO_ctrl(_out, OpenSsl.BioMemEofReturn, -1, 0);
        OpenSsl.SSL_set_bio(_ssl, _in, _out);
        OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlMtu, MtuBytes, 0);
        OpenSsl.DTLS_set_timer_cb(_ssl, &NextTimeout);
        if (server)
            OpenSsl.SSL_set_accept_state(_ssl);
        else
            OpenSsl.SSL_set_connect_state(_ssl);
    }

    public bool IsServer { get; }

    public DtlsState State { get; private set; }

    public string? Error { get; private set; }

    public string? Cipher { get; private set; }

    public string? Version { get; private set; }

    /// <summary>Buffers for records are there that <see cref="ReleaseBuffers"/> would free.</summary>
    public bool HoldsBuffers => State == DtlsState.Connected && !_released;

    /// <summary>Begins: the client's first flight, or the server's wait. The peer's certificate must fit one of the fingerprints.</summary>
    public void Start(IReadOnlyList<DtlsFingerprint> fingerprints)
    {
        _fingerprints = fingerprints;
        Handshake();
    }

    /// <summary>Takes one datagram. Then call <see cref="Read"/> until it says 0, and <see cref="TakeRecord"/> until it says 0.</summary>
    public void Receive(ReadOnlySpan<byte> datagram)
    {
        if (State is DtlsState.Closed or DtlsState.Failed || _fingerprints is null)
            return;
        if (!IsPlausible(ref datagram) || !HasBuffers())
            return;
        fixed (byte* p = datagram)
            _ = OpenSsl.BIO_write(_in, p, datagram.Length);
        _mayRead = true;
        // One record a datagram is the rule once packets flow: then one read empties it, and no second one has to ask.
        _single = datagram.Length > RecordHeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]) + RecordHeaderBytes == datagram.Length;
        if (State == DtlsState.Handshaking)
            Handshake();
    }

    /// <summary>One packet in the clear.</summary>
    /// <returns>Its bytes; 0 when there is none, or none before the handshake is over.</returns>
    public int Read(Span<byte> to)
    {
        if (State != DtlsState.Connected || !_mayRead)
            return 0;
        OpenSsl.ERR_clear_error();
        int length;
        fixed (byte* p = to)
            length = OpenSsl.SSL_read(_ssl, p, to.Length);
        if (length > 0)
        {
            _mayRead = !_single;
            return length;
        }

        _mayRead = false;
        switch (OpenSsl.SSL_get_error(_ssl, length))
        {
            case OpenSsl.ErrorWantRead:
                break;
            case OpenSsl.ErrorZeroReturn:
                State = DtlsState.Closed;
                break;
            case OpenSsl.ErrorSyscall:
                // The BIO's complaint about half a record, not the association's end.
                break;
            default:
                Fail(OpenSsl.TakeError());
                break;
        }

        return 0;
    }

    /// <summary>Protects one packet.</summary>
    /// <returns>Bytes of the datagram; 0 when not connected or when it does not fit.</returns>
    public int Write(ReadOnlySpan<byte> packet, Span<byte> datagram)
    {
        if (State != DtlsState.Connected || packet.Length > PacketBytesMax || datagram.Length < packet.Length + OverheadBytes || !HasBuffers())
            return 0;
        int length;
        fixed (byte* p = packet)
            length = OpenSsl.SSL_write(_ssl, p, packet.Length);
        if (length <= 0)
        {
            OpenSsl.ERR_clear_error();
            return 0;
        }

        fixed (byte* p = datagram)
            length = OpenSsl.BIO_read(_out, p, datagram.Length);
        return Math.Max(length, 0);
    }

    /// <summary>The next record that the handshake, an alert or a retransmission wrote, a datagram of its own.</summary>
    /// <returns>Its bytes, 0 when there is none.</returns>
    public int TakeRecord(Span<byte> to)
    {
        if (_ssl == 0 || OpenSsl.BIO_ctrl(_out, OpenSsl.BioPending, 0, 0) < RecordHeaderBytes || to.Length < RecordHeaderBytes)
            return 0;
        fixed (byte* p = to)
        {
            _ = OpenSsl.BIO_read(_out, p, RecordHeaderBytes);
            var length = BinaryPrimitives.ReadUInt16BigEndian(to[11..]);
            if (length + RecordHeaderBytes > to.Length)
            {
                Fail("a record longer than the buffer");
                return 0;
            }

            return RecordHeaderBytes + OpenSsl.BIO_read(_out, p + RecordHeaderBytes, length);
        }
    }

    /// <summary>Microseconds until <see cref="OnTimer"/> is wanted; -1 when no timer runs.</summary>
    public long TimeoutUs
    {
        get
        {
            if (State != DtlsState.Handshaking || _ssl == 0)
                return -1;
            var time = stackalloc long[2];
            if (OperatingSystem.IsWindows())
            {
                // struct timeval has two 32-bit fields there.
                var narrow = (int*)time;
                return OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlDtlsGetTimeout, 0, (nint)time) == 1 ? (narrow[0] * 1_000_000L) + narrow[1] : -1;
            }

            if (OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlDtlsGetTimeout, 0, (nint)time) != 1)
                return -1;
            // macOS keeps microseconds in 32 bits.
            return (time[0] * 1_000_000) + (int)time[1];
        }
    }

    /// <summary>Repeats the last flight where its time has come.</summary>
    public void OnTimer()
    {
        if (State != DtlsState.Handshaking || _ssl == 0)
            return;
        OpenSsl.ERR_clear_error();
        if (OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlDtlsHandleTimeout, 0, 0) < 0)
            Fail("the peer did not answer: " + OpenSsl.TakeError());
    }

    /// <summary>
    /// Frees the buffers for a record of each direction, 21 KB, until the next packet: for a session that is quiet. Allocating them again costs a fraction of a microsecond.
    /// </summary>
    public void ReleaseBuffers()
    {
        if (HoldsBuffers)
            _released = OpenSsl.SSL_free_buffers(_ssl) == 1;
    }

    /// <summary>Says close_notify; take the record that holds it.</summary>
    public void Close()
    {
        if (State == DtlsState.Connected && HasBuffers())
        {
            OpenSsl.ERR_clear_error();
            _ = OpenSsl.SSL_shutdown(_ssl);
        }

        if (State != DtlsState.Failed)
            State = DtlsState.Closed;
    }

    public void Dispose()
    {
        if (_ssl == 0)
            return;
        if (State is DtlsState.Handshaking or DtlsState.Connected)
            State = DtlsState.Closed;
        OpenSsl.SSL_free(_ssl);
        _ssl = 0;
    }

    /// <summary>
    /// Whether OpenSSL may see the datagram. Anybody who forges the peer's address could end the association otherwise: by a record without protection once keys
    /// are agreed, and by a protected one too short for its nonce and tag, which OpenSSL answers with a fatal alert instead of dropping it.
    /// </summary>
    private bool IsPlausible(ref ReadOnlySpan<byte> datagram)
    {
        while (State == DtlsState.Connected && datagram.Length >= RecordHeaderBytes && EpochOf(datagram) == 0)
            datagram = datagram[Math.Min(datagram.Length, RecordHeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]))..];
        if (datagram.Length < RecordHeaderBytes)
            return false;
        var shortest = Cipher?.Contains("GCM", StringComparison.Ordinal) == false ? TagBytes : NonceBytes + TagBytes;
        for (var rest = datagram; !rest.IsEmpty;)
        {
            if (rest.Length < RecordHeaderBytes || rest[0] is < 20 or > 23 || rest[1] != 254)
                return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[11..]);
            if (length > rest.Length - RecordHeaderBytes || (EpochOf(rest) != 0 && length < shortest))
                return false;
            rest = rest[(RecordHeaderBytes + length)..];
        }

        return true;

        static int EpochOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt16BigEndian(record[3..]);
    }

    /// <summary>OpenSSL's DTLS writes into the buffer without a look whether there is one.</summary>
    /// <returns>False when there is no memory.</returns>
    private bool HasBuffers()
    {
        if (_released)
            _released = OpenSsl.SSL_alloc_buffers(_ssl) != 1;
        return !_released;
    }

    private void Handshake()
    {
        OpenSsl.ERR_clear_error();
        var result = OpenSsl.SSL_do_handshake(_ssl);
        if (result == 1)
        {
            Finish();
            return;
        }

        switch (OpenSsl.SSL_get_error(_ssl, result))
        {
            case OpenSsl.ErrorWantRead:
                break;
            case OpenSsl.ErrorZeroReturn:
                State = DtlsState.Closed;
                break;
            default:
                Fail("the handshake failed: " + OpenSsl.TakeError());
                break;
        }
    }

    private void Finish()
    {
        var x509 = OpenSsl.SSL_get1_peer_certificate(_ssl);
        if (x509 == 0)
        {
            Fail("the peer showed no certificate");
            return;
        }

        var size = OpenSsl.i2d_X509(x509, null);
        var der = new byte[Math.Max(size, 0)];
        fixed (byte* p = der)
        {
            var at = p;
            _ = OpenSsl.i2d_X509(x509, &at);
        }

        OpenSsl.X509_free(x509);
        foreach (var fingerprint in _fingerprints!)
        {
            if (!fingerprint.Matches(der))
                continue;
            State = DtlsState.Connected;
            Cipher = Marshal.PtrToStringUTF8(OpenSsl.SSL_CIPHER_get_name(OpenSsl.SSL_get_current_cipher(_ssl)));
            Version = Marshal.PtrToStringUTF8(OpenSsl.SSL_get_version(_ssl));
            return;
        }

        _ = OpenSsl.SSL_shutdown(_ssl);
        Fail("the peer's certificate does not fit the fingerprint of its description");
    }

    private void Fail(string error)
    {
        Error ??= error;
        State = DtlsState.Failed;
    }

    private static nint CreateContext()
    {
        OpenSsl.Require();
        var context = OpenSsl.SSL_CTX_new(OpenSsl.DTLS_method());
        if (context == 0)
            throw new RtcException(RtcErrorKind.System, "OpenSSL: " + OpenSsl.TakeError());
        OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlMinVersion, OpenSsl.Dtls12, 0);
        OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlSessionCache, 0, 0);
        // Sizes the write buffer of each connection: 4 KB instead of 17.
        OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlMaxSendFragment, PacketBytesMax, 0);
        OpenSsl.SSL_CTX_set_options(context, OpenSsl.OptionNoQueryMtu | OpenSsl.OptionNoTicket | OpenSsl.OptionNoRenegotiation);
        if (OpenSsl.SSL_CTX_set_cipher_list(context, Ciphers) != 1)
            throw new RtcException(RtcErrorKind.System, "OpenSSL knows none of the ciphers: " + OpenSsl.TakeError());
        // No media flows here, but pion refuses a handshake without the extension. 0 is success.
        if (OpenSsl.SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") != 0)
            throw new RtcException(RtcErrorKind.System, "OpenSSL has no use_srtp: " + OpenSsl.TakeError());
        OpenSsl.SSL_CTX_set_verify(context, OpenSsl.VerifyPeer | OpenSsl.VerifyFailIfNone, &AcceptCertificate);
        return context;
    }

    /// <summary>Certificates are self-signed: the fingerprint decides, in <see cref="Finish"/>.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcceptCertificate(int ok, nint store) => 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint NextTimeout(nint ssl, uint timeoutUs) => timeoutUs == 0 ? FirstTimeoutUs : Math.Min(timeoutUs * 2, TimeoutUsMax);
}
