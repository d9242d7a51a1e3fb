using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Egregore.WebRtc.Dtls;

/// <summary>The functions of OpenSSL 3 that DTLS needs, from the system's own library.</summary>
internal static unsafe partial class OpenSsl
{
    private const string Ssl = "egregore-libssl";
    private const string Crypto = "egregore-libcrypto";

    public const int ErrorWantRead = 2, ErrorSyscall = 5, ErrorZeroReturn = 6;
    public const int CtrlMtu = 17, CtrlMaxSendFragment = 52, CtrlDtlsGetTimeout = 73, CtrlDtlsHandleTimeout = 74, CtrlMinVersion = 123, CtrlSessionCache = 44;
    public const int VerifyPeer = 1, VerifyFailIfNone = 2;
    public const int Dtls12 = 0xFEFD;
    public const ulong OptionNoQueryMtu = 1UL << 12, OptionNoTicket = 1UL << 14, OptionNoRenegotiation = 1UL << 30;
    public const int BioPending = 10, BioMemEofReturn = 130;
    public const int KeyRsa = 6, KeyEc = 408;
    public const int ReceivedShutdown = 2;

    private static readonly Lazy<string?> LoadError = new(Load);

    static OpenSsl() => NativeLibrary.SetDllImportResolver(typeof(OpenSsl).Assembly, Resolve);

    /// <exception cref="RtcException">The library is missing; the text says how to get it.</exception>
    public static void Require()
    {
        if (LoadError.Value is { } error)
            throw new RtcException(RtcErrorKind.LibraryMissing, error);
    }

    [LibraryImport(Ssl)] public static partial nint DTLS_method();

    [LibraryImport(Ssl)] public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Ssl)] public static partial nint SSL_CTX_ctrl(nint ctx, int command, nint number, nint pointer);

    [LibraryImport(Ssl)] public static partial ulong SSL_CTX_set_options(nint ctx, ulong options);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)] public static partial int SSL_CTX_set_cipher_list(nint ctx, string list);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)] public static partial int SSL_CTX_set_tlsext_use_srtp(nint ctx, string profiles);

    [LibraryImport(Ssl)] public static partial void SSL_CTX_set_verify(nint ctx, int mode, delegate* unmanaged[Cdecl]<int, nint, int> callback);

    [LibraryImport(Ssl)] public static partial nint SSL_new(nint ctx);

    [LibraryImport(Ssl)] public static partial void SSL_free(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_alloc_buffers(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_free_buffers(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_use_certificate_ASN1(nint ssl, byte* der, int length);

    [LibraryImport(Ssl)] public static partial int SSL_use_PrivateKey_ASN1(int type, nint ssl, byte* der, nint length);

    [LibraryImport(Ssl)] public static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Ssl)] public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Ssl)] public static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_is_init_finished(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_read(nint ssl, byte* to, int length);

    [LibraryImport(Ssl)] public static partial int SSL_write(nint ssl, byte* from, int length);

    [LibraryImport(Ssl)] public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Ssl)] public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_get_shutdown(nint ssl);

    [LibraryImport(Ssl)] public static partial nint SSL_ctrl(nint ssl, int command, nint number, nint pointer);

    [LibraryImport(Ssl)] public static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(Ssl)] public static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Ssl)] public static partial nint SSL_CIPHER_get_name(nint cipher);

    [LibraryImport(Ssl)] public static partial nint SSL_get_version(nint ssl);

    [LibraryImport(Ssl)] public static partial void DTLS_set_timer_cb(nint ssl, delegate* unmanaged[Cdecl]<nint, uint, uint> callback);

    [LibraryImport(Crypto)] public static partial int i2d_X509(nint x509, byte** to);

    [LibraryImport(Crypto)] public static partial void X509_free(nint x509);

    [LibraryImport(Crypto)] public static partial nint BIO_new(nint type);

    [LibraryImport(Crypto)] public static partial nint BIO_s_mem();

    [LibraryImport(Crypto)] public static partial int BIO_write(nint bio, byte* from, int length);

    [LibraryImport(Crypto)] public static partial int BIO_read(nint bio, byte* to, int length);

    [LibraryImport(Crypto)] public static partial nint BIO_ctrl(nint bio, int command, nint number, nint pointer);

    [LibraryImport(Crypto)] public static partial void ERR_clear_error();

    [LibraryImport(Crypto)] public static partial ulong ERR_get_error();

    [LibraryImport(Crypto)] public static partial void ERR_error_string_n(ulong error, byte* to, nuint length);

    /// <summary>The first error that this thread's queue holds, as text.</summary>
    public static string TakeError()
    {
        var error = ERR_get_error();
        if (error == 0)
            return "no reason given";
        var text = stackalloc byte[256];
        ERR_error_string_n(error, text, 256);
        ERR_clear_error();
        return Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }

    private static string? Load()
    {
        foreach (var name in Candidates(Ssl))
        {
            if (!NativeLibrary.TryLoad(name, out var handle))
                continue;
            return NativeLibrary.TryGetExport(handle, nameof(SSL_get1_peer_certificate), out _) ? null : $"{name} is older than OpenSSL 3: {HowToGet}";
        }

        return $"OpenSSL 3 ({Candidates(Ssl)[0]}) was not found: {HowToGet}";
    }

    private const string HowToGet = "install it from the system's packages (Debian and Ubuntu: libssl3 or libssl3t64; Fedora: openssl-libs; Alpine: libssl3; "
        + "macOS: brew install openssl@3; Windows: an OpenSSL 3 whose libssl-3-x64.dll is on PATH)";

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name is not (Ssl or Crypto))
            return 0;
        foreach (var candidate in Candidates(name))
            if (NativeLibrary.TryLoad(candidate, out var handle))
                return handle;
        return 0;
    }

    private static string[] Candidates(string name)
    {
        var part = name == Ssl ? "ssl" : "crypto";
        if (OperatingSystem.IsWindows())
            return [$"lib{part}-3-x64.dll", $"lib{part}-3-arm64.dll", $"lib{part}-3.dll"];
        if (OperatingSystem.IsMacOS())
            return [$"/opt/homebrew/opt/openssl@3/lib/lib{part}.3.dylib", $"/usr/local/opt/openssl@3/lib/lib{part}.3.dylib", $"lib{part}.3.dylib"];
        return [$"lib{part}.so.3"];
    }
}
