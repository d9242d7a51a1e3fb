using Egregore.Wasm.Binary;
using Egregore.Wasm.Metering;

namespace Egregore.Wasm.Tests;

/// <summary>
/// Counts the plain way: before every instruction its weight is added to a global, exported as <c>count</c>. Slow, and with nothing in common with the meter's plan but the
/// table of weights, so it says what the meter has to arrive at.
/// </summary>
internal static class MeteringReference
{
    public static byte[] Write(byte[] bytes)
    {
        var module = ModuleReader.Read(bytes, StoreLimits.Default);
        var global = (byte)module.Globals.Length;
        var output = new ByteWriter();
        output.Bytes(bytes.AsSpan(0, 8));
        foreach (var section in module.Sections)
            switch (section.Id)
            {
                case 6:
                    output.Section(6, Append(bytes, section.Contents, [0x7e, 1, 0x42, 0, 0x0b]));
                    break;
                case 7:
                    output.Section(7, Append(bytes, section.Contents, [5, .. "count"u8, 3, global]));
                    break;
                case 10:
                    output.Section(10, Code(module, global));
                    break;
                default:
                    output.Bytes(bytes.AsSpan(section.Start, section.Contents.End - section.Start));
                    break;
            }
        return output.Written.ToArray();
    }

    private static byte[] Append(byte[] bytes, Slice contents, byte[] element)
    {
        var reader = new ByteReader(bytes, contents.Start, contents.End);
        var writer = new ByteWriter();
        writer.U32(reader.U32() + 1);
        writer.Bytes(bytes.AsSpan(reader.Position, reader.Left));
        writer.Bytes(element);
        return writer.Written.ToArray();
    }

    private static byte[] Code(ModuleDefinition module, byte global)
    {
        var output = new ByteWriter();
        output.U32((uint)module.Bodies.Length);
        for (var i = 0; i < module.Bodies.Length; i++)
        {
            var body = Body(module, i, global);
            output.U32((uint)body.Length);
            output.Bytes(body);
        }

        return output.Written.ToArray();
    }

    private static byte[] Body(ModuleDefinition module, int function, byte global)
    {
        var slice = module.Bodies[function];
        var reader = new ByteReader(module.Bytes, slice.Start, slice.End);
        var groups = reader.U32();
        var start = reader.Position;
        uint locals = 0;
        for (var i = 0u; i < groups; i++)
        {
            locals += reader.U32();
            reader.ValueType();
        }

        var length = (uint)module.TypeOfFunction(module.ImportedFunctions + function).Parameters.Length + locals;
        var code = new ByteWriter();
        code.U32(groups + 1);
        code.Bytes(module.Bytes.AsSpan(start, reader.Position - start));
        code.Bytes([1, 0x7f]);
        Add(code, global, locals / FuelCost.LocalsPerUnit);
        var instructions = new InstructionReader(module.Bytes, reader.Position, slice.End);
        while (!instructions.AtEnd)
        {
            instructions.Read();
            // Nothing may stand between the end of an arm and its else; both cost nothing.
            if (FuelCost.Of(instructions.Op) > 0)
                Add(code, global, FuelCost.Of(instructions.Op));
            if (FuelCost.LengthShift(instructions.Op) is { } shift)
            {
                code.Byte(0x22);
                code.U32(length);
                code.Bytes([0x23, global, 0x20]);
                code.U32(length);
                code.Bytes([0xad, 0x42]);
                code.S64(shift < 0 ? 1 << -shift : 1 << shift);
                code.Bytes([shift < 0 ? (byte)0x80 : (byte)0x7e, 0x7c, 0x24, global]);
            }

            code.Bytes(module.Bytes.AsSpan(instructions.Start, instructions.Position - instructions.Start));
        }

        return code.Written.ToArray();
    }

    private static void Add(ByteWriter code, byte global, long cost)
    {
        code.Bytes([0x23, global, 0x42]);
        code.S64(cost);
        code.Bytes([0x7c, 0x24, global]);
    }
}
