using System.Buffers.Binary;

namespace Egregore.World.Journal;

/// <summary>The journal's constants; docs/world.md describes the format. Append-only.</summary>
internal static class JournalFormat
{
    public static void WriteUInt32(Span<byte> destination, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(destination, value);
}
