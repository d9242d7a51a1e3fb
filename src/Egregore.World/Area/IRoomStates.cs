namespace Egregore.World.Area;

/// <summary>
/// How a game's reflex state is packed for room frames beyond its position: velocity, heading, flags, as small as the eye allows. The game's <see cref="IReflexRules"/>
/// implements it too; where they do not, whole states travel (<see cref="WholeRoomStates"/>).
/// </summary>
/// <remarks>Pure, allocates nothing, the same on every host. What is unpacked is for drawing: nobody is judged by it.</remarks>
public interface IRoomStates
{
    /// <summary>Bytes of the packed part, behind handle and position; 0 to 64, constant.</summary>
    int LookBytes { get; }

    /// <summary>Packs what is not the position.</summary>
    /// <param name="state">A state that the rules accepted, <see cref="IReflexRules.StateSizeBytes"/> long.</param>
    /// <param name="look">Receives <see cref="LookBytes"/> bytes.</param>
    void Pack(ReadOnlySpan<byte> state, Span<byte> look);

    /// <summary>Makes a state of a record. The bytes are a stranger's: any content gives some state.</summary>
    /// <param name="position">Where the body is.</param>
    /// <param name="look">The packed part, <see cref="LookBytes"/> long.</param>
    /// <param name="state">Receives <see cref="IReflexRules.StateSizeBytes"/> bytes.</param>
    void Unpack(ReflexPosition position, ReadOnlySpan<byte> look, Span<byte> state);
}

/// <summary>For games that do not pack: a record carries the whole state behind its handle and position.</summary>
public sealed class WholeRoomStates(int stateSizeBytes) : IRoomStates
{
    /// <inheritdoc/>
    public int LookBytes { get; } = stateSizeBytes;

    /// <summary>The packing of a game: its rules' own, or whole states.</summary>
    public static IRoomStates Of(IReflexRules rules) => rules as IRoomStates ?? new WholeRoomStates(rules.StateSizeBytes);

    /// <inheritdoc/>
    public void Pack(ReadOnlySpan<byte> state, Span<byte> look) => state.CopyTo(look);

    /// <inheritdoc/>
    public void Unpack(ReflexPosition position, ReadOnlySpan<byte> look, Span<byte> state) => look.CopyTo(state);
}
