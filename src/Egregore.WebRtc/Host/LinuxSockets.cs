using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Host;

/// <summary>The system calls that move many datagrams at once, on 64-bit Linux.</summary>
internal static unsafe partial class LinuxSockets
{
    public const int DontWait = 0x40, Again = 11, Interrupted = 4;
    public const int EpollAdd = 1, EpollDelete = 2, EpollIn = 1;
    public const int AddressBytes = 28;
    public const int NotSupported = 95, InvalidArgument = 22, InputOutput = 5, MessageTooLong = 90;

    /// <summary>SOL_UDP; UDP_SEGMENT: one call's bytes leave as datagrams of a size; UDP_GRO: such a train is received whole (Linux 4.18 and 5.0).</summary>
    public const int UdpLevel = 17, UdpSegment = 103, UdpCoalesce = 104;

    /// <summary>struct cmsghdr with room for one number.</summary>
    public const int ControlBytes = 24;
    private const int ControlHeaderBytes = 16;

    /// <summary>struct epoll_event is packed on x86 only.</summary>
    public static readonly int EpollEventBytes = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;
    public static readonly int EpollDataOffset = EpollEventBytes - 8;

    public static bool IsSupported => OperatingSystem.IsLinux() && sizeof(nint) == 8 && BitConverter.IsLittleEndian;

    /// <summary>struct msghdr and the length that recvmmsg and sendmmsg add.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
        private readonly int _padding;
        public uint Length;
        private readonly uint _end;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    [LibraryImport("libc", SetLastError = true)] public static partial int recvmmsg(int socket, Message* messages, uint count, int flags, nint timeout);

    [LibraryImport("libc", SetLastError = true)] public static partial int sendmmsg(int socket, Message* messages, uint count, int flags);

    [LibraryImport("libc", SetLastError = true)] public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)] public static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* @event);

    [LibraryImport("libc", SetLastError = true)] public static partial int epoll_wait(int epoll, byte* events, int count, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)] public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)] public static partial nint write(int descriptor, byte* from, nint length);

    [LibraryImport("libc", SetLastError = true)] public static partial int close(int descriptor);

    /// <summary>Writes the control message that cuts a train into datagrams.</summary>
    public static void WriteSegment(Span<byte> control, int size)
    {
        control[..ControlBytes].Clear();
        BinaryPrimitives.WriteInt64LittleEndian(control, ControlHeaderBytes + sizeof(ushort));
        BinaryPrimitives.WriteInt32LittleEndian(control[8..], UdpLevel);
        BinaryPrimitives.WriteInt32LittleEndian(control[12..], UdpSegment);
        BinaryPrimitives.WriteUInt16LittleEndian(control[ControlHeaderBytes..], (ushort)size);
    }

    /// <summary>The size of a received train's datagrams; 0 where it is a single one.</summary>
    public static int ReadSegment(ReadOnlySpan<byte> control)
    {
        if (control.Length < ControlHeaderBytes + sizeof(int) || BinaryPrimitives.ReadInt64LittleEndian(control) < ControlHeaderBytes + sizeof(int)
            || BinaryPrimitives.ReadInt32LittleEndian(control[8..]) != UdpLevel || BinaryPrimitives.ReadInt32LittleEndian(control[12..]) != UdpCoalesce)
            return 0;
        return BinaryPrimitives.ReadInt32LittleEndian(control[ControlHeaderBytes..]);
    }

    /// <summary>Writes struct sockaddr_in or sockaddr_in6.</summary>
    /// <returns>Its bytes.</returns>
    public static uint WriteAddress(Span<byte> to, in TransportAddress address)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)(address.IsIPv6 ? 10 : 2));
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], address.Port);
        if (!address.IsIPv6)
        {
            address.WriteAddress(to[4..]);
            to[8..16].Clear();
            return 16;
        }

        to[4..8].Clear();
        address.WriteAddress(to[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to[24..], address.ScopeId);
        return 28;
    }

    public static TransportAddress ReadAddress(ReadOnlySpan<byte> from)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(from[2..]);
        return from[0] == 2 ? TransportAddress.FromBytes(from.Slice(4, 4), port)
            : TransportAddress.FromBytes(from.Slice(8, 16), port, BinaryPrimitives.ReadUInt32LittleEndian(from[24..]));
    }
}
