namespace Egregore.Kernels.Decisions;

/// <summary>An answer of <c>npc-decide</c>. Layout, for each character: u16 action, u16 the next best (0xFFFF: none scores above 0), f32 the action's score.</summary>
public readonly ref struct NpcDecideOutput
{
    /// <summary>No action.</summary>
    public const int None = 0xFFFF;

    private readonly ReadOnlySpan<byte> _bytes;

    private NpcDecideOutput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Characters.</summary>
    public int Npcs => _bytes.Length / 8;

    /// <summary>What a character does, or <see cref="None"/>.</summary>
    public int Pick(int npc) => _bytes.U16(8 * npc);

    /// <summary>What it would do else, or <see cref="None"/>.</summary>
    public int Second(int npc) => _bytes.U16((8 * npc) + 2);

    /// <summary>The score of what it does; 0 where that is nothing.</summary>
    public float Score(int npc) => _bytes.F32((8 * npc) + 4);

    /// <summary>Bytes of an answer.</summary>
    public static int SizeOf(int npcs) => 8 * npcs;

    /// <summary>Reads an answer: its length, and that every action is one.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="npcs">Characters of the task.</param>
    /// <param name="actions">Actions of the task.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int npcs, int actions, out NpcDecideOutput output)
    {
        output = default;
        if (bytes.Length != SizeOf(npcs))
            return false;
        var answer = new NpcDecideOutput(bytes);
        for (int i = 0; i < npcs; i++)
        {
            if ((answer.Pick(i) >= actions && answer.Pick(i) != None) || (answer.Second(i) >= actions && answer.Second(i) != None))
                return false;
        }
        output = answer;
        return true;
    }
}
