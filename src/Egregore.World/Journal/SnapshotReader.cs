using System.Buffers.Binary;
using System.Collections.Immutable;
using Egregore.Wire;

namespace Egregore.World.Journal;

/// <summary>What stands in front of a snapshot's rows.</summary>
internal sealed record SnapshotHeader(
    string Game, int GameVersion, ulong Number, ulong Transaction, long WorldTimeMs, ImmutableArray<byte> Head, IReadOnlyList<StoredTable> Tables)
{
    public static byte[] Write(WorldDefinition definition, KeptTables kept, ulong number, ulong transaction, long worldTimeMs, ReadOnlySpan<byte> head)
    {
        var part = new PartWriter();
        part.Text(definition.Name);
        part.UInt32((uint)definition.Version);
        part.UInt64(number);
        part.UInt64(transaction);
        part.Int64(worldTimeMs);
        part.Raw(head);
        StoredTable[] tables = [.. definition.AllTables.Select(StoredTable.Of), .. kept.Tables.Select(table => table.Table)];
        part.UInt16(tables.Length);
        foreach (StoredTable table in tables)
        {
            part.Text(table.Name);
            part.UInt32(table.Id);
            part.Text(table.KeyType);
            part.Text(table.SchemaName);
            part.UInt64(table.Hash);
            part.UInt16(table.IsKept ? 1 : 0);
            part.UInt16(table.Fields.Length);
            foreach (FieldSchema field in table.Fields)
            {
                part.UInt16(field.Id);
                part.Text(field.Name);
                part.Text(field.Type);
                part.Text(field.Default);
                part.UInt16((field.Required ? 1 : 0) | (field.Deprecated ? 2 : 0));
            }
        }
        return part.Written.ToArray();
    }
}

/// <summary>Reads a snapshot into a database; the first part that is not as written makes all of it unusable.</summary>
internal static class SnapshotReader
{
    public static bool TryReadHeader(ReadOnlySpan<byte> part, out SnapshotHeader? header)
    {
        header = null;
        if (!TryPart(part, out int kind, out ReadOnlySpan<byte> payload) || kind != 1)
        {
            return false;
        }
        var reader = new PartReader(payload);
        string game = reader.Text();
        int version = (int)reader.UInt32();
        ulong number = reader.UInt64();
        ulong transaction = reader.UInt64();
        long time = reader.Int64();
        ImmutableArray<byte> head = [.. reader.Raw(JournalFormat.HashBytes)];
        int count = reader.UInt16();
        var tables = new List<StoredTable>();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            string name = reader.Text();
            uint id = reader.UInt32();
            string key = reader.Text();
            string schema = reader.Text();
            ulong hash = reader.UInt64();
            bool kept = reader.UInt16() != 0;
            int fields = reader.UInt16();
            ImmutableArray<FieldSchema>.Builder list = ImmutableArray.CreateBuilder<FieldSchema>();
            for (int f = 0; f < fields && !reader.Failed; f++)
            {
                int fieldId = reader.UInt16();
                string fieldName = reader.Text();
                string type = reader.Text();
                string fallback = reader.Text();
                int flags = reader.UInt16();
                list.Add(new FieldSchema(fieldId, fieldName, type, fallback, (flags & 1) != 0, (flags & 2) != 0));
            }
            tables.Add(new StoredTable(name, id, key, schema, hash, list.ToImmutable(), kept));
        }
        header = new SnapshotHeader(game, version, number, transaction, time, head, tables);
        return !reader.Failed && reader.IsEnd;
    }

    /// <summary>Reads everything; gives null, or what is wrong.</summary>
    public static string? TryRead(IEnumerable<ReadOnlyMemory<byte>> parts, Func<SnapshotHeader, SnapshotTarget> begin, out SnapshotTarget? target)
    {
        target = null;
        byte[] chain = new byte[JournalFormat.HashBytes];
        bool ended = false;
        ulong rows = 0;
        int number = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            if (ended || !TryPart(part.Span, out int kind, out ReadOnlySpan<byte> payload))
            {
                return $"part {number} is not as written";
            }
            bool good;
            switch (kind)
            {
                case 1 when target is null && TryReadHeader(part.Span, out SnapshotHeader? header):
                    target = begin(header!);
                    good = true;
                    break;
                case 2 when target is not null:
                    good = ReadRows(payload, target, ref rows);
                    break;
                case 3 when target is not null:
                    good = ReadSessions(payload, target);
                    break;
                case 4 when target is not null:
                    good = payload.Length == 8 + JournalFormat.HashBytes
                        && BinaryPrimitives.ReadUInt64LittleEndian(payload) == rows
                        && payload[8..].SequenceEqual(chain);
                    ended = good;
                    break;
                default:
                    good = false;
                    break;
            }
            if (!good)
            {
                return $"part {number} contradicts itself";
            }
            SnapshotJob.Chain(chain, part.Span);
            number++;
        }
        return ended ? null : "its end is missing";
    }

    private static bool ReadRows(ReadOnlySpan<byte> payload, SnapshotTarget target, ref ulong rows)
    {
        var reader = new PartReader(payload);
        uint id = reader.UInt32();
        uint count = reader.UInt32();
        for (uint i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> key = reader.Raw(reader.UInt16());
            ReadOnlySpan<byte> row = reader.Raw(reader.UInt32());
            if (reader.Failed || !target.Apply(id, key, row, delete: false))
            {
                return false;
            }
            rows++;
        }
        return reader.IsEnd;
    }

    private static bool ReadSessions(ReadOnlySpan<byte> payload, SnapshotTarget target)
    {
        var reader = new PartReader(payload);
        uint count = reader.UInt32();
        for (uint i = 0; i < count && !reader.Failed; i++)
        {
            ulong id = reader.UInt64();
            var peer = new PeerId(reader.UInt64(), reader.UInt64());
            SessionState session = target.Session(id, peer);
            session.Request = reader.UInt32();
            uint answers = reader.UInt32();
            for (uint a = 0; a < answers && !reader.Failed; a++)
            {
                session.Remember(
                    new Answer(reader.UInt32(), reader.UInt64(), (RefusalCode)reader.UInt16(), reader.Text(), true), target.ResultsPerSessionMax);
            }
        }
        return !reader.Failed && reader.IsEnd;
    }

    private static bool TryPart(ReadOnlySpan<byte> part, out int kind, out ReadOnlySpan<byte> payload)
    {
        kind = 0;
        payload = default;
        if (part.Length < SnapshotJob.PartHeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(part) != JournalFormat.SnapshotMagic
            || BinaryPrimitives.ReadUInt16LittleEndian(part[4..]) != JournalFormat.Version
            || BinaryPrimitives.ReadInt32LittleEndian(part[8..]) != part.Length - SnapshotJob.PartHeaderBytes)
        {
            return false;
        }
        kind = BinaryPrimitives.ReadUInt16LittleEndian(part[6..]);
        payload = part[SnapshotJob.PartHeaderBytes..];
        return JournalFormat.Crc32C(payload) == BinaryPrimitives.ReadUInt32LittleEndian(part[12..]);
    }
}
