using Egregore.Wire.Tests.Everything;
using Egregore.Wire.Tests.Everything.Inner;
using Egregore.Wire.Tests.Oracle;

namespace Egregore.Wire.Tests;

public sealed class RecordTests
{
    [Fact]
    public void Views_and_records_say_the_same()
    {
        var root = new Root
        {
            Title = "Zürich",
            Place = new Place(1, 2, 3),
            Outer = new Outer(new Tiny(true, -3), new Padded(1, 2, 3, Small.Five), 0.5, new Place(4, 5, 6)),
            Bools = [true, false],
            Longs = [long.MinValue],
            Wides = [Wide.Last],
            Names = ["a", ""],
            Leaves = [new Leaf { Name = "leaf" }],
            Pet = Pet.Feline(new Cat { Lives = 3, Toys = ["mouse"] }),
            Scalars = new Scalars { MaybeInt = 0, Rights = Rights.Read | Rights.Admin },
            Class = 1,
            RootValue = 2,
            SizeMaxValue = 3,
        };
        Assert.Equal(VerifyError.None, RootView.TryRead(root.ToArray(), out RootView view));
        Assert.Equal("Zürich", view.Title);
        Assert.True(view.TitleUtf8.SequenceEqual("Zürich"u8));
        Assert.True(view.HasOuter && view.Outer.Tiny.Flag);
        Assert.Equal(root.Outer, view.Outer);
        Assert.Equal((2, true, false), (view.Bools.Count, view.Bools[0], view.Bools[1]));
        Assert.Equal(long.MinValue, view.Longs[0]);
        Assert.Equal(Wide.Last, view.Wides[0]);
        Assert.Equal("a", view.Names.GetString(0));
        Assert.Equal(0, view.Names[1].Length);
        Assert.Equal(("leaf", 7u), (view.Leaves[0].Name, view.Leaves[0].Weight));
        Assert.Equal(PetType.Feline, view.PetType);
        Assert.Equal("mouse", view.PetAsFeline.Toys.GetString(0));
        Assert.Equal(0, view.PetAsDog.Barks);
        Assert.Equal(0, view.Scalars.MaybeInt);
        Assert.Null(view.Scalars.MaybeBool);
        Assert.Equal(-70000, view.Scalars.I32);
        Assert.Equal(Rights.Read | Rights.Admin, view.Scalars.Rights);
        Assert.False(view.HasChild || view.HasBytes || view.HasIdentified);
        Assert.Equal("", view.Child.Title);
        Assert.Equal(0, view.Child.Leaves.Count);
        Assert.Equal((1, 2, 3), (view.Class, view.RootValue, view.SizeMaxValue));
        Assert.Equal(root, view.ToRecord());
    }

    [Fact]
    public void Equality_is_by_value_and_by_what_vectors_hold()
    {
        var first = new RandomValues(5);
        var second = new RandomValues(5);
        for (int i = 0; i < 50; i++)
        {
            Root one = first.Table<Root>();
            Root two = second.Table<Root>();
            Assert.Equal(one, two);
            Assert.Equal(one.GetHashCode(), two.GetHashCode());
            Assert.NotEqual(one, one with { Names = [.. one.Names, "more"] });
            Assert.NotEqual(one, one with { Bytes = new byte[101] });
        }
    }

    [Fact]
    public void Write_needs_exactly_what_it_writes_and_says_so()
    {
        var random = new RandomValues(6);
        for (int i = 0; i < 50; i++)
        {
            Root root = random.Table<Root>();
            byte[] bytes = root.ToArray();
            Assert.InRange(bytes.Length, 8, root.SizeMax);
            Assert.Equal(bytes.Length, root.Write(new byte[bytes.Length]));
            Assert.Throws<ArgumentException>(() => root.Write(new byte[bytes.Length - 1]));
            byte[] dirty = new byte[root.SizeMax];
            Array.Fill(dirty, (byte)0xCC);
            Assert.Equal(bytes, dirty[..root.Write(dirty)]);
        }
    }

    [Fact]
    public void Structs_are_laid_out_as_FlatBuffers_says()
    {
        byte[] bytes = new byte[Padded.SizeBytes];
        new Padded(0x11, 0x22334455, 0x6677, Small.Minus).Write(bytes);
        Assert.Equal("1100000055443322" + "7766FE00", Convert.ToHexString(bytes));
        bytes[1] = 0xff;
        Assert.Equal(new Padded(0x11, 0x22334455, 0x6677, Small.Minus), Padded.Read(bytes));
        Assert.Equal(40, Outer.SizeBytes);
        Assert.Equal(new Tiny(true, 1), Tiny.Read([2, 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Padded.Read(bytes.AsSpan(1)));
    }

    [Fact]
    public void Negative_zero_and_not_a_number_survive()
    {
        var scalars = new Scalars { F32 = -0f, F64 = double.NaN };
        Assert.Equal(VerifyError.None, Scalars.TryRead(scalars.ToArray(), out Scalars? read));
        Assert.True(float.IsNegative(read!.F32));
        Assert.Equal(scalars, read);
    }

    [Fact]
    public void Peer_ids_have_a_text_and_an_order()
    {
        var id = new PeerId(0x0123456789abcdef, 0xfedcba9876543210);
        Assert.Equal("0123456789abcdeffedcba9876543210", id.ToString());
        Assert.True(PeerId.TryParse(id.ToString(), out PeerId parsed));
        Assert.Equal(id, parsed);
        Assert.True(PeerId.TryParse("0123456789ABCDEFFEDCBA9876543210", out _));
        foreach (string bad in new[] { "", "0123", new string('0', 33), new string('g', 32), " 123456789abcdeffedcba9876543210" })
        {
            Assert.False(PeerId.TryParse(bad, out PeerId none));
            Assert.True(none.IsNone);
        }
        Assert.True(new PeerId(1, 5) < new PeerId(2, 0) && new PeerId(1, 5) > new PeerId(1, 4) && new PeerId(1, 5) <= new PeerId(1, 5));
        Assert.Throws<ArgumentException>(() => PeerId.FromPublicKey(new byte[64]));
        byte[] key = [4, .. new byte[64]];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(key))[..32], PeerId.FromPublicKey(key).ToString());
    }

    [Fact]
    public void A_damaged_batch_says_so_after_what_was_sound()
    {
        Assert.Equal((1, VerifyError.None), Count([2, 0, 0, 0, 7, 7]));
        Assert.Equal((0, VerifyError.None), Count([]));
        Assert.Equal((1, VerifyError.TooSmall), Count([1, 0, 0, 0, 7, 1, 0, 0]));
        Assert.Equal((1, VerifyError.VectorOutOfBounds), Count([1, 0, 0, 0, 7, 2, 0, 0, 0, 7]));
        Assert.Equal((0, VerifyError.VectorOutOfBounds), Count([0xff, 0xff, 0xff, 0xff, 7]));
        Assert.Equal((0, VerifyError.VectorOutOfBounds), Count([0, 0, 0, 0, 7]));

        static (int, VerifyError) Count(byte[] bytes)
        {
            var reader = new BatchReader(bytes);
            int count = 0;
            while (reader.TryNext(out _))
            {
                count++;
            }
            return (count, reader.Error);
        }
    }
}
