using System.Buffers.Binary;
using System.Collections.Immutable;
using Egregore.Wire.Tests.Everything;
using Egregore.Wire.Tests.Everything.Inner;

namespace Egregore.Wire.Tests.Hostile;

/// <summary>Each reason to refuse, by a buffer made for it. The word positions are those of the 24-byte buffer that a Leaf with a name takes.</summary>
public sealed class VerifyErrorTests
{
    // 0 root | 4 vtable: bytes, table bytes, name | 12 table: soffset | 16 name's offset | 20 length | 24 "abc" 0
    private const int VtableAt = 6;
    private const int TableAt = 12;
    private const int NameAt = 16;
    private const int LengthAt = 20;

    private static byte[] Leaf => new Leaf { Name = "abc" }.ToArray();

    [Fact]
    public void The_layout_the_other_tests_stand_on()
    {
        Assert.Equal("0C000000" + "0000" + "060008000400" + "06000000" + "04000000" + "03000000" + "61626300", Convert.ToHexString(Leaf));
    }

    [Fact]
    public void Sizes()
    {
        Assert.Equal(VerifyError.TooSmall, Read([]));
        Assert.Equal(VerifyError.TooSmall, Read(Leaf[..7]));
        Assert.Equal(VerifyError.TooLarge, Read(new byte[64 * 1024 + 1]));
        Assert.Equal(VerifyError.TooLarge, LeafView.TryRead(Leaf, new VerifyLimits(27, 16, 16), out _));
        Assert.Equal(VerifyError.None, LeafView.TryRead(Leaf, new VerifyLimits(28, 1, 1), out _));
    }

    [Fact]
    public void The_root()
    {
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With(Leaf, 0, 0)));
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With(Leaf, 0, 28)));
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With(Leaf, 0, 0x7fffffff)));
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With(Leaf, 0, -4)));
        Assert.Equal(VerifyError.Misaligned, Read(With(Leaf, 0, 13)));
    }

    [Fact]
    public void The_vtable()
    {
        Assert.Equal(VerifyError.VtableOutOfBounds, Read(With(Leaf, TableAt, TableAt + 2)));
        Assert.Equal(VerifyError.VtableOutOfBounds, Read(With(Leaf, TableAt, -100)));
        Assert.Equal(VerifyError.VtableOutOfBounds, Read(With(Leaf, TableAt, int.MinValue)));
        Assert.Equal(VerifyError.Misaligned, Read(With(Leaf, TableAt, 5)));
        Assert.Equal(VerifyError.VtableOutOfBounds, Read(With16(Leaf, VtableAt, 200)));
        Assert.Equal(VerifyError.VtableInvalid, Read(With16(Leaf, VtableAt, 2)));
        Assert.Equal(VerifyError.VtableInvalid, Read(With16(Leaf, VtableAt, 7)));
        Assert.Equal(VerifyError.VtableInvalid, Read(With16(Leaf, VtableAt + 2, 3)));
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With16(Leaf, VtableAt + 2, 17)));
        Assert.Equal(VerifyError.VtableInvalid, Read(With16(Leaf, VtableAt + 4, 2)));
        Assert.Equal(VerifyError.VtableInvalid, Read(With16(Leaf, VtableAt + 4, 8)));
    }

    [Fact]
    public void Strings()
    {
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With(Leaf, NameAt, 0)));
        Assert.Equal(VerifyError.OffsetOutOfBounds, Read(With(Leaf, NameAt, 13)));
        Assert.Equal(VerifyError.VectorOutOfBounds, Read(With(Leaf, NameAt, 12)));
        Assert.Equal(VerifyError.Misaligned, Read(With(Leaf, NameAt, 6)));
        Assert.Equal(VerifyError.VectorOutOfBounds, Read(With(Leaf, LengthAt, 5)));
        Assert.Equal(VerifyError.VectorOutOfBounds, Read(With(Leaf, LengthAt, -1)));
        Assert.Equal(VerifyError.StringNotTerminated, Read(With(Leaf, LengthAt, 4)));
        Assert.Equal(VerifyError.StringNotTerminated, Read(With(Leaf, LengthAt, 2)));
        foreach (byte bad in new byte[] { 0xff, 0xc0, 0x80, 0xed })
        {
            byte[] buffer = Leaf;
            buffer[24] = bad;
            Assert.Equal(VerifyError.StringNotUtf8, Read(buffer));
        }
    }

    [Fact]
    public void What_is_required()
    {
        // A Header-less Envelope: an empty vtable, and a table without fields.
        byte[] empty = [8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0];
        Assert.Equal(VerifyError.RequiredMissing, EnvelopeView.TryRead(empty, out _));
        Assert.Equal(VerifyError.RequiredMissing, HelloView.TryRead(empty, out _));
        Assert.Equal(VerifyError.None, PingView.TryRead(empty, out PingView ping));
        Assert.Equal(0u, ping.Id);
    }

    [Fact]
    public void Depth()
    {
        Assert.Equal(VerifyError.None, RootView.TryRead(Nested(16), out _));
        Assert.Equal(VerifyError.DepthExceeded, RootView.TryRead(Nested(17), out _));

        static byte[] Nested(int depth)
        {
            var root = new Root { Title = "", Place = default };
            for (int i = 1; i < depth; i++)
            {
                root = new Root { Title = "", Place = default, Child = root };
            }
            return root.ToArray();
        }
    }

    [Fact]
    public void More_tables_than_allowed_even_when_they_are_one()
    {
        Root root = Root([.. Enumerable.Range(0, 5000).Select(i => new Leaf { Weight = (uint)i })]);
        byte[] honest = root.ToArray();
        var limits = VerifyLimits.OfSize(1 << 20);
        Assert.Equal(VerifyError.TablesExceeded, RootView.TryRead(honest, limits with { TablesMax = 4096 }, out _));
        Assert.Equal(VerifyError.None, RootView.TryRead(honest, limits with { TablesMax = 5001 }, out _));

        // The same vector, all of its offsets at its last leaf: few bytes, many visits.
        int vector = FindVector(honest, 5000);
        int target = vector + (4 * 5000) + BinaryPrimitives.ReadInt32LittleEndian(honest.AsSpan(vector + (4 * 5000)));
        for (int i = 1; i <= 5000; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(honest.AsSpan(vector + (4 * i)), target - (vector + (4 * i)));
        }
        Assert.Equal(VerifyError.TablesExceeded, RootView.TryRead(honest, limits with { TablesMax = 4096 }, out _));
    }

    [Fact]
    public void A_small_buffer_may_not_cost_like_a_large_one()
    {
        // 1000 names, all of them the one long string: a megabyte to read in 5 KB.
        byte[] buffer = (Root([]) with { Names = [.. Enumerable.Repeat("", 999), new string('x', 1000)] }).ToArray();
        Assert.Equal(VerifyError.None, RootView.TryRead(buffer, out _));
        int vector = FindVector(buffer, 1000);
        int last = vector + (4 * 1000);
        int target = last + BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(last));
        for (int i = 1; i <= 1000; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(vector + (4 * i)), target - (vector + (4 * i)));
        }
        Assert.Equal(VerifyError.OverlapExceeded, RootView.TryRead(buffer, out _));
    }

    [Fact]
    public void Unions()
    {
        byte[] buffer = new Identified { Pet = Pet.Dog(new Dog { Barks = 3 }) }.ToArray();
        Assert.Equal(VerifyError.None, IdentifiedView.TryRead(buffer, out IdentifiedView view));
        Assert.Equal(3, view.PetAsDog.Barks);
        Assert.Equal(9, view.PetAsFeline.Lives);
        int tag = FindTag(buffer);
        buffer[tag] = 200;
        Assert.Equal(VerifyError.UnknownUnionType, IdentifiedView.TryRead(buffer, out _));
        buffer[tag] = 0;
        Assert.Equal(VerifyError.UnionInvalid, IdentifiedView.TryRead(buffer, out _));
    }

    [Fact]
    public void Unknown_enum_values_pass()
    {
        byte[] buffer = new byte[64];
        int length = EnvelopeCodec.Write(buffer, (Kind)250, 1, [1]);
        Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(buffer.AsSpan(0, length), out EnvelopeView view));
        Assert.Equal((Kind)250, view.Header.Kind);
    }

    [Fact]
    public void Fields_and_slots_of_a_later_schema_are_passed_over()
    {
        byte[] newer = new PeerJoin { Peer = new PeerId(1, 2), Name = "n", X = 5, Z = 9 }.ToArray();
        Assert.Equal(VerifyError.None, PeerLeaveView.TryRead(newer, out PeerLeaveView older));
        Assert.Equal(new PeerId(1, 2), older.Peer);
        Assert.Equal("n", older.Reason);
    }

    private static Root Root(ImmutableArray<Leaf> leaves) => new() { Title = "", Place = default, Leaves = leaves };

    private static VerifyError Read(byte[] buffer) => LeafView.TryRead(buffer, out _);

    private static byte[] With(byte[] buffer, int at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(at), value);
        return buffer;
    }

    private static byte[] With16(byte[] buffer, int at, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(buffer.AsSpan(at), value);
        return buffer;
    }

    private static int FindVector(byte[] buffer, int count)
    {
        for (int at = 0; at < buffer.Length; at += 4)
        {
            if (BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(at)) == count)
            {
                return at;
            }
        }
        throw new InvalidOperationException("no such vector");
    }

    private static int FindTag(byte[] buffer)
    {
        int table = BinaryPrimitives.ReadInt32LittleEndian(buffer);
        return table + new FlatTableReader(buffer, table).Offset(3);
    }
}
