namespace Egregore.Wasm.Execution;

/// <summary>The instructions on memories, tables and segments that emitted code calls (specification, sections 4.4.6 and 4.4.7).</summary>
internal static class Bulk
{
    public static int MemoryGrow(InstanceContext context, int pages) => context.Memory!.Grow(pages);

    public static void MemoryCopy(InstanceContext context, int destination, int source, int count)
    {
        byte[] data = context.MemoryData;
        if (Outside(destination, count, data.Length) || Outside(source, count, data.Length)) TrapException.Throw(TrapCode.MemoryOutOfBounds);
        Buffer.BlockCopy(data, source, data, destination, count);
    }

    public static void MemoryFill(InstanceContext context, int destination, int value, int count)
    {
        byte[] data = context.MemoryData;
        if (Outside(destination, count, data.Length)) TrapException.Throw(TrapCode.MemoryOutOfBounds);
        data.AsSpan(destination, count).Fill((byte)value);
    }

    public static void MemoryInit(InstanceContext context, int destination, int source, int count, int segment)
    {
        byte[] data = context.MemoryData;
        ReadOnlyMemory<byte> from = context.Data[segment];
        if (Outside(destination, count, data.Length) || Outside(source, count, from.Length)) TrapException.Throw(TrapCode.MemoryOutOfBounds);
        from.Span.Slice(source, count).CopyTo(data.AsSpan(destination));
    }

    public static void DataDrop(InstanceContext context, int segment) => context.Data[segment] = default;

    public static object? TableGet(Table table, int index)
    {
        object?[] entries = table.Entries;
        if ((uint)index >= (uint)entries.Length) TrapException.Throw(TrapCode.TableOutOfBounds);
        return entries[index];
    }

    public static void TableSet(Table table, int index, object? value)
    {
        object?[] entries = table.Entries;
        if ((uint)index >= (uint)entries.Length) TrapException.Throw(TrapCode.TableOutOfBounds);
        entries[index] = value;
    }

    public static int TableGrow(Table table, object? value, int count) => table.GrowUnchecked(count, value);

    public static void TableFill(Table table, int index, object? value, int count)
    {
        if (Outside(index, count, table.Entries.Length)) TrapException.Throw(TrapCode.TableOutOfBounds);
        table.Entries.AsSpan(index, count).Fill(value);
    }

    public static void TableCopy(Table destination, Table source, int to, int from, int count)
    {
        if (Outside(to, count, destination.Entries.Length) || Outside(from, count, source.Entries.Length)) TrapException.Throw(TrapCode.TableOutOfBounds);
        Array.Copy(source.Entries, from, destination.Entries, to, count);
    }

    public static void TableInit(InstanceContext context, Table table, int destination, int source, int count, int segment)
    {
        object?[] elements = context.Elements[segment];
        if (Outside(destination, count, table.Entries.Length) || Outside(source, count, elements.Length)) TrapException.Throw(TrapCode.TableOutOfBounds);
        Array.Copy(elements, source, table.Entries, destination, count);
    }

    public static void ElemDrop(InstanceContext context, int segment) => context.Elements[segment] = [];

    /// <summary>Whether a range leaves a thing of some length; all as unsigned numbers of 32 bits, added in 64.</summary>
    private static bool Outside(int start, int count, int length) => (ulong)(uint)start + (uint)count > (uint)length;
}
