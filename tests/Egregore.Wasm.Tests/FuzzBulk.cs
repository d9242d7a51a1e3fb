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
            case 3 or 4 when module.DataSegments > 0:
                address();
                Small(random, code, 20);
                Small(random, code, 20);
                code.Byte(0xFC).U32(8).U32(random.Below(module.DataSegments)).U32(0);
                break;
            case 5 when module.DataSegments > 0:
                code.Byte(0xFC).U32(9).U32(random.Below(module.DataSegments));
                break;
            case 6:
                Small(random, code, 8);
                Small(random, code, 4);
                Small(random, code, 4);
                code.Byte(0xFC).U32(12).U32(random.Below(module.ElementSegments)).U32(FuncTable);
                break;
            case 7:
                code.Byte(0xFC).U32(13).U32(random.Below(module.ElementSegments));
                break;
            case 8:
                int table = random.Below(2);
                Small(random, code, 8);
                Small(random, code, 8);
                Small(random, code, 4);
                code.Byte(0xFC).U32(14).U32(table).U32(table);
                break;
            case 9:
                Small(random, code, 8);
                FuzzConstants.Write(code, random, 'r', module.Functions.Count);
                Small(random, code, 3);
                code.Byte(0xFC).U32(17).U32(FuncTable);
                break;
            default:
                Small(random, code, 10);
                bool functions = random.OneIn(2);
                FuzzConstants.Write(code, random, functions ? 'r' : 'e', module.Functions.Count);
                code.Byte(0x26).U32(functions ? FuncTable : ExternTable);
                break;
        }
    }

    private static void Small(FuzzRandom random, FuzzWriter code, int end) => code.Byte(0x41).Signed(random.OneIn(40) ? (int)random.Next() : random.Below(end));
}
