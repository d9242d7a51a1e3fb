namespace Egregore.Kernels.Meshes;

/// <summary>A rectangle of faces.</summary>
/// <param name="X">The cell with the least coordinates.</param>
/// <param name="Y">The cell with the least coordinates.</param>
/// <param name="Z">The cell with the least coordinates.</param>
/// <param name="Face">0 +x, 1 -x, 2 +y, 3 -y, 4 +z, 5 -z.</param>
/// <param name="Wide">Cells along u: y for faces along x, else x.</param>
/// <param name="High">Cells along v: y for faces along z, else z.</param>
/// <param name="Kind">Of all its cells.</param>
/// <param name="Occlusion">Two bits a corner, 3 open to 0 dark: (low u, low v), (high u, low v), (low u, high v), (high u, high v).</param>
public readonly record struct MeshQuad(byte X, byte Y, byte Z, byte Face, byte Wide, byte High, byte Kind, byte Occlusion)
{
    /// <summary>Its layer along the face's axis.</summary>
    public int Slice => (Face >> 1) switch { 0 => X, 1 => Y, _ => Z };

    /// <summary>Its place in the layer.</summary>
    public (int U, int V) Corner => (Face >> 1) switch { 0 => (Y, Z), 1 => (X, Z), _ => (X, Y) };
}

/// <summary>An answer of <c>voxel-mesh</c>. Layout: u32 count; eight u8 a quad, as in <see cref="MeshQuad"/>, ordered by face, layer, v, u.</summary>
public readonly ref struct MeshOutput
{
    /// <summary>Bytes before the quads.</summary>
    public const int HeaderBytes = 4;

    /// <summary>Bytes of a quad.</summary>
    public const int QuadBytes = 8;

    /// <summary>Bytes of an answer at most.</summary>
    public const int BytesMax = HeaderBytes + (QuadBytes * 6 * MeshInput.CellsMax);

    private readonly ReadOnlySpan<byte> _bytes;

    private MeshOutput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Quads.</summary>
    public int Count => (_bytes.Length - HeaderBytes) / QuadBytes;

    /// <summary>A quad.</summary>
    public MeshQuad Quad(int index)
    {
        ReadOnlySpan<byte> at = _bytes.Slice(HeaderBytes + (QuadBytes * index), QuadBytes);
        return new MeshQuad(at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]);
    }

    /// <summary>Reads an answer: lengths, that all quads lie in the block, and their order.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="width">Cells along x.</param>
    /// <param name="height">Cells along y.</param>
    /// <param name="depth">Cells along z.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int width, int height, int depth, out MeshOutput output)
    {
        output = default;
        if (bytes.Length < HeaderBytes || bytes.U32(0) > width * height * depth * 6 || bytes.Length != HeaderBytes + (QuadBytes * (int)bytes.U32(0)))
            return false;
        var answer = new MeshOutput(bytes);
        int before = -1;
        for (int i = 0; i < answer.Count; i++)
        {
            MeshQuad quad = answer.Quad(i);
            (int slices, int us, int vs) = (quad.Face >> 1) switch { 0 => (width, height, depth), 1 => (height, width, depth), _ => (depth, width, height) };
            (int u, int v) = quad.Corner;
            int order = (quad.Face << 18) | (quad.Slice << 12) | (v << 6) | u;
            if (quad.Face > 5 || quad.Slice >= slices || quad.Wide < 1 || quad.High < 1 || u + quad.Wide > us || v + quad.High > vs || order <= before)
                return false;
            before = order;
        }
        output = answer;
        return true;
    }

    /// <summary>The quads of one layer of a face, as bytes.</summary>
    internal ReadOnlySpan<byte> Layer(int face, int slice)
    {
        int first = Find((face << 6) + slice);
        int last = Find((face << 6) + slice + 1);
        return _bytes[(HeaderBytes + (QuadBytes * first))..(HeaderBytes + (QuadBytes * last))];
    }

    private int Find(int layer)
    {
        (int low, int high) = (0, Count);
        while (low < high)
        {
            int middle = (low + high) / 2;
            MeshQuad quad = Quad(middle);
            if ((quad.Face << 6) + quad.Slice < layer)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
