using System.Text;

namespace Egregore.Wire;

/// <summary>Upper bounds of what parts of a FlatBuffer take, alignment included; generated <c>SizeMax</c> adds them up.</summary>
public static class FlatSize
{
    /// <summary>The root's offset.</summary>
    public const int Root = 4;

    /// <summary>A table: alignment, vtable, the offset to it, and <paramref name="inlineBytes"/> of fields.</summary>
    public static int Table(int slots, int inlineBytes) => 7 + 4 + (2 * slots) + 4 + inlineBytes;

    /// <summary>A vector of <paramref name="count"/> elements of <paramref name="size"/> bytes.</summary>
    public static int Vector(int count, int size) => count == 0 ? 11 : checked(11 + (count * size));

    /// <summary>A string.</summary>
    public static int Text(string value) => 3 + 4 + Encoding.UTF8.GetByteCount(value) + 1;

    /// <summary>A vector of strings.</summary>
    public static int Texts(ReadOnlySpan<string> values)
    {
        int size = Vector(values.Length, 4);
        foreach (string value in values)
        {
            size = checked(size + Text(value));
        }
        return size;
    }
}
