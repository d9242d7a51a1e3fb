using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Egregore.WebRtc.Ice;

/// <summary>An IP address and port as a value: compared and hashed without an allocation, which <see cref="IPEndPoint"/> cannot.</summary>
internal readonly struct TransportAddress : IEquatable<TransportAddress>
{
    private readonly ulong _high;
    private readonly ulong _low;

    private TransportAddress(ulong high, ulong low, ushort port, bool isIPv6, uint scopeId)
    {
        _high = high;
        _low = low;
        Port = port;
        IsIPv6 = isIPv6;
        ScopeId = scopeId;
    }

    public ushort Port { get; }

    public bool IsIPv6 { get; }

    /// <summary>The interface of a link-local IPv6 address; not part of the identity, as the two ends number interfaces differently.</summary>
    public uint ScopeId { get; }

    public bool IsNone => Port == 0 && _high == 0 && _low == 0;

    public bool IsLoopback => IsIPv6 ? _high == 0 && _low == 1 : (_low >> 24) == 127;

    public bool IsLinkLocal => IsIPv6 ? (_high >> 54) == 0x3FA : (_low >> 16) == 0xA9FE;

    /// <summary>RFC 1918, RFC 6598, RFC 4193, link-local or loopback: an address of the same site.</summary>
    public bool IsPrivate => IsLoopback || IsLinkLocal
        || (IsIPv6 ? (_high >> 57) == 0x7E : (_low >> 24) == 10 || (_low >> 20) == 0xAC1 || (_low >> 16) == 0xC0A8 || (_low >> 22) == 0x191);

    /// <summary>Multicast, broadcast or the unspecified address: never a candidate.</summary>
    public bool IsUnusable => IsIPv6 ? (_high >> 56) == 0xFF || (_high == 0 && _low == 0) : _low >> 28 == 0xE || _low == uint.MaxValue || _low == 0;

    /// <summary>4 bytes for IPv4, 16 for IPv6, in network order. An IPv4-mapped IPv6 address becomes IPv4.</summary>
    public static TransportAddress FromBytes(ReadOnlySpan<byte> address, ushort port, uint scopeId = 0)
    {
        if (address.Length == 4)
            return new(0, BinaryPrimitives.ReadUInt32BigEndian(address), port, false, 0);
        var high = BinaryPrimitives.ReadUInt64BigEndian(address);
        var low = BinaryPrimitives.ReadUInt64BigEndian(address[8..]);
        return high == 0 && low >> 32 == 0xFFFF ? new(0, low & uint.MaxValue, port, false, 0) : new(high, low, port, true, scopeId);
    }

    public static TransportAddress From(IPAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        return FromBytes(bytes[..written], (ushort)port, address.AddressFamily == AddressFamily.InterNetworkV6 ? (uint)address.ScopeId : 0);
    }

    public static TransportAddress From(IPEndPoint endPoint) => From(endPoint.Address, endPoint.Port);

    public TransportAddress WithPort(ushort port) => new(_high, _low, port, IsIPv6, ScopeId);

    public TransportAddress WithScope(uint scopeId) => new(_high, _low, Port, IsIPv6, scopeId);

    /// <summary>Writes 4 or 16 bytes in network order.</summary>
    /// <returns>How many.</returns>
    public int WriteAddress(Span<byte> to)
    {
        if (!IsIPv6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(to, (uint)_low);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(to, _high);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], _low);
        return 16;
    }

    public bool SameHost(in TransportAddress other) => _high == other._high && _low == other._low && IsIPv6 == other.IsIPv6;

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        var length = WriteAddress(bytes);
        return length == 16 && IsLinkLocal ? new IPAddress(bytes, ScopeId) : new IPAddress(bytes[..length]);
    }

    public IPEndPoint ToEndPoint() => new(ToIPAddress(), Port);

    /// <summary>The address as SDP writes it: no scope.</summary>
    public string HostText() => WithScope(0).ToIPAddressNoScope().ToString();

    public bool Equals(TransportAddress other) => _high == other._high && _low == other._low && Port == other.Port && IsIPv6 == other.IsIPv6;

    public override bool Equals(object? obj) => obj is TransportAddress other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_high, _low, Port);

    public override string ToString() => IsIPv6 ? $"[{HostText()}]:{Port}" : $"{HostText()}:{Port}";

    public static bool operator ==(TransportAddress left, TransportAddress right) => left.Equals(right);

    public static bool operator !=(TransportAddress left, TransportAddress right) => !left.Equals(right);

    private IPAddress ToIPAddressNoScope()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..WriteAddress(bytes)]);
    }
}
