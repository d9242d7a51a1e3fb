using System.Buffers.Binary;
using System.Numerics;

namespace Egregore.World.Journal;

/// <summary>The journal's constants and integers; docs/world.md describes the format. Append-only: a new version reads all older ones.</summary>
/// <remarks>
/// Group: <c>u32 "EGJ1" | u16 version | u16 0 | u64 number | u64 first transaction | u32 records | u32 bytes of records | 32 bytes head of
/// the group before | records | 32 bytes SHA-256 of all that</c>, which is this group's head. Record: <c>u32 length | u32 CRC-32C | body</c>.
/// All integers are little-endian.
/// </remarks>
public static class JournalFormat
{
    /// <summary>"EGJ1".</summary>
    public const uint GroupMagic = 0x314A4745;

    /// <summary>"EGS1".</summary>
    public const uint SnapshotMagic = 0x31534745;

    /// <summary>The version written.</summary>
    public const ushort Version = 1;

    /// <summary>Bytes of a group in front of its records.</summary>
    public const int GroupHeaderBytes = 64;

    /// <summary>Bytes of SHA-256.</summary>
    public const int HashBytes = 32;

    /// <summary>Bytes of a record in front of its body.</summary>
    public const int RecordHeaderBytes = 8;

    /// <summary>Bytes of a record's body in front of the reducer's name.</summary>
    public const int BodyHeaderBytes = 72;

    /// <summary>Bytes of a change in front of its key and row.</summary>
    public const int ChangeHeaderBytes = 10;

    /// <summary>A change's row length that means a delete.</summary>
    public const uint Deleted = uint.MaxValue;

    /// <summary>CRC-32C (Castagnoli), as in RFC 3720.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes) => ~CrcMore(CrcStart, bytes);

    /// <summary>Goes on with a CRC-32C that was begun with <see cref="CrcStart"/>; its complement is the checksum.</summary>
    internal static uint CrcMore(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }
        return crc;
    }

    /// <summary>Where <see cref="CrcMore"/> begins.</summary>
    internal const uint CrcStart = uint.MaxValue;

    internal static void WriteUInt32(Span<byte> destination, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(destination, value);
}

/// <summary>What a record stands for.</summary>
public enum RecordKind : byte
{
    /// <summary>A peer's action, or the host's own.</summary>
    Action = 1,

    /// <summary>A scheduled call that came due.</summary>
    Scheduled = 2,

    /// <summary>A session began.</summary>
    Connect = 3,

    /// <summary>A session ended.</summary>
    Disconnect = 4,
}
