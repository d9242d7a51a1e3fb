namespace Egregore.Work;

/// <summary>
/// What must hold for every right answer of a kernel, and is far cheaper to check than the kernel is to run: an answer that breaks it is wrong, whoever gave it. What holds for nearly every right
/// answer may be checked too, and raises doubt (<see cref="InvariantVerdict.Doubted"/>): nobody is punished for being right. The output is a stranger's: any length, any bytes. An implementation is pure, does not throw, and takes time in proportion to the bytes it is given.
/// </summary>
public interface IInvariant
{
    /// <summary>Checks one answer.</summary>
    /// <param name="shared">The task's shared block; may be empty.</param>
    /// <param name="input">The task's input.</param>
    /// <param name="output">What the helper answered.</param>
    InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output);
}
