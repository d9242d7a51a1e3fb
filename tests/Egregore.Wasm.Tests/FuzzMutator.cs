namespace Egregore.Wasm.Tests;

/// <summary>
/// Makes modules that are nearly valid out of valid ones: bits and bytes turned, ranges cut, doubled and moved, numbers at their edges, parts of another module;
/// mostly inside one section or one function whose sizes are then set right, so that the mistake is met deep inside and not at the first size.
/// </summary>
internal static class FuzzMutator
{
    private const int HeaderBytes = 8;
    private const int CodeSection = 10;

    private static readonly byte[][] Edges =
    [
        [0x00], [0x01], [0x40], [0x7F], [0x80, 0x01], [0xFF, 0x7F], [0xFF, 0xFF, 0x03], [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    ];

    /// <summary>One mutant of a valid module.</summary>
    public static byte[] Mutate(FuzzRandom random, byte[] module, byte[] other)
    {
        if (random.OneIn(4)) return Turn(random, module, other, first: random.OneIn(20) ? 0 : HeaderBytes);
        var writer = new FuzzWriter().Raw(module.AsSpan(0, HeaderBytes));
        List<(int Id, byte[] Content)> sections = Sections(module);
        int chosen = random.OneIn(2) ? sections.FindIndex(s => s.Id == CodeSection) : random.Below(sections.Count);
        for (int i = 0; i < sections.Count; i++)
        {
            (int id, byte[] content) = sections[i];
            if (i == chosen) content = id == CodeSection ? OneBody(random, content, other) : Turn(random, content, other, first: 0);
            if (i == chosen && random.OneIn(60)) continue;
            writer.Section(id, new FuzzWriter().Raw(content));
            if (i == chosen && random.OneIn(60)) writer.Section(id, new FuzzWriter().Raw(content));
        }
        return writer.ToArray();
    }

    private static byte[] OneBody(FuzzRandom random, byte[] code, byte[] other)
    {
        int at = 0;
        int count = (int)ReadU32(code, ref at);
        int chosen = random.Below(count);
        var writer = new FuzzWriter().U32(count);
        for (int i = 0; i < count; i++)
        {
            int size = (int)ReadU32(code, ref at);
            byte[] body = code.AsSpan(at, size).ToArray();
            at += size;
            writer.Sized(new FuzzWriter().Raw(i == chosen ? Turn(random, body, other, first: 0) : body));
        }
        return writer.ToArray();
    }

    private static byte[] Turn(FuzzRandom random, byte[] source, byte[] other, int first)
    {
        if (source.Length == 0) return random.Bytes(random.Below(4));
        var bytes = new List<byte>(source);
        for (int times = random.Below(random.OneIn(3) ? 6 : 1) + 1; times > 0 && bytes.Count > first; times--)
        {
            int at = first + random.Below(bytes.Count - first);
            int count = Math.Min(random.Below(random.OneIn(6) ? 64 : 3) + 1, bytes.Count - at);
            switch (random.Below(10))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Below(8)); break;
                case 1 or 2: bytes[at] = (byte)random.Next(); break;
                case 3: bytes.RemoveRange(at, count); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, count)); break;
                case 5: bytes.InsertRange(at, random.Bytes(count)); break;
                case 6:
                    byte[] edge = random.Pick(Edges);
                    if (random.OneIn(2)) bytes.RemoveAt(at);
                    bytes.InsertRange(at, edge);
                    break;
                case 7:
                    int start = random.Below(other.Length);
                    bytes.InsertRange(at, other.AsSpan(start, Math.Min(count, other.Length - start)).ToArray());
                    break;
                case 8 when random.OneIn(8): bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes[at] = (byte)(bytes[at] + (random.OneIn(2) ? 1 : 255)); break;
            }
        }
        return [.. bytes];
    }

    private static List<(int Id, byte[] Content)> Sections(byte[] module)
    {
        var sections = new List<(int, byte[])>();
        for (int at = HeaderBytes; at < module.Length;)
        {
            int id = module[at++];
            int size = (int)ReadU32(module, ref at);
            sections.Add((id, module.AsSpan(at, size).ToArray()));
            at += size;
        }
        return sections;
    }

    private static uint ReadU32(byte[] bytes, ref int at)
    {
        uint value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }
}
