namespace Egregore.Bench.Rapier;

/// <summary>
/// The host's objects that a wasm-bindgen module holds by number. Slots 0 to 1023 are a stack of objects lent for one call; 1024 to 1027 are undefined,
/// null, true and false; from 1028 on slots are taken and given back, the last one given back first, so that numbers are those of the official glue.
/// </summary>
internal sealed class ObjectHeap
{
    private const int StackSlots = 1024;

    /// <summary>More than a module that drops what it takes ever holds.</summary>
    private const int SlotsMax = 1 << 20;

    private readonly List<object?> slots = [.. Enumerable.Repeat<object?>(Undefined, StackSlots + 1), null, true, false];
    private readonly List<int> free = [];
    private int stack = StackSlots;

    /// <summary>JavaScript's undefined; its null is null.</summary>
    public static object Undefined { get; } = new();

    /// <summary>The number of null.</summary>
    public const int Null = StackSlots + 1;

    /// <summary>What stands for a number.</summary>
    /// <exception cref="RapierException">No such slot.</exception>
    public object? this[int index] => (uint)index < (uint)slots.Count ? slots[index] : throw new RapierException($"There is no object {index}.");

    /// <summary>Holds an object until it is dropped.</summary>
    /// <exception cref="RapierException">Too many are held.</exception>
    public int Add(object? value)
    {
        if (free.Count > 0)
        {
            int index = free[^1];
            free.RemoveAt(free.Count - 1);
            slots[index] = value;
            return index;
        }
        if (slots.Count == SlotsMax) throw new RapierException($"More than {SlotsMax} objects are held.");
        slots.Add(value);
        return slots.Count - 1;
    }

    /// <summary>Lets an object go; the constants stay.</summary>
    public void Drop(int index)
    {
        if (index < StackSlots + 4 || index >= slots.Count) return;
        slots[index] = Undefined;
        free.Add(index);
    }

    /// <summary>Lends an object for one call, to be given back by <see cref="Return"/> in reverse order.</summary>
    /// <exception cref="RapierException">The stack is full.</exception>
    public int Lend(object value)
    {
        if (stack == 1) throw new RapierException("The stack of lent objects is full.");
        slots[--stack] = value;
        return stack;
    }

    /// <summary>Ends the last <see cref="Lend"/>.</summary>
    public void Return() => slots[stack++] = Undefined;
}
