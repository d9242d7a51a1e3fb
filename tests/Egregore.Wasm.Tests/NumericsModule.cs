using System.Reflection;
using System.Runtime.Intrinsics;
using System.Text;

namespace Egregore.Wasm.Tests;

/// <summary>
/// One function for each operator (and each immediate tried): it reads its operands at 0, 16 and 32 of the memory, and writes its result at 48. Written by hand, byte by byte,
/// so that the comparison does not rest on the code it judges.
/// </summary>
internal sealed class NumericsModule
{
    private readonly List<byte[]> _bodies = [];

    public static byte[] Write(IReadOnlyList<NumericsCase> cases)
    {
        var module = new NumericsModule();
        foreach (var item in cases)
            module._bodies.Add(Body(item));
        return module.Bytes();
    }

    private static byte[] Body(NumericsCase item)
    {
        var code = new List<byte> { 0 };
        code.AddRange([0x41, 48]);
        for (var i = 0; i < item.Operands.Length; i++)
        {
            code.AddRange([0x41, (byte)(16 * i)]);
            code.AddRange(Load(item.Operands[i]));
        }

        code.AddRange(item.Opcode);
        code.AddRange(item.Immediate);
        code.AddRange(Store(item.Method.ReturnType));
        code.Add(0x0b);
        return [.. Leb(code.Count), .. code];
    }

    private static byte[] Load(Type type) => type == typeof(int) ? [0x28, 0, 0] : type == typeof(long) ? [0x29, 0, 0] : type == typeof(float) ? [0x2a, 0, 0]
        : type == typeof(double) ? [0x2b, 0, 0] : type == typeof(Vector128<byte>) ? [0xfd, 0, 0, 0] : throw new ArgumentException(type.Name);

    private static byte[] Store(Type type) => type == typeof(int) ? [0x36, 0, 0] : type == typeof(long) ? [0x37, 0, 0] : type == typeof(float) ? [0x38, 0, 0]
        : type == typeof(double) ? [0x39, 0, 0] : type == typeof(Vector128<byte>) ? [0xfd, 0x0b, 0, 0] : throw new ArgumentException(type.Name);

    private byte[] Bytes()
    {
        var exports = new List<byte>(Leb(_bodies.Count + 1));
        for (var i = 0; i < _bodies.Count; i++)
        {
            var name = Encoding.ASCII.GetBytes($"f{i}");
            exports.AddRange([.. Leb(name.Length), .. name, 0, .. Leb(i)]);
        }

        exports.AddRange([1, (byte)'m', 2, 0]);
        return
        [
            0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
            .. Section(1, [1, 0x60, 0, 0]),
            .. Section(3, [.. Leb(_bodies.Count), .. new byte[_bodies.Count]]),
            .. Section(5, [1, 0, 1]),
            .. Section(7, [.. exports]),
            .. Section(10, [.. Leb(_bodies.Count), .. _bodies.SelectMany(body => body)]),
        ];
    }

    private static byte[] Section(byte id, byte[] content) => [id, .. Leb(content.Length), .. content];

    private static byte[] Leb(int value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7f; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}

/// <param name="Name">The operator in the text format.</param>
/// <param name="Opcode">Its opcode's bytes.</param>
/// <param name="Immediate">The lane or lanes that follow the opcode.</param>
/// <param name="Method">The method that is judged.</param>
internal sealed record NumericsCase(string Name, byte[] Opcode, byte[] Immediate, MethodInfo Method)
{
    /// <summary>The types that the operator takes from the stack: the method's parameters but for an immediate.</summary>
    public Type[] Operands { get; } = [.. Method.GetParameters().Where(parameter => parameter.Name is not ("lane" or "lanes")).Select(parameter => parameter.ParameterType)];

    /// <summary>The method's arguments: operands, then the immediate in its type.</summary>
    public object[] Arguments(ReadOnlySpan<byte> operands)
    {
        var arguments = new object[Method.GetParameters().Length];
        for (var i = 0; i < Operands.Length; i++)
        {
            var bytes = operands.Slice(16 * i, 16);
            arguments[i] = Operands[i] == typeof(int) ? BitConverter.ToInt32(bytes) : Operands[i] == typeof(long) ? BitConverter.ToInt64(bytes)
                : Operands[i] == typeof(float) ? BitConverter.ToSingle(bytes) : Operands[i] == typeof(double) ? BitConverter.ToDouble(bytes) : (object)Vector128.Create(bytes);
        }

        if (arguments.Length > Operands.Length)
            arguments[^1] = Immediate.Length == 1 ? (int)Immediate[0] : Vector128.Create(Immediate);
        return arguments;
    }
}
