using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Egregore.World.Journal;

/// <summary>
/// A snapshot on its way: the references to all rows at one group's end (copied in about 4 ns a row), encoded part by part by whoever has the
/// time. Rows are immutable, so the parts may be made on another thread than truth's.
/// </summary>
/// <remarks>
/// Part: <c>u32 "EGS1" | u16 version | u16 kind | u32 length | u32 CRC-32C | payload</c>. Kinds: 1 header, 2 rows, 3 sessions, 4 end with the
/// number of rows and the hash chain over all parts before.
/// </remarks>
public sealed class SnapshotJob
{
    internal const int PartBytes = 256 * 1024;
    internal const int PartHeaderBytes = 16;

    private readonly ulong _transaction;
    private readonly TableImage[] _images;
    private readonly KeptTable[] _kept;
    private readonly PartWriter _part = new();
    private readonly byte[] _chain = new byte[JournalFormat.HashBytes];
    private readonly byte[] _header;
    private readonly byte[] _sessions;
    private int _step;
    private int _table;
    private int _row;
    private ulong _rows;

    internal SnapshotJob(Database db, KeptTables kept, ulong number, ulong transaction, long worldTimeMs, ReadOnlySpan<byte> head, IEnumerable<SessionState> sessions)
    {
        Number = number;
        _transaction = transaction;
        _images = [.. db.Tables.ToArray().Select(table => table.Image())];
        _kept = [.. kept.Tables];
        _header = SnapshotHeader.Write(db.Definition, kept, number, transaction, worldTimeMs, head);
        _sessions = WriteSessions(sessions);
    }

    /// <summary>The snapshot's number: the first group that is not in it.</summary>
    public ulong Number { get; }

    /// <summary>Parts made so far.</summary>
    public int Parts { get; private set; }

    /// <summary>The group it ends with was undone: it must not be completed.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>Makes the next part, about 256 KiB; false when there is none. The bytes are valid until the next call.</summary>
    public bool Next(out ReadOnlyMemory<byte> part)
    {
        _part.Clear();
        _part.Advance(_part.Room(PartHeaderBytes).Length);
        ushort kind;
        switch (_step)
        {
            case 0:
                kind = 1;
                _part.Raw(_header);
                _step = _images.Length > 0 ? 1 : 2;
                break;
            case 1:
                kind = 2;
                WriteRows();
                break;
            case 2:
                kind = 3;
                _part.Raw(_sessions);
                _step = 3;
                break;
            case 3:
                kind = 4;
                _part.UInt64(_rows);
                _part.Raw(_chain);
                _step = 4;
                break;
            default:
                part = default;
                return false;
        }
        Span<byte> bytes = _part.Written.Span;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, JournalFormat.SnapshotMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], JournalFormat.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], bytes.Length - PartHeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], JournalFormat.Crc32C(bytes[PartHeaderBytes..]));
        Chain(_chain, bytes);
        part = _part.Written;
        Parts++;
        return true;
    }

    /// <summary>Makes the rest and writes it, then lets the store drop what lies before the snapshot before this one (kept as a reserve).</summary>
    public void WriteAll(IJournalStore store)
    {
        while (WriteNext(store))
        {
        }
    }

    /// <summary>Makes and writes one part; after the last one the snapshot is complete and older records are dropped. False when there is nothing left to do.</summary>
    /// <exception cref="JournalStoreException">The store refused; the job cannot go on.</exception>
    public bool WriteNext(IJournalStore store)
    {
        if (IsAbandoned)
        {
            return false;
        }
        int number = Parts;
        if (Next(out ReadOnlyMemory<byte> part))
        {
            store.WriteSnapshotPart(Number, number, part.Span);
            return true;
        }
        ulong keepFrom = Number;
        foreach (ulong other in store.Snapshots())
        {
            if (other < Number)
            {
                keepFrom = other;
                break;
            }
        }
        store.CompleteSnapshot(Number, keepFrom, keepFrom);
        return false;
    }

    /// <summary>Goes on with the hash over all parts: SHA-256 of the chain so far and the part's own SHA-256.</summary>
    internal static void Chain(Span<byte> chain, ReadOnlySpan<byte> part)
    {
        Span<byte> both = stackalloc byte[2 * JournalFormat.HashBytes];
        chain.CopyTo(both);
        SHA256.HashData(part, both[JournalFormat.HashBytes..]);
        SHA256.HashData(both, chain);
    }

    internal void AbandonAfter(ulong transaction) => IsAbandoned |= _transaction > transaction;

    private static byte[] WriteSessions(IEnumerable<SessionState> sessions)
    {
        var part = new PartWriter();
        SessionState[] open = [.. sessions.Where(session => !session.Ending).OrderBy(session => session.Id)];
        part.UInt32((uint)open.Length);
        foreach (SessionState session in open)
        {
            part.UInt64(session.Id);
            part.UInt64(session.Peer.High);
            part.UInt64(session.Peer.Low);
            part.UInt32(session.Request);
            Answer[] answers = session.Answers.ToArray();
            part.UInt32((uint)answers.Length);
            foreach (Answer answer in answers)
            {
                part.UInt32(answer.Request);
                part.UInt64(answer.Transaction);
                part.UInt16((int)answer.Code);
                part.Text(answer.Text.Length > 200 ? answer.Text[..200] : answer.Text);
            }
        }
        return part.Written.ToArray();
    }

    private void WriteRows()
    {
        if (_table < _images.Length)
        {
            TableImage image = _images[_table];
            BeginRows(image.Definition.Id, out int countAt);
            uint count = 0;
            while (_row < image.Count && _part.Length < PartBytes)
            {
                int keyAt = _part.Length;
                _part.UInt16(0);
                int keyLength = image.WriteKey(_row, _part.Room(image.KeySizeMax(_row)));
                _part.Advance(keyLength);
                BinaryPrimitives.WriteUInt16LittleEndian(_part.Written.Span[keyAt..], checked((ushort)keyLength));
                int rowAt = _part.Length;
                _part.UInt32(0);
                int rowLength = image.Write(_row, _part.Room(image.SizeMax(_row)));
                _part.Advance(rowLength);
                BinaryPrimitives.WriteUInt32LittleEndian(_part.Written.Span[rowAt..], (uint)rowLength);
                _row++;
                count++;
            }
            EndRows(countAt, count, _row >= image.Count);
        }
        else
        {
            KeptTable kept = _kept[_table - _images.Length];
            BeginRows(kept.Table.Id, out int countAt);
            foreach ((string key, byte[] row) in kept.Rows)
            {
                byte[] keyBytes = Convert.FromHexString(key);
                _part.UInt16(keyBytes.Length);
                _part.Raw(keyBytes);
                _part.UInt32((uint)row.Length);
                _part.Raw(row);
            }
            EndRows(countAt, (uint)kept.Rows.Count, true);
        }
    }

    private void BeginRows(uint table, out int countAt)
    {
        _part.UInt32(table);
        countAt = _part.Length;
        _part.UInt32(0);
    }

    private void EndRows(int countAt, uint count, bool tableDone)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_part.Written.Span[countAt..], count);
        _rows += count;
        if (tableDone)
        {
            _table++;
            _row = 0;
            _step = _table < _images.Length + _kept.Length ? 1 : 2;
        }
    }
}
