using System.Buffers.Binary;
using static Egregore.Kernels.Physics.PhysicsLayout;

namespace Egregore.Kernels.Physics;

/// <summary>An answer's bytes, read in place.</summary>
public readonly ref struct PhysicsOutput
{
    private readonly ReadOnlySpan<byte> bytes;

    private PhysicsOutput(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    /// <summary>Bytes of the largest answer.</summary>
    public static int BytesMax => OutHeader + (BodiesMax * OutBody) + (PairsMax * PhysicsLayout.Pair);

    /// <summary>Bodies, in the task's order.</summary>
    public int BodyCount => (int)Int(bytes[4..]);

    /// <summary>Pairs listed.</summary>
    public int PairCount => (int)Int(bytes[8..]);

    /// <summary>Pairs that touch, listed or not.</summary>
    public int PairsFound => (int)Int(bytes[12..]);

    /// <summary>Every body slept, or was slow after each step.</summary>
    public bool AllAtRest => Int(bytes[16..]) == 1;

    /// <summary>Reads an answer. The form is checked, not the numbers: that is what <see cref="PhysicsInvariant"/> is for.</summary>
    /// <returns>Null, or what is wrong with the form.</returns>
    public static string? Read(ReadOnlySpan<byte> bytes, out PhysicsOutput output)
    {
        output = default;
        if (bytes.Length < OutHeader || Int(bytes) != PhysicsLayout.Version) return "The header is not one of version 1";
        uint bodies = Int(bytes[4..]);
        uint pairs = Int(bytes[8..]);
        if (bodies is 0 or > BodiesMax || pairs > PairsMax || Int(bytes[12..]) < pairs || Int(bytes[12..]) > BodiesMax * BodiesMax / 2) return "A count is out of bounds";
        if (bytes.Length != OutHeader + (bodies * OutBody) + (pairs * PhysicsLayout.Pair)) return "The length is not what the counts say";
        if (Int(bytes[16..]) > 1 || bytes[20..OutHeader].ContainsAnyExcept((byte)0)) return "A header's flag is not known";
        output = new PhysicsOutput(bytes);
        return null;
    }

    /// <summary>A body.</summary>
    public PhysicsBodyResult Body(int index)
    {
        ReadOnlySpan<byte> body = bytes.Slice(OutHeader + (index * OutBody), OutBody);
        return new PhysicsBodyResult(Vector(body), Rotation(body[12..]), Vector(body[28..]), Vector(body[40..]), (PhysicsBodyState)Int(body[52..]));
    }

    /// <summary>Two bodies that touch, the lower index first; pairs are in ascending order.</summary>
    public (int First, int Second) Pair(int index)
    {
        ReadOnlySpan<byte> pair = bytes.Slice(OutHeader + (BodyCount * OutBody) + (index * PhysicsLayout.Pair), PhysicsLayout.Pair);
        return (BinaryPrimitives.ReadUInt16LittleEndian(pair), BinaryPrimitives.ReadUInt16LittleEndian(pair[2..]));
    }
}
