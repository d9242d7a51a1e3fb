using System.Globalization;
using System.Reflection;
using Egregore.Wire.Tests.Everything;
using Egregore.Wire.Tests.Everything.Inner;

namespace Egregore.Wire.Tests.Golden;

/// <summary>Bytes and ids that may never change: another version of the program is at the other end of the link.</summary>
public sealed class GoldenTests
{
    private static readonly PeerId Alice = new(0x0123456789abcdef, 0xfedcba9876543210);

    [Fact]
    public void A_reflex()
    {
        byte[] buffer = new byte[64];
        int length = EnvelopeCodec.Write(buffer, Kind.Reflex, 0x01020304, Enumerable.Range(1, 24).Select(i => (byte)i).ToArray());
        Assert.Equal(
            "0C000000" // the root: the table is at 12
            + "0800" + "1000" + "0400" + "0C00" // vtable: 8 bytes, table 16, header at 4, payload at 12
            + "08000000" // back to the vtable
            + "04030201" + "1A" + "00" + "0000" // header: sequence, kind 26, ttl, flags
            + "04000000" // the payload is 4 bytes on
            + "18000000" + "0102030405060708090A0B0C0D0E0F101112131415161718",
            Convert.ToHexString(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void An_envelope_with_everything()
    {
        byte[] buffer = new byte[EnvelopeCodec.SizeMax(1)];
        int length = EnvelopeCodec.Write(buffer, Kind.Gossip, 7, [0xAA], 3, Alice, new PeerId(1, 2), 0x1122334455667788, new byte[64]);
        Assert.Equal(
            "14000000" + "1000" + "3C00" + "2C00" + "3400" + "0400" + "1400" + "2400" + "3800" + "10000000"
            + "EFCDAB8967452301" + "1032547698BADCFE" + "0100000000000000" + "0200000000000000" + "8877665544332211"
            + "07000000" + "18" + "03" + "0000" + "08000000" + "0C000000" + "01000000" + "AA000000" + "40000000" + new string('0', 128),
            Convert.ToHexString(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void The_canonical_bytes()
    {
        byte[] buffer = new byte[100];
        int length = EnvelopeCodec.WriteSigningBytes(buffer, Kind.Gossip, 7, [0xAA, 0xBB], Alice, new PeerId(1, 2), 0x1122334455667788);
        Assert.Equal(
            Convert.ToHexString("egregore/env/1\0\0"u8) + "18" + "07000000" + "EFCDAB89674523011032547698BADCFE" + "01000000000000000200000000000000"
            + "8877665544332211" + "AABB",
            Convert.ToHexString(buffer.AsSpan(0, length)));
        length = new ChainCheckpoint(Alice, 5, 40, 41, ChainHash.Genesis(Alice, 5)).WriteSigningBytes(buffer);
        Assert.Equal(
            Convert.ToHexString("egregore/chk/1\0\0"u8) + "EFCDAB89674523011032547698BADCFE" + "0500000000000000" + "28000000" + "2900"
            + ChainHash.Genesis(Alice, 5).ToString().ToUpperInvariant(),
            Convert.ToHexString(buffer.AsSpan(0, length)));
        Assert.Equal("b2273800379e46b378eebc4f89d93738e8d0c77ed13b6ae8966015198b0b6860", ChainHash.Genesis(Alice, 5).ToString());
    }

    [Fact]
    public void A_batch()
    {
        byte[] buffer = new byte[20];
        var writer = new BatchWriter(buffer);
        Assert.True(writer.TryAdd([1, 2, 3]));
        Assert.True(writer.TryAdd([4]));
        Assert.False(writer.TryAdd([1, 2, 3, 4, 5]));
        Assert.False(writer.TryAdd([]));
        Assert.Equal("03000000" + "010203" + "01000000" + "04", Convert.ToHexString(writer.Written));
        Assert.Equal(2, writer.Count);
    }

    [Fact]
    public void A_table_with_children()
    {
        var delta = new Delta { Transaction = 9, Tables = [new TableDelta { Name = "player", Upserts = [new Row { Bytes = new byte[] { 1, 2 } }] }] };
        Assert.Equal(
            "0C000000" + "0800" + "1000" + "0400" + "0C00" + "08000000" + "0900000000000000" + "04000000" // Delta
            + "01000000" + "0C000000" // tables: one, 12 bytes on
            + "0800" + "0C00" + "0400" + "0800" + "08000000" + "08000000" + "10000000" // TableDelta
            + "06000000" + "706C617965720000" // "player"
            + "01000000" + "0C000000" + "0000" + "0600" + "0800" + "0400" + "06000000" + "04000000" + "02000000" + "0102", // Row
            Convert.ToHexString(delta.ToArray()));
    }

    [Fact]
    public void Schema_hashes_do_not_depend_on_machine_or_build()
    {
        Assert.Equal(0x82ca368a511f2747UL, Leaf.Schema.Hash);
        Assert.NotEqual(Leaf.Schema.Hash, Dog.Schema.Hash);
        Assert.Equal(new FieldSchema(1, "weight", "uint", "7", false, false), Leaf.Schema.Fields[1]);
        Assert.Equal(new FieldSchema(15, "old", "int", "", false, true), Scalars.Schema.Fields[15]);
    }

    /// <summary>wire-ids.txt holds every enum value and field there ever was. New lines are welcome, lines that change or vanish are not.</summary>
    [Fact]
    public void Ids_are_only_ever_appended()
    {
        string[] kept = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Golden", "wire-ids.txt"));
        string[] now = [.. Enums().Concat(Structs()).Concat(Tables())];
        Assert.Empty(kept.Except(now));
        Assert.True(now.Except(kept).ToArray() is { Length: 0 }, "New ids, add them to Golden/wire-ids.txt:\n" + string.Join('\n', now.Except(kept)));
    }

    private static IEnumerable<string> Enums() =>
        from type in typeof(Envelope).Assembly.GetTypes()
        where type.IsEnum && type != typeof(VerifyError) && type != typeof(StateVerdict) && type != typeof(CheckpointVerdict)
        orderby type.Name
        from value in type.GetEnumValues().Cast<object>()
        select $"enum {type.Name} {Convert.ToInt64(value, CultureInfo.InvariantCulture)} {value}";

    private static IEnumerable<string> Structs() =>
        from type in typeof(Envelope).Assembly.GetTypes()
        where type.IsExplicitLayout && type.Namespace == "Egregore.Wire"
        orderby type.Name
        from field in type.GetFields(BindingFlags.NonPublic | BindingFlags.Instance)
        select $"struct {type.Name} {field.GetCustomAttribute<System.Runtime.InteropServices.FieldOffsetAttribute>()!.Value} {field.Name} {field.FieldType.Name}";

    private static IEnumerable<string> Tables() =>
        from type in Hostile.Corpus.TypesOf(typeof(Envelope))
        let schema = (TableSchema)type.GetProperty("Schema")!.GetValue(null)!
        from field in schema.Fields
        select $"table {type.Name} {field.Id} {field.Name} {field.Type} {field.Default}{(field.Required ? "required" : "")}".TrimEnd();
}
