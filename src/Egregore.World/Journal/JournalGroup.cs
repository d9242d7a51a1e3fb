using System.Buffers.Binary;
using System.Security.Cryptography;
using Egregore.Wire;

namespace Egregore.World.Journal;

/// <summary>
/// Transactions that become durable together. Truth fills one while another is being written; both are reused, so a group is read only
/// between <see cref="Truth.TakeGroup"/> and <see cref="Truth.Persisted"/> or <see cref="Truth.Failed"/>.
/// </summary>
public sealed class JournalGroup
{
    private byte[] _bytes = new byte[64 * 1024];
    private int _length = JournalFormat.GroupHeaderBytes;

    internal JournalGroup()
    {
    }

    /// <summary>From 1, rising by one.</summary>
    public ulong Number { get; private set; }

    /// <summary>What the store appends; complete once the group was taken.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Transactions in it.</summary>
    public int Transactions { get; private set; }

    internal ulong FirstTransaction { get; private set; }

    internal int Length => _length;

    /// <summary>All row changes, in order.</summary>
    internal List<RowChange> Changes { get; } = [];

    /// <summary>Answers to give when the group is durable, in order.</summary>
    internal List<PendingAnswer> Answers { get; } = [];

    internal bool IsEmpty => Transactions == 0;

    /// <summary>The group's head, once complete.</summary>
    internal ReadOnlySpan<byte> Head => _bytes.AsSpan(_length - JournalFormat.HashBytes, JournalFormat.HashBytes);

    internal void Clear()
    {
        _length = JournalFormat.GroupHeaderBytes;
        Transactions = 0;
        Changes.Clear();
        Answers.Clear();
    }

    /// <summary>Adds a transaction's record. When a row cannot be written, the exception leaves the group as it was.</summary>
    internal void Add(in TransactionRecord record, List<RowChange> changes)
    {
        int start = _length;
        int position = start + JournalFormat.RecordHeaderBytes;
        int bodyStart = position;
        Room(position + JournalFormat.BodyHeaderBytes + record.Reducer.Length + record.Arguments.Length - start);
        Span<byte> body = _bytes.AsSpan(position);
        body[0] = (byte)record.Kind;
        body[1] = (byte)record.Reducer.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(body[4..], changes.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], record.Transaction);
        BinaryPrimitives.WriteInt64LittleEndian(body[16..], record.WorldTimeMs);
        BinaryPrimitives.WriteUInt64LittleEndian(body[24..], record.Seed);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], record.Sender.High);
        BinaryPrimitives.WriteUInt64LittleEndian(body[40..], record.Sender.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(body[48..], record.Session);
        BinaryPrimitives.WriteUInt32LittleEndian(body[56..], record.Request);
        BinaryPrimitives.WriteInt32LittleEndian(body[60..], record.Arguments.Length);
        BinaryPrimitives.WriteInt64LittleEndian(body[64..], record.ScheduledAtMs);
        record.Reducer.CopyTo(body[JournalFormat.BodyHeaderBytes..]);
        record.Arguments.CopyTo(body[(JournalFormat.BodyHeaderBytes + record.Reducer.Length)..]);
        position += JournalFormat.BodyHeaderBytes + record.Reducer.Length + record.Arguments.Length;
        foreach (RowChange change in changes)
        {
            int keyMax = change.Table.KeySizeMax(change);
            int rowMax = change.After is null ? 0 : change.Table.RowSizeMax(change.After);
            Room(position - start + JournalFormat.ChangeHeaderBytes + keyMax + rowMax);
            Span<byte> header = _bytes.AsSpan(position);
            BinaryPrimitives.WriteUInt32LittleEndian(header, change.Table.Definition.Id);
            int keyLength = change.Table.WriteKey(change, header[JournalFormat.ChangeHeaderBytes..]);
            BinaryPrimitives.WriteUInt16LittleEndian(header[4..], checked((ushort)keyLength));
            position += JournalFormat.ChangeHeaderBytes + keyLength;
            uint rowLength = JournalFormat.Deleted;
            if (change.After is not null)
            {
                rowLength = (uint)change.Table.WriteRow(change.After, _bytes.AsSpan(position));
                position += (int)rowLength;
            }
            BinaryPrimitives.WriteUInt32LittleEndian(header[6..], rowLength);
        }
        Span<byte> recordHeader = _bytes.AsSpan(start);
        BinaryPrimitives.WriteInt32LittleEndian(recordHeader, position - bodyStart);
        BinaryPrimitives.WriteUInt32LittleEndian(recordHeader[4..], JournalFormat.Crc32C(_bytes.AsSpan(bodyStart, position - bodyStart)));
        if (Transactions == 0)
        {
            FirstTransaction = record.Transaction;
        }
        Transactions++;
        _length = position;
        Changes.AddRange(changes);
    }

    /// <summary>The changes of the last record added, as encoded.</summary>
    internal ReadOnlySpan<byte> LastChanges(int recordStart)
    {
        ReadOnlySpan<byte> body = _bytes.AsSpan(recordStart + JournalFormat.RecordHeaderBytes, _length - recordStart - JournalFormat.RecordHeaderBytes);
        int skip = JournalFormat.BodyHeaderBytes + body[1] + BinaryPrimitives.ReadInt32LittleEndian(body[60..]);
        return body[skip..];
    }

    /// <summary>Writes the header and the hash; nothing is added after that.</summary>
    internal void Complete(ulong number, ReadOnlySpan<byte> previousHead)
    {
        Number = number;
        Room(JournalFormat.HashBytes);
        Span<byte> header = _bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(header, JournalFormat.GroupMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], JournalFormat.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], number);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], FirstTransaction);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], Transactions);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], _length - JournalFormat.GroupHeaderBytes);
        previousHead.CopyTo(header[32..]);
        SHA256.HashData(_bytes.AsSpan(0, _length), _bytes.AsSpan(_length));
        _length += JournalFormat.HashBytes;
    }

    private void Room(int more)
    {
        if (_length + more + JournalFormat.HashBytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + more + JournalFormat.HashBytes));
        }
    }
}

/// <summary>What a record says beside its changes.</summary>
internal readonly ref struct TransactionRecord
{
    public required RecordKind Kind { get; init; }

    public required ulong Transaction { get; init; }

    public required long WorldTimeMs { get; init; }

    public required ulong Seed { get; init; }

    public PeerId Sender { get; init; }

    public ulong Session { get; init; }

    public uint Request { get; init; }

    /// <summary>When a scheduled call was due (its number stands in <see cref="Session"/>); 0 for others.</summary>
    public long ScheduledAtMs { get; init; }

    public required ReadOnlySpan<byte> Reducer { get; init; }

    public required ReadOnlySpan<byte> Arguments { get; init; }
}
