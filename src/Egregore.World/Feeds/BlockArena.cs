using Egregore.Wire;
using Egregore.World.Journal;

namespace Egregore.World.Feeds;

/// <summary>
/// Encodes TableDeltas once, so that the bytes can be copied into the messages of all who listen: FlatBuffer offsets are relative, so a
/// TableDelta with all it refers to may stand at any multiple of 8. Emptied after each flush; grows to the largest flush.
/// </summary>
internal sealed class BlockArena(int blockBytesMax)
{
    // Row table: vtable, alignment, offset, vector length and its alignment, and the vector's entry.
    private const int RowOverheadBytes = 40;
    private const int RowsMax = 1000;

    private byte[] _bytes = new byte[64 * 1024];
    private byte[] _patches = [];
    private int _length;

    public ReadOnlySpan<byte> Bytes(in Block block) => _bytes.AsSpan(block.Offset, block.Length);

    public void Clear() => _length = 0;

    /// <summary>Encodes rows as one or more blocks of at most <c>blockBytesMax</c> bytes.</summary>
    /// <param name="name">The table's name.</param>
    /// <param name="rows">Slices of <paramref name="arena"/>: rows, then keys.</param>
    /// <param name="upserts">How many of them are rows.</param>
    /// <param name="arena">Where the slices lie.</param>
    /// <param name="reset">Whether the client drops what is not in the batch; then at least one block is made.</param>
    /// <param name="blocks">Where the blocks are added.</param>
    public void Encode(string name, ReadOnlySpan<(int Offset, int Length)> rows, int upserts, ReadOnlySpan<byte> arena, bool reset, List<Block> blocks)
    {
        int from = 0;
        do
        {
            int size = 96 + name.Length;
            int to = from;
            while (to < rows.Length && to - from < RowsMax && (to == from || size + rows[to].Length + RowOverheadBytes <= blockBytesMax))
            {
                size += rows[to].Length + RowOverheadBytes;
                to++;
            }
            if (to > from || reset)
            {
                int rowsTo = Math.Clamp(upserts, from, to);
                blocks.Add(EncodeOne(name, rows[from..rowsTo], rows[rowsTo..to], arena, reset, size));
            }
            from = to;
            reset = false;
        }
        while (from < rows.Length);
    }

    /// <summary>
    /// Encodes patches as one or more blocks. A patch is how many bytes of its key are those of the patch before (in the block), how many others follow, these,
    /// and the RowPatch.
    /// </summary>
    public void EncodePatches(string name, ReadOnlySpan<Patch> patches, ReadOnlySpan<byte> arena, List<Block> blocks)
    {
        int from = 0;
        while (from < patches.Length)
        {
            int size = 128 + name.Length;
            int to = from;
            while (to < patches.Length && (to == from || size + SizeMax(patches[to]) <= blockBytesMax))
            {
                size += SizeMax(patches[to]);
                to++;
            }
            blocks.Add(EncodeOne(name, patches[from..to], arena, size));
            from = to;
        }

        static int SizeMax(in Patch patch) => 2 + patch.Key.Length + patch.Runs.Length;
    }

    private Block EncodeOne(string name, ReadOnlySpan<Patch> patches, ReadOnlySpan<byte> arena, int sizeMax)
    {
        if (_patches.Length < sizeMax)
        {
            _patches = new byte[Math.Max(blockBytesMax, sizeMax)];
        }
        int length = 0;
        uint check = JournalFormat.CrcStart;
        ReadOnlySpan<byte> last = default;
        foreach (Patch patch in patches)
        {
            ReadOnlySpan<byte> key = arena.Slice(patch.Key.Offset, patch.Key.Length);
            int same = key.CommonPrefixLength(last);
            _patches[length++] = (byte)same;
            _patches[length++] = (byte)(key.Length - same);
            key[same..].CopyTo(_patches.AsSpan(length));
            length += key.Length - same;
            arena.Slice(patch.Runs.Offset, patch.Runs.Length).CopyTo(_patches.AsSpan(length));
            length += patch.Runs.Length;
            check = JournalFormat.CrcMore(check, arena.Slice(patch.Row.Offset, patch.Row.Length));
            last = key;
        }
        const int slots = 6;
        FlatWriter writer = Begin(sizeMax, out int offset);
        int table = writer.BeginTable(slots, false);
        int nameAt = writer.AddOffset(table, slots, 0);
        int patchesAt = writer.AddOffset(table, slots, 4);
        writer.Add(table, slots, 5, ~check);
        writer.EndTable(table, slots);
        writer.String(nameAt, name);
        writer.Bytes(patchesAt, _patches.AsSpan(0, length));
        writer.Patch(0, table);
        _length = offset + writer.Length;
        return new Block(offset, writer.Length, table, 0);
    }

    private FlatWriter Begin(int sizeMax, out int offset)
    {
        offset = (_length + 7) & ~7;
        if (offset + sizeMax > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, offset + sizeMax));
        }
        return new FlatWriter(_bytes.AsSpan(offset, sizeMax));
    }

    private Block EncodeOne(
        string name, ReadOnlySpan<(int Offset, int Length)> upserts, ReadOnlySpan<(int Offset, int Length)> deletes, ReadOnlySpan<byte> arena, bool reset, int sizeMax)
    {
        FlatWriter writer = Begin(sizeMax, out int offset);
        int slots = reset ? 4 : 3;
        int table = writer.BeginTable(slots, false);
        int nameAt = writer.AddOffset(table, slots, 0);
        int upsertsAt = upserts.IsEmpty ? 0 : writer.AddOffset(table, slots, 1);
        int deletesAt = deletes.IsEmpty ? 0 : writer.AddOffset(table, slots, 2);
        if (reset)
        {
            writer.Add(table, slots, 3, true);
        }
        writer.EndTable(table, slots);
        writer.String(nameAt, name);
        WriteRows(ref writer, upsertsAt, upserts, arena);
        WriteRows(ref writer, deletesAt, deletes, arena);
        writer.Patch(0, table);
        _length = offset + writer.Length;
        return new Block(offset, writer.Length, table, upserts.Length + deletes.Length);
    }

    private static void WriteRows(ref FlatWriter writer, int at, ReadOnlySpan<(int Offset, int Length)> rows, ReadOnlySpan<byte> arena)
    {
        if (rows.IsEmpty)
        {
            return;
        }
        int element = writer.OffsetVector(at, rows.Length);
        foreach ((int offset, int length) in rows)
        {
            int row = writer.BeginTable(1, false);
            int bytesAt = writer.AddOffset(row, 1, 0);
            writer.EndTable(row, 1);
            writer.Patch(element, row);
            writer.Bytes(bytesAt, arena.Slice(offset, length));
            element += 4;
        }
    }
}
