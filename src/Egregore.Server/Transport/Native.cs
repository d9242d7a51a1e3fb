using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Egregore.Server.Transport;

/// <summary>The six calls of Linux' C library that the poll loop makes. See epoll(7), recv(2), send(2), eventfd(2).</summary>
internal static partial class Native
{
    public const uint EpollIn = 0x001, EpollOut = 0x004, EpollError = 0x008, EpollHangUp = 0x010, EpollPeerHangUp = 0x2000;

    public const int ControlAdd = 1, ControlDelete = 2, ControlModify = 3;

    public const int DontWait = 0x40, NoSignal = 0x4000;

    public const int Interrupted = 4, TryAgain = 11;

    private const int CloseOnExec = 0x80000, NonBlocking = 0x800;

    private const string C = "libc";

    /// <summary>Bytes of one <c>struct epoll_event</c>, which is packed on x86-64 only.</summary>
    public static readonly int EventBytes = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;

    /// <summary>Where <c>data</c> begins in an event; <c>events</c> is at 0.</summary>
    public static readonly int EventDataOffset = EventBytes - sizeof(ulong);

    public static int CreateEpoll() => EpollCreate1(CloseOnExec);

    public static int CreateEvent() => EventFd(0, CloseOnExec | NonBlocking);

    [LibraryImport(C, EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, SafeSocketHandle socket, ReadOnlySpan<byte> epollEvent);

    [LibraryImport(C, EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int file, ReadOnlySpan<byte> epollEvent);

    [LibraryImport(C, EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, Span<byte> events, int eventsMax, int timeoutMs);

    [LibraryImport(C, EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(SafeSocketHandle socket, Span<byte> buffer, nuint length, int flags);

    [LibraryImport(C, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeSocketHandle socket, ReadOnlySpan<byte> buffer, nuint length, int flags);

    [LibraryImport(C, EntryPoint = "write")]
    public static partial nint Write(int file, ReadOnlySpan<byte> buffer, nuint length);

    [LibraryImport(C, EntryPoint = "read")]
    public static partial nint Read(int file, Span<byte> buffer, nuint length);

    [LibraryImport(C, EntryPoint = "close")]
    public static partial int Close(int file);

    [LibraryImport(C, EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate1(int flags);

    [LibraryImport(C, EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);
}
