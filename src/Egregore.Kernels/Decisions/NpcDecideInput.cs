using System.Numerics;
using System.Runtime.InteropServices;

namespace Egregore.Kernels.Decisions;

/// <summary>
/// A task of <c>npc-decide</c>. Layout: u16 characters, u16 actions, u16 facts of each character, u16 considerations; for each action u16 first consideration, u16 count, f32 weight; for each
/// consideration u32 fact, f32 low, high, a, b, c, d; then f32 facts, character by character.
/// </summary>
public readonly ref struct NpcDecideInput
{
    /// <summary>Bytes before the actions.</summary>
    public const int HeaderBytes = 8;

    /// <summary>Characters at most.</summary>
    public const int NpcsMax = 16_384;

    /// <summary>Actions at most.</summary>
    public const int ActionsMax = 64;

    /// <summary>Facts of a character at most.</summary>
    public const int FactsMax = 32;

    /// <summary>Facts of all characters at most.</summary>
    public const int FactsInAllMax = 131_072;

    /// <summary>Considerations at most.</summary>
    public const int ConsiderationsMax = 512;

    /// <summary>Considerations of one action at most.</summary>
    public const int PerActionMax = 16;

    /// <summary>Bytes of a task at most.</summary>
    public const int BytesMax = HeaderBytes + (ActionBytes * ActionsMax) + (ConsiderationBytes * ConsiderationsMax) + (4 * FactsInAllMax);

    private const int ActionBytes = 8;
    private const int ConsiderationBytes = 28;
    private readonly ReadOnlySpan<byte> _bytes;

    private NpcDecideInput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Characters.</summary>
    public int Npcs => _bytes.U16(0);

    /// <summary>Actions.</summary>
    public int Actions => _bytes.U16(2);

    /// <summary>Facts of each character.</summary>
    public int Facts => _bytes.U16(4);

    /// <summary>Considerations.</summary>
    public int Considerations => _bytes.U16(6);

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax
    {
        get
        {
            ulong evaluations = 0;
            for (int i = 0; i < Actions; i++)
                evaluations += Action(i).Considerations;
            return FuelOf(Npcs, Actions, Facts, Considerations, evaluations);
        }
    }

    /// <summary>An action.</summary>
    public DecideAction Action(int index)
    {
        int at = HeaderBytes + (ActionBytes * index);
        return new DecideAction((ushort)_bytes.U16(at), (ushort)_bytes.U16(at + 2), _bytes.F32(at + 4));
    }

    /// <summary>A consideration.</summary>
    public DecideConsideration Consideration(int index)
    {
        ReadOnlySpan<byte> at = _bytes.Slice(HeaderBytes + (ActionBytes * Actions) + (ConsiderationBytes * index), ConsiderationBytes);
        return new DecideConsideration((int)at.U32(0), at.F32(4), at.F32(8), at.F32(12), at.F32(16), at.F32(20), at.F32(24));
    }

    /// <summary>A fact of a character.</summary>
    public float Fact(int npc, int fact) => _bytes.F32(HeaderBytes + (ActionBytes * Actions) + (ConsiderationBytes * Considerations) + (4 * ((npc * Facts) + fact)));

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int npcs, int actions, int facts, int considerations) => HeaderBytes + (ActionBytes * actions) + (ConsiderationBytes * considerations) + (4 * npcs * facts);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="actions">1 to 64 actions.</param>
    /// <param name="considerations">At most 512.</param>
    /// <param name="factsEach">Facts of each character, 1 to 32.</param>
    /// <param name="facts">Character by character; finite.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, ReadOnlySpan<DecideAction> actions, ReadOnlySpan<DecideConsideration> considerations, int factsEach, ReadOnlySpan<float> facts)
    {
        if (factsEach < 1 || facts.Length % factsEach != 0)
            throw new ArgumentException("The same number of facts for each character", nameof(facts));
        int npcs = facts.Length / factsEach;
        int size = SizeOf(npcs, actions.Length, factsEach, considerations.Length);
        destination.U16(0, npcs);
        destination.U16(2, actions.Length);
        destination.U16(4, factsEach);
        destination.U16(6, considerations.Length);
        int at = HeaderBytes;
        foreach (DecideAction action in actions)
        {
            destination.U16(at, action.FirstConsideration);
            destination.U16(at + 2, action.Considerations);
            destination.F32(at + 4, action.Weight);
            at += ActionBytes;
        }
        foreach (DecideConsideration each in considerations)
        {
            Span<byte> to = destination.Slice(at, ConsiderationBytes);
            to.U32(0, (uint)each.Fact);
            to.F32(4, each.Low);
            to.F32(8, each.High);
            to.F32(12, each.A);
            to.F32(16, each.B);
            to.F32(20, each.C);
            to.F32(24, each.D);
            at += ConsiderationBytes;
        }
        foreach (float fact in facts)
        {
            destination.F32(at, fact);
            at += 4;
        }
        Bytes.Accepted(TryRead(destination[..size], out _), nameof(actions));
        return size;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out NpcDecideInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes)
            return false;
        var task = new NpcDecideInput(bytes);
        if (task.Npcs > NpcsMax || task.Actions is < 1 or > ActionsMax || task.Facts is < 1 or > FactsMax || task.Considerations > ConsiderationsMax
            || task.Npcs * task.Facts > FactsInAllMax
            || bytes.Length != SizeOf(task.Npcs, task.Actions, task.Facts, task.Considerations))
            return false;
        for (int i = 0; i < task.Actions; i++)
        {
            DecideAction action = task.Action(i);
            if (action.Considerations > PerActionMax || action.FirstConsideration + action.Considerations > task.Considerations || !float.IsFinite(action.Weight) || action.Weight < 0)
                return false;
        }
        int at = HeaderBytes + (ActionBytes * task.Actions);
        for (int i = 0; i < task.Considerations; i++, at += ConsiderationBytes)
        {
            if (bytes.U32(at) >= task.Facts || !Finite(bytes.Slice(at + 4, ConsiderationBytes - 4)) || bytes.F32(at + 4) >= bytes.F32(at + 8))
                return false;
        }
        if (!Finite(bytes[at..]))
            return false;
        input = task;
        return true;
    }

    internal static ulong FuelOf(int npcs, int actions, int facts, int considerations, ulong evaluations) =>
        2_000 + ((ulong)npcs * (60 + ((ulong)facts * 20) + ((ulong)actions * 70) + (evaluations * 130))) + ((ulong)considerations * 200) + ((ulong)actions * 60);

    // All bits of the exponent set: infinite or a NaN. The mask has the bytes' order.
    private static bool Finite(ReadOnlySpan<byte> numbers)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(numbers);
        uint exponent = BitConverter.IsLittleEndian ? 0x7F800000u : 0x0000807Fu;
        var mask = new Vector<uint>(exponent);
        int at = 0;
        for (; at + Vector<uint>.Count <= words.Length; at += Vector<uint>.Count)
        {
            if (Vector.EqualsAny(new Vector<uint>(words[at..]) & mask, mask))
                return false;
        }
        for (; at < words.Length; at++)
        {
            if ((words[at] & exponent) == exponent)
                return false;
        }
        return true;
    }
}
