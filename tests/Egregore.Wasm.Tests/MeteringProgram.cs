using Egregore.Wasm.Metering;

namespace Egregore.Wasm.Tests;

/// <summary>
/// Random modules made of control flow: blocks, loops, arms, tables of branches, returns, calls, recursion, traps, lengths. Every back edge takes one from a budget and traps when
/// there is none left, so each of them ends. Export <c>run</c> takes two numbers; import <c>host.call</c> takes one and gives one.
/// </summary>
internal sealed class MeteringProgram
{
    private const int Functions = 4;
    private const int Locals = 4;
    private readonly ByteWriter _code = new();
    private readonly List<bool> _labels = [];
    private ulong _state;
    private int _function;
    private int _left;

    private MeteringProgram(ulong seed) => _state = seed;

    public static byte[] Write(ulong seed)
    {
        var program = new MeteringProgram(seed);
        var module = new ByteWriter();
        module.Bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
        // Types: 0 run and its like, 1 the host's, 2 two results.
        module.Section(1, [3, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 2, 0x7f, 0x7f]);
        module.Section(2, [1, 4, .. "host"u8, 4, .. "call"u8, 0, 1]);
        module.Section(3, [Functions + 1, 0, 0, 0, 0, 2]);
        module.Section(4, [1, 0x70, 0, 5]);
        module.Section(5, [1, 1, 1, 3]);
        // Global 0 is the budget of back edges and recursion.
        module.Section(6, [1, 0x7f, 1, 0x41, 0xe4, 0, 0x0b]);
        module.Section(7, [2, 3, .. "run"u8, 0, 1, 6, .. "memory"u8, 2, 0]);
        module.Section(9, [1, 0, 0x41, 0, 0x0b, 5, 1, 2, 3, 4, 5]);
        var code = new ByteWriter();
        code.U32(Functions + 1);
        for (var i = 0; i <= Functions; i++)
        {
            var body = program.Body(i);
            code.U32((uint)body.Length);
            code.Bytes(body);
        }

        module.Section(10, code.Written);
        return module.Written.ToArray();
    }

    private byte[] Body(int function)
    {
        _function = function;
        _left = 60;
        _code.Clear();
        _labels.Clear();
        _labels.Add(false);
        _code.Bytes([1, Locals, 0x7f]);
        Statements(0);
        if (function == Functions)
            Expression(2);
        Expression(2);
        _code.Byte(0x0b);
        return _code.Written.ToArray();
    }

    private void Statements(int depth)
    {
        for (var count = Random(4) + 1; count > 0 && _left > 0; count--)
            if (Statement(depth))
                return;
    }

    /// <summary>Whether what follows is never reached.</summary>
    private bool Statement(int depth)
    {
        _left--;
        switch (depth > 5 ? Random(4) : Random(16))
        {
            case 0 or 1:
                Expression(0);
                _code.Bytes([0x21, Local()]);
                return false;
            case 2:
                Address();
                Expression(0);
                _code.Bytes([0x36, 2, 0]);
                return false;
            case 3:
                Branch(conditional: true);
                return false;
            case 4 or 5 or 6:
                Open(0x02, loop: false, depth);
                return false;
            case 7 or 8 or 9:
                Open(0x03, loop: true, depth);
                return false;
            case 10 or 11:
                Expression(0);
                _code.Bytes([0x04, 0x40]);
                _labels.Add(false);
                Statements(depth + 1);
                if (Random(2) == 0)
                {
                    _code.Byte(0x05);
                    Statements(depth + 1);
                }

                Close();
                return false;
            case 12:
                Branch(conditional: false);
                return Random(4) != 0;
            case 13:
                return Table();
            case 14:
                Length();
                return false;
            default:
                if (Random(3) != 0)
                    return false;
                Result();
                _code.Byte(0x0f);
                return true;
        }
    }

    private void Open(byte op, bool loop, int depth)
    {
        _code.Bytes([op, 0x40]);
        _labels.Add(loop);
        Statements(depth + 1);
        if (loop && Random(3) != 0)
            BranchTo(0, conditional: Random(2) == 0);
        Close();
    }

    private void Close()
    {
        _labels.RemoveAt(_labels.Count - 1);
        _code.Byte(0x0b);
    }

    private void Branch(bool conditional) => BranchTo(Random(_labels.Count), conditional);

    private void BranchTo(int label, bool conditional)
    {
        var target = _labels.Count - 1 - label;
        if (_labels[target])
            Spend();
        if (target == 0)
            Result();
        if (conditional)
            Expression(0);
        _code.Bytes([conditional ? (byte)0x0d : (byte)0x0c, (byte)label]);
        if (conditional && target == 0)
            for (var i = _function == Functions ? 2 : 1; i > 0; i--)
                _code.Byte(0x1a);
    }

    private bool Table()
    {
        // The function's label takes values and the others none, so it is left out.
        if (_labels.Count < 2)
            return false;
        Spend();
        Expression(0);
        _code.Bytes([0x0e, 2, (byte)Random(_labels.Count - 1), (byte)Random(_labels.Count - 1), (byte)Random(_labels.Count - 1)]);
        return true;
    }

    private void Length()
    {
        switch (Random(3))
        {
            case 0:
                Address();
                Expression(0);
                Expression(0);
                _code.Bytes([0x41, 0xff, 1, 0x71, 0xfc, 0x0b, 0]);
                break;
            case 1:
                Address();
                Address();
                Expression(0);
                _code.Bytes([0x41, 0xff, 1, 0x71, 0xfc, 0x0a, 0, 0]);
                break;
            default:
                Expression(0);
                _code.Bytes([0x41, 1, 0x71, 0x40, 0, 0x1a]);
                break;
        }
    }

    /// <summary>Traps if the budget is used up.</summary>
    private void Spend() => _code.Bytes([0x23, 0, 0x45, 0x04, 0x40, 0x00, 0x0b, 0x23, 0, 0x41, 1, 0x6b, 0x24, 0]);

    private void Result()
    {
        Expression(1);
        if (_function == Functions)
            Expression(1);
    }

    private void Address()
    {
        Expression(1);
        _code.Bytes([0x41, 0xfc, 0x3f, 0x71]);
    }

    private void Expression(int depth)
    {
        switch (depth > 2 ? Random(4) : Random(12))
        {
            case 0 or 1 or 2:
                _code.Bytes([0x20, Local()]);
                break;
            case 3:
                _code.Byte(0x41);
                _code.S64(Random(200) - 100);
                break;
            case 4:
                Address();
                _code.Bytes([0x28, 2, 0]);
                break;
            case 5 when _left-- > 0:
                Call();
                break;
            case 6:
                Expression(depth + 1);
                _code.Bytes([0x04, 0x7f]);
                _labels.Add(false);
                Expression(depth + 1);
                _code.Byte(0x05);
                Expression(depth + 1);
                Close();
                break;
            case 7 when Random(8) == 0:
                Expression(depth + 1);
                Expression(depth + 1);
                _code.Byte(0x6d);
                break;
            default:
                Expression(depth + 1);
                Expression(depth + 1);
                _code.Byte(new byte[] { 0x6a, 0x6b, 0x71, 0x72, 0x73, 0x48, 0x4a, 0x46 }[Random(8)]);
                break;
        }
    }

    private void Call()
    {
        switch (Random(4))
        {
            case 0:
                Expression(3);
                _code.Bytes([0x10, 0]);
                break;
            case 1:
                Spend();
                Expression(3);
                Expression(3);
                Expression(3);
                _code.Bytes([0x41, 3, 0x71, 0x11, 0, 0]);
                break;
            case 2:
                Spend();
                Expression(3);
                _code.Bytes([0x10, Functions + 1, 0x6a]);
                break;
            default:
                Spend();
                Expression(3);
                Expression(3);
                _code.Bytes([0x10, (byte)(1 + Random(Functions))]);
                break;
        }
    }

    // The last function has one parameter.
    private byte Local() => (byte)Random(Locals + 1);

    private int Random(int below)
    {
        _state += 0x9e3779b97f4a7c15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return (int)((z ^ (z >> 31)) >> 33) % below;
    }
}
