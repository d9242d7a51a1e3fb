using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Host;

/// <summary>Addresses to and from <see cref="SocketAddress"/>, whose buffer has the system's own layout, without an allocation.</summary>
internal static class SocketAddresses
{
    public static void Write(SocketAddress to, in TransportAddress address)
    {
        // The family's place differs (BSD has a length first); a template of the right family has it.
        var template = address.IsIPv6 ? TemplateV6 : TemplateV4;
        var buffer = to.Buffer.Span;
        template.Buffer.Span[..template.Size].CopyTo(buffer);
        to.Size = template.Size;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], address.Port);
        address.WriteAddress(buffer[(address.IsIPv6 ? 8 : 4)..]);
        if (address.IsIPv6)
            BinaryPrimitives.WriteUInt32LittleEndian(buffer[24..], address.ScopeId);
    }

    public static TransportAddress Read(SocketAddress from)
    {
        var buffer = from.Buffer.Span;
        var port = BinaryPrimitives.ReadUInt16BigEndian(buffer[2..]);
        return from.Family == AddressFamily.InterNetwork ? TransportAddress.FromBytes(buffer.Slice(4, 4), port)
            : TransportAddress.FromBytes(buffer.Slice(8, 16), port, BinaryPrimitives.ReadUInt32LittleEndian(buffer[24..]));
    }

    private static readonly SocketAddress TemplateV4 = new IPEndPoint(IPAddress.Any, 0).Serialize();
    private static readonly SocketAddress TemplateV6 = new IPEndPoint(IPAddress.IPv6Any, 0).Serialize();
}
