using System.Runtime.Intrinsics;

namespace Egregore.Wasm;

/// <summary>
/// Where instances live, with the bounds that they share. A store and all that belongs to it is used by one thread at a time; different stores are independent,
/// also where they run the same <see cref="Module"/>.
/// </summary>
public sealed class Store
{
    /// <summary>Results after the first of a function of several: written before it returns, read by its caller at once.</summary>
    internal Vector128<byte>[] ResultNumbers = [];

    /// <summary>The same for references.</summary>
    internal object?[] ResultReferences = [];

    /// <summary>Calls that may still be nested: what a call from the host starts with. A call into the host lowers it for as long as it lasts.</summary>
    internal int CallsLeft;

    /// <summary>The last exception that left a host function, so that it is told from a trap.</summary>
    internal Exception? HostException;

    private int pages;
    private int entries;
    private int instances;

    /// <summary>An empty store.</summary>
    /// <param name="engine">Whose modules it runs.</param>
    /// <param name="limits">Its bounds; without them those of the engine.</param>
    public Store(Engine engine, StoreLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Engine = engine;
        Limits = limits ?? engine.Options.Limits;
        CallsLeft = Limits.CallDepthMax & -Execution.StackGuard.Interval;
    }

    /// <summary>Whose modules it runs.</summary>
    public Engine Engine { get; }

    /// <summary>Its bounds.</summary>
    public StoreLimits Limits { get; }

    /// <summary>Instances made so far.</summary>
    public int Instances => instances;

    internal bool TryTakePages(int count)
    {
        if (count > Limits.TotalMemoryPagesMax - pages) return false;
        pages += count;
        return true;
    }

    internal void GivePagesBack(int count) => pages -= count;

    internal bool TryTakeEntries(int count)
    {
        if (count > Limits.TotalTableEntriesMax - entries) return false;
        entries += count;
        return true;
    }

    internal void GiveEntriesBack(int count) => entries -= count;

    internal void TakeInstance()
    {
        if (instances >= Limits.InstancesMax) throw new LimitException(nameof(StoreLimits.InstancesMax), Limits.InstancesMax);
        instances++;
    }

    /// <summary>Makes room for a function of so many results.</summary>
    internal void ReserveResults(int results)
    {
        if (results <= ResultNumbers.Length) return;
        ResultNumbers = new Vector128<byte>[results];
        ResultReferences = new object?[results];
    }
}
