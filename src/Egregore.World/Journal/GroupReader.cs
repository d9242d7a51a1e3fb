using System.Buffers.Binary;
using System.Security.Cryptography;
using Egregore.Wire;

namespace Egregore.World.Journal;

/// <summary>Where a journal is damaged, and what is left of it.</summary>
/// <param name="Group">The group that cannot be (wholly) read.</param>
/// <param name="Transaction">The first transaction that is lost.</param>
/// <param name="Byte">Where in the group's bytes; -1 when the store could not hand out the group at all.</param>
/// <param name="Reason">What is wrong there.</param>
public sealed record JournalDamage(ulong Group, ulong Transaction, long Byte, string Reason)
{
    /// <summary>One line for a person.</summary>
    public override string ToString() => Byte < 0
        ? $"The journal is damaged at group {Group} (from transaction {Transaction} on): {Reason}."
        : $"The journal is damaged at group {Group}, transaction {Transaction}, byte {Byte}: {Reason}.";
}

/// <summary>Reads a group's records in order; stops with a <see cref="JournalDamage"/> at the first byte that is not as written.</summary>
internal ref struct GroupReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ulong _number;
    private readonly int _records;
    private readonly int _end;
    private readonly string? _sealBroken;
    private int _position;
    private int _read;
    private ulong _next;

    /// <param name="bytes">As stored.</param>
    /// <param name="number">The group that must stand here.</param>
    /// <param name="firstTransaction">The transaction that must come first.</param>
    /// <param name="previousHead">The head of the group before.</param>
    public GroupReader(ReadOnlySpan<byte> bytes, ulong number, ulong firstTransaction, ReadOnlySpan<byte> previousHead)
    {
        _bytes = bytes;
        _number = number;
        _next = firstTransaction;
        _position = JournalFormat.GroupHeaderBytes;
        if (bytes.Length < JournalFormat.GroupHeaderBytes + JournalFormat.HashBytes)
        {
            Damage = At(0, "the group is shorter than its header");
            return;
        }
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != JournalFormat.GroupMagic)
        {
            Damage = At(0, "no group begins here");
            return;
        }
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) != JournalFormat.Version)
        {
            Damage = At(4, $"version {BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..])} of the format is not known here");
            return;
        }
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) != number)
        {
            Damage = At(8, "another group stands here");
            return;
        }
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) != firstTransaction)
        {
            Damage = At(16, $"the group does not begin with transaction {firstTransaction}");
            return;
        }
        if (!bytes[32..64].SequenceEqual(previousHead))
        {
            Damage = At(32, "the group does not follow the one before");
            return;
        }
        _records = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        _end = bytes.Length - JournalFormat.HashBytes;
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]) != _end - JournalFormat.GroupHeaderBytes)
        {
            _sealBroken = "the group's length is wrong";
        }
        Span<byte> hash = stackalloc byte[JournalFormat.HashBytes];
        SHA256.HashData(bytes[.._end], hash);
        if (!hash.SequenceEqual(bytes[_end..]))
        {
            // Records in front of the damage are still good: each has its own checksum.
            _sealBroken ??= "the group's hash is wrong";
        }
    }

    /// <summary>Null while everything read was as written.</summary>
    public JournalDamage? Damage { get; private set; }

    /// <summary>The group's head, once everything was read without damage.</summary>
    public readonly ReadOnlySpan<byte> Head => _bytes[_end..];

    public RecordView Current { get; private set; }

    public bool MoveNext()
    {
        if (Damage is not null)
        {
            return false;
        }
        if (_read == _records || _position >= _end)
        {
            if (_sealBroken is not null || _read != _records || _position != _end)
            {
                Damage = At(_position, _sealBroken ?? "the group holds other records than it says");
            }
            return false;
        }
        ReadOnlySpan<byte> rest = _bytes[_position.._end];
        if (rest.Length < JournalFormat.RecordHeaderBytes + JournalFormat.BodyHeaderBytes)
        {
            Damage = At(_position, "a record is cut short");
            return false;
        }
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        if (length > (uint)(rest.Length - JournalFormat.RecordHeaderBytes) || length < JournalFormat.BodyHeaderBytes)
        {
            Damage = At(_position, "a record's length is wrong");
            return false;
        }
        ReadOnlySpan<byte> body = rest.Slice(JournalFormat.RecordHeaderBytes, (int)length);
        if (JournalFormat.Crc32C(body) != BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]))
        {
            Damage = At(_position, "a record's checksum is wrong");
            return false;
        }
        if (!RecordView.TryRead(body, out RecordView record) || record.Transaction != _next)
        {
            Damage = At(_position, "a record contradicts itself");
            return false;
        }
        Current = record;
        _position += JournalFormat.RecordHeaderBytes + (int)length;
        _read++;
        _next++;
        return true;
    }

    private readonly JournalDamage At(int position, string reason) => new(_number, _next, position, reason);
}

/// <summary>One transaction's record, in place.</summary>
internal readonly ref struct RecordView
{
    private readonly ReadOnlySpan<byte> _body;

    private RecordView(ReadOnlySpan<byte> body) => _body = body;

    public RecordKind Kind => (RecordKind)_body[0];

    public int ChangeCount => BinaryPrimitives.ReadInt32LittleEndian(_body[4..]);

    public ulong Transaction => BinaryPrimitives.ReadUInt64LittleEndian(_body[8..]);

    public long WorldTimeMs => BinaryPrimitives.ReadInt64LittleEndian(_body[16..]);

    public ulong Seed => BinaryPrimitives.ReadUInt64LittleEndian(_body[24..]);

    public PeerId Sender => new(BinaryPrimitives.ReadUInt64LittleEndian(_body[32..]), BinaryPrimitives.ReadUInt64LittleEndian(_body[40..]));

    public ulong Session => BinaryPrimitives.ReadUInt64LittleEndian(_body[48..]);

    public uint Request => BinaryPrimitives.ReadUInt32LittleEndian(_body[56..]);

    public long ScheduledAtMs => BinaryPrimitives.ReadInt64LittleEndian(_body[64..]);

    public ReadOnlySpan<byte> Reducer => _body.Slice(JournalFormat.BodyHeaderBytes, _body[1]);

    public ReadOnlySpan<byte> Arguments => _body.Slice(JournalFormat.BodyHeaderBytes + _body[1], BinaryPrimitives.ReadInt32LittleEndian(_body[60..]));

    /// <summary>The changes, as encoded.</summary>
    public ReadOnlySpan<byte> Changes => _body[(JournalFormat.BodyHeaderBytes + _body[1] + BinaryPrimitives.ReadInt32LittleEndian(_body[60..]))..];

    public static bool TryRead(ReadOnlySpan<byte> body, out RecordView record)
    {
        record = new RecordView(body);
        int arguments = BinaryPrimitives.ReadInt32LittleEndian(body[60..]);
        if (arguments < 0 || arguments > body.Length - JournalFormat.BodyHeaderBytes - body[1] || record.ChangeCount < 0)
        {
            return false;
        }
        ChangeReader changes = record.ReadChanges();
        int count = 0;
        while (changes.MoveNext())
        {
            count++;
        }
        return changes.IsWhole && count == record.ChangeCount;
    }

    public ChangeReader ReadChanges() => new(Changes);
}

/// <summary>Reads a record's changes: <c>u32 table | u16 key bytes | u32 row bytes (all ones: a delete) | key | row</c>.</summary>
internal ref struct ChangeReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public uint Table { get; private set; }

    public ReadOnlySpan<byte> Key { get; private set; }

    public ReadOnlySpan<byte> Row { get; private set; }

    public bool IsDelete { get; private set; }

    public readonly bool IsWhole => _rest.IsEmpty;

    public bool MoveNext()
    {
        if (_rest.Length < JournalFormat.ChangeHeaderBytes)
        {
            return false;
        }
        Table = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        int key = BinaryPrimitives.ReadUInt16LittleEndian(_rest[4..]);
        uint row = BinaryPrimitives.ReadUInt32LittleEndian(_rest[6..]);
        IsDelete = row == JournalFormat.Deleted;
        row = IsDelete ? 0 : row;
        if ((ulong)key + row > (ulong)(_rest.Length - JournalFormat.ChangeHeaderBytes))
        {
            return false;
        }
        Key = _rest.Slice(JournalFormat.ChangeHeaderBytes, key);
        Row = _rest.Slice(JournalFormat.ChangeHeaderBytes + key, (int)row);
        _rest = _rest[(JournalFormat.ChangeHeaderBytes + key + (int)row)..];
        return true;
    }
}
