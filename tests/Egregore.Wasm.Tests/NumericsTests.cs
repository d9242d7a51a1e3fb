using System.Reflection;
using System.Runtime.Intrinsics;
using Egregore.Wasm.Numerics;

namespace Egregore.Wasm.Tests;

/// <summary>The numeric operators against V8 on the same operands.</summary>
public sealed class NumericsTests
{
    private const int VectorsPerOperator = 420;
    private const string Script = """
        const fs = require('fs');
        const cases = fs.readFileSync('operands.bin'), sizes = new Uint32Array(new Uint8Array(fs.readFileSync('sizes.bin')).buffer);
        const wasm = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync('module.wasm'))).exports;
        const memory = new Uint8Array(wasm.m.buffer), out = Buffer.alloc(cases.length / 48 * 17);
        for (let f = 0, at = 0, to = 0; f < sizes.length; f++) {
            const call = wasm['f' + f];
            for (let n = 0; n < sizes[f]; n++, at += 48, to += 17) {
                memory.set(cases.subarray(at, at + 48));
                memory.fill(0, 48, 64);
                try { call(); } catch (e) { out[to] = /zero/.test(e.message) ? 1 : /unrepresentable/.test(e.message) ? 2 : 3; }
                out.set(memory.subarray(48, 64), to + 1);
            }
        }
        fs.writeFileSync('results.bin', out);
        """;

    // These move bits and may not touch a NaN; of the others any quiet NaN is right.
    private static readonly string[] ExactNames = ["abs", "neg", "copysign", "pmin", "pmax", "reinterpret", "splat", "lane"];

    [Fact]
    public void Every_method_is_an_operator_and_every_operator_has_its_method()
    {
        var methods = Methods().Keys.Order(StringComparer.Ordinal);
        var names = NumericsOperators.All.Select(row => NumericsOperators.MethodName(row.Name)).Order(StringComparer.Ordinal);
        Assert.Equal(names, methods);
        Assert.Equal(236 - 23, NumericsOperators.All.Count(row => row.Opcode[0] == 0xfd));
    }

    [NodeFact]
    public async Task Every_operator_gives_the_bits_that_V8_gives()
    {
        var cases = Cases().ToArray();
        var operands = cases.Select((item, i) => NumericsOperands.For(item.Operands, VectorsPerOperator, (ulong)i)).ToArray();
        var sizes = operands.SelectMany(bytes => BitConverter.GetBytes(bytes.Length / 48)).ToArray();
        using var node = new NodeProcess();
        node.Write("module.wasm", NumericsModule.Write(cases));
        node.Write("operands.bin", [.. operands.SelectMany(bytes => bytes)]);
        node.Write("sizes.bin", sizes);
        await node.RunAsync(Script);
        var expected = node.Read("results.bin");

        var differences = new List<string>();
        var done = 0;
        for (var f = 0; f < cases.Length; f++)
            for (var at = 0; at < operands[f].Length; at += 48, done++)
                if (!Agrees(cases[f], operands[f].AsSpan(at, 48), expected.AsSpan(done * 17, 17), out var text))
                    differences.Add(text);
        Assert.Equal(expected.Length, done * 17);
        Assert.InRange(done, 100_000, 500_000);
        Assert.True(differences.Count == 0, $"{differences.Count} of {done}:\n{string.Join('\n', differences.Take(40))}");
    }

    [Fact]
    public void A_truncation_says_which_of_the_two_traps_it_is()
    {
        Assert.Equal(TrapCode.InvalidConversionToInteger, Assert.Throws<TrapException>(() => ScalarOps.I32TruncF32S(float.NaN)).Code);
        Assert.Equal(TrapCode.InvalidConversionToInteger, Assert.Throws<TrapException>(() => ScalarOps.I64TruncF64U(double.NaN)).Code);
        Assert.Equal(TrapCode.IntegerOverflow, Assert.Throws<TrapException>(() => ScalarOps.I32TruncF32S(2147483648f)).Code);
        Assert.Equal(TrapCode.IntegerOverflow, Assert.Throws<TrapException>(() => ScalarOps.I64TruncF64U(double.NegativeInfinity)).Code);
        Assert.Equal(TrapCode.IntegerOverflow, Assert.Throws<TrapException>(() => ScalarOps.I64DivS(long.MinValue, -1)).Code);
    }

    [Fact]
    public void A_load_that_extends_reads_its_eight_bytes_by_lane()
    {
        const ulong bits = 0x8001_7fff_ff80_017f;
        Assert.Equal(Vector128.Create(0x7f, 1, -128, -1, -1, 0x7f, 1, -128), SimdOps.V128Extend8x8S(bits).AsInt16());
        Assert.Equal(Vector128.Create(0x7f, 1, 0x80, 0xff, 0xff, 0x7f, 1, 0x80), SimdOps.V128Extend8x8U(bits).AsInt16());
        Assert.Equal(Vector128.Create(0x017f, unchecked((short)0xff80), 0x7fff, unchecked((short)0x8001)), SimdOps.V128Extend16x4S(bits).AsInt32());
        Assert.Equal(Vector128.Create(0x017f, 0xff80, 0x7fff, 0x8001), SimdOps.V128Extend16x4U(bits).AsInt32());
        Assert.Equal(Vector128.Create(unchecked((int)0xff80017f), unchecked((int)0x80017fff)), SimdOps.V128Extend32x2S(bits).AsInt64());
        Assert.Equal(Vector128.Create(0xff80017fL, 0x80017fffL), SimdOps.V128Extend32x2U(bits).AsInt64());
    }

    private static IEnumerable<NumericsCase> Cases()
    {
        var methods = Methods();
        foreach (var (name, opcode) in NumericsOperators.All)
        {
            var method = methods[NumericsOperators.MethodName(name)];
            var lanes = name.Contains("_lane", StringComparison.Ordinal) ? int.Parse(name.AsSpan(name.IndexOf('x') + 1, name.IndexOf('.') - name.IndexOf('x') - 1)) : 0;
            if (name == "i8x16.shuffle")
                for (var i = 0; i < 8; i++)
                    yield return new(name, opcode, [.. Enumerable.Range(0, 16).Select(lane => (byte)((lane * (2 * i + 1) + 5 * i) % 32))], method);
            else if (lanes == 0)
                yield return new(name, opcode, [], method);
            for (var lane = 0; lane < lanes; lane++)
                yield return new(name, opcode, [(byte)lane], method);
        }
    }

    private static Dictionary<string, MethodInfo> Methods() =>
        new[] { typeof(ScalarOps), typeof(SimdOps) }.SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => !method.Name.StartsWith("V128Extend", StringComparison.Ordinal)).ToDictionary(method => method.Name, StringComparer.Ordinal);

    private static bool Agrees(NumericsCase item, ReadOnlySpan<byte> operands, ReadOnlySpan<byte> expected, out string text)
    {
        var status = 0;
        Span<byte> actual = stackalloc byte[16];
        actual.Clear();
        try
        {
            switch (item.Method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, item.Arguments(operands), null))
            {
                case int value: BitConverter.TryWriteBytes(actual, value); break;
                case long value: BitConverter.TryWriteBytes(actual, value); break;
                case float value: BitConverter.TryWriteBytes(actual, value); break;
                case double value: BitConverter.TryWriteBytes(actual, value); break;
                case Vector128<byte> value: value.CopyTo(actual); break;
            }
        }
        catch (TrapException trap)
        {
            status = trap.Code switch { TrapCode.IntegerDivideByZero => 1, TrapCode.IntegerOverflow or TrapCode.InvalidConversionToInteger => 2, _ => 4 };
        }

        var equal = status == expected[0] && (actual.SequenceEqual(expected[1..]) || SameButForNaN(item, actual, expected[1..]));
        text = equal ? "" : $"{item.Name} {Convert.ToHexString(item.Immediate)} of {Convert.ToHexString(operands[..(16 * item.Operands.Length)])}: "
            + $"{status} {Convert.ToHexString(actual)}, V8 {expected[0]} {Convert.ToHexString(expected[1..])}";
        return equal;
    }

    private static bool SameButForNaN(NumericsCase item, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        if (ExactNames.Any(name => item.Name.Contains(name, StringComparison.Ordinal)))
            return false;
        var size = item.Name.StartsWith("f32", StringComparison.Ordinal) ? 4 : item.Name.StartsWith("f64", StringComparison.Ordinal) ? 8 : 0;
        for (var at = 0; size > 0 && at < 16; at += size)
            if (!actual.Slice(at, size).SequenceEqual(expected.Slice(at, size)) && !(IsQuietNaN(actual.Slice(at, size)) && IsQuietNaN(expected.Slice(at, size))))
                return false;
        return size > 0;
    }

    private static bool IsQuietNaN(ReadOnlySpan<byte> bytes) => bytes.Length == 4
        ? (BitConverter.ToUInt32(bytes) & 0x7fc00000) == 0x7fc00000
        : (BitConverter.ToUInt64(bytes) & 0x7ff8000000000000) == 0x7ff8000000000000;
}
