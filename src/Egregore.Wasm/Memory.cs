using Egregore.Wasm.Execution;

namespace Egregore.Wasm;

/// <summary>
/// A linear memory. It is one pinned array that is never longer than the memory, so that the runtime's own bounds check is the specification's; growing moves it
/// (cost: a copy), so a span taken before a call may be the old one after it.
/// </summary>
public sealed class Memory
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 65_536;

    /// <summary>Pages that a memory can have whatever the limits say: what fits a .NET array, just under 2 GiB.</summary>
    public const int PagesCeiling = 32_767;

    private readonly int maximum;
    private WeakReference<InstanceContext>[] users = [];
    private int userCount;

    /// <summary>A memory of the minimum's size, all zero.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="type">Its type.</param>
    /// <exception cref="LimitException">It is larger than the store allows.</exception>
    public Memory(Store store, MemoryType type)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        Store = store;
        DeclaredMaximum = type.Maximum;
        maximum = (int)Math.Min(type.Maximum ?? uint.MaxValue, (uint)Math.Min(store.Limits.MemoryPagesMax, PagesCeiling));
        if (type.Minimum > (uint)Math.Min(store.Limits.MemoryPagesMax, PagesCeiling))
            throw new LimitException(nameof(StoreLimits.MemoryPagesMax), Math.Min(store.Limits.MemoryPagesMax, PagesCeiling));
        if (!store.TryTakePages((int)type.Minimum))
            throw new LimitException(nameof(StoreLimits.TotalMemoryPagesMax), store.Limits.TotalMemoryPagesMax);
        Data = Allocate((int)type.Minimum);
    }

    /// <summary>Its store.</summary>
    public Store Store { get; }

    /// <summary>Pages now.</summary>
    public int Pages => (int)((uint)Data.Length / PageSize);

    /// <summary>Bytes now.</summary>
    public int Length => Data.Length;

    /// <summary>All its bytes. Not to be kept over a call into WebAssembly, which may grow the memory.</summary>
    public Span<byte> Span => Data;

    /// <summary>Its type, with the size now as the minimum.</summary>
    public MemoryType Type => new((uint)Pages, DeclaredMaximum);

    internal uint? DeclaredMaximum { get; }

    internal byte[] Data;

    /// <summary>Adds pages, all zero; cost in proportion to the memory's whole size.</summary>
    /// <param name="pages">How many more.</param>
    /// <returns>The pages before, or -1 where the memory's maximum, a limit of the store or the machine's memory does not allow it.</returns>
    public int Grow(int pages)
    {
        int before = Pages;
        if (pages == 0) return before;
        if ((uint)pages > (uint)(maximum - before) || !Store.TryTakePages(pages)) return -1;
        byte[] grown;
        try
        {
            grown = Allocate(before + pages);
        }
        catch (OutOfMemoryException)
        {
            Store.GivePagesBack(pages);
            return -1;
        }

        Data.CopyTo(grown, 0);
        Data = grown;
        for (int i = 0; i < userCount; i++)
        {
            if (users[i].TryGetTarget(out InstanceContext? user)) user.MemoryData = grown;
        }

        return before;
    }

    /// <summary>Keeps an instance's own reference to the array up to date from now on.</summary>
    internal void Attach(InstanceContext context)
    {
        if (userCount == users.Length)
        {
            int live = 0;
            for (int i = 0; i < userCount; i++)
            {
                if (users[i].TryGetTarget(out _)) users[live++] = users[i];
            }

            userCount = live;
            if (userCount * 2 >= users.Length) Array.Resize(ref users, Math.Max(2, users.Length * 2));
        }

        users[userCount++] = new WeakReference<InstanceContext>(context);
        context.MemoryData = Data;
    }

    private static byte[] Allocate(int pages) => pages == 0 ? [] : GC.AllocateArray<byte>(pages * PageSize, pinned: true);
}
