namespace Egregore.Wasm.Tests;

/// <summary>Statements over ranges of memory and tables: fill, copy, init, drop, set.</summary>
internal static class FuzzBulk
{
    private const int FuncTable = 0;
    private const int ExternTable = 1;

    public static void Statement(FuzzGenerator module, FuzzRandom random, FuzzWriter code, Action address)
    {
        switch (random.Below(11))
        {
            case 0:
                address();
                Small(random, code, 300);
                Small(random, code, 200);
                code.Byte(0xFC).U32(11).U32(0);
                break;
            case 1 or 2:
                address();
                address();
                Small(random, code, 200);
                code.Byte(0xFC).U32(10).U32(0).U32(0);
                break;
            case 3 or 4 when module.DataSegments.Count > 0:
                int data = random.Below(module.DataSegments.Count);
                address();
                Part(random, code, module.DataSegments[data].Passive ? module.DataSegments[data].Bytes.Length : 0);
                code.Byte(0xFC).U32(8).U32(data).U32(0);
                break;
            case 5 when module.DataSegments.Count > 0 && random.OneIn(3):
                code.Byte(0xFC).U32(9).U32(random.Below(module.DataSegments.Count));
                break;
            case 6:
                int elements = random.Below(module.ElementSegments.Count);
                Slot(random, code);
                Part(random, code, module.ElementSegments[elements].Passive ? module.ElementSegments[elements].Functions.Length : 0);
                code.Byte(0xFC).U32(12).U32(elements).U32(FuncTable);
                break;
            case 7 when random.OneIn(3):
                code.Byte(0xFC).U32(13).U32(random.Below(module.ElementSegments.Count));
                break;
            case 8:
                int table = random.OneIn(6) ? ExternTable : FuncTable;
                Slot(random, code);
                Small(random, code, 4);
                Small(random, code, 3);
                code.Byte(0xFC).U32(14).U32(table).U32(table);
                break;
            case 9:
                Slot(random, code);
                FuzzConstants.Write(code, random, 'r', module.Callable);
                Small(random, code, 2);
                code.Byte(0xFC).U32(17).U32(FuncTable);
                break;
            default:
                bool functions = !random.OneIn(4);
                if (functions) Slot(random, code);
                else Small(random, code, 2);
                FuzzConstants.Write(code, random, functions ? 'r' : 'e', module.Callable);
                code.Byte(0x26).U32(functions ? FuncTable : ExternTable);
                break;
        }
    }

    // The first slots hold what call_indirect expects; they are seldom written.
    private static void Slot(FuzzRandom random, FuzzWriter code) => code.Byte(0x41).Signed(random.OneIn(20) ? random.Below(20) : random.Below(4) + 5);

    // An offset and a count that mostly lie inside.
    private static void Part(FuzzRandom random, FuzzWriter code, int length)
    {
        int from = random.Below(length + 1);
        int count = random.OneIn(20) ? length + 1 : random.Below(length - from + 1);
        code.Byte(0x41).Signed(from).Byte(0x41).Signed(count);
    }

    private static void Small(FuzzRandom random, FuzzWriter code, int end) => code.Byte(0x41).Signed(random.OneIn(100) ? (int)random.Next() : random.Below(end));
}
