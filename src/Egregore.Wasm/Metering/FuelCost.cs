using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Metering;

/// <summary>
/// The weights of the operators: the one place they stand. Fuel is a count and no time: the weights only keep a program from buying much more of a processor's time with one kind
/// of operator than with another. They are part of what two hosts agree on: a change of one changes every count.
/// </summary>
public static class FuelCost
{
    /// <summary><c>block</c>, <c>loop</c>, <c>else</c>, <c>end</c>, <c>nop</c>: nothing is executed for them.</summary>
    public const int Structure = 0;

    /// <summary>Every operator that no other class names: constants, locals, arithmetic, comparisons, conversions, branches, vector lanes.</summary>
    public const int Simple = 1;

    /// <summary>Loads and stores of every width, globals, <c>memory.size</c>, <c>table.size</c>, <c>br_table</c>.</summary>
    public const int Memory = 2;

    /// <summary><c>table.get</c>, <c>table.set</c>, <c>ref.func</c>.</summary>
    public const int Reference = 4;

    /// <summary><c>call</c>.</summary>
    public const int Call = 6;

    /// <summary><c>call_indirect</c>.</summary>
    public const int CallIndirect = 10;

    /// <summary>Division, remainder and square root of scalars and vectors.</summary>
    public const int Division = 12;

    /// <summary>The fixed part of bulk operators: <c>memory.*</c> and <c>table.*</c> of a length, <c>data.drop</c>, <c>elem.drop</c>, <c>memory.grow</c>.</summary>
    public const int Bulk = 16;

    /// <summary>Bytes that <c>memory.init</c>, <c>memory.copy</c> and <c>memory.fill</c> move for one unit, rounded down.</summary>
    public const int BulkBytesPerUnit = 8;

    /// <summary>Units for each entry of <c>table.init</c>, <c>table.copy</c>, <c>table.fill</c> and <c>table.grow</c>.</summary>
    public const int TableEntry = 2;

    /// <summary>Units for each page (65,536 bytes) asked of <c>memory.grow</c>, granted or not.</summary>
    public const int Page = 1024;

    /// <summary>Locals, parameters not counted, that a function's entry sets to zero for one unit, rounded down.</summary>
    public const int LocalsPerUnit = 4;

    /// <summary>The operator's weight without its part by length.</summary>
    internal static int Of(OpCode op) => op switch
    {
        OpCode.Block or OpCode.Loop or OpCode.Else or OpCode.End or OpCode.Nop => Structure,
        OpCode.GlobalGet or OpCode.GlobalSet or OpCode.MemorySize or OpCode.TableSize or OpCode.BrTable => Memory,
        >= OpCode.I32Load and <= OpCode.I64Store32 => Memory,
        >= OpCode.V128Load and <= OpCode.V128Store or >= OpCode.V128Load8Lane and <= OpCode.V128Load64Zero => Memory,
        OpCode.TableGet or OpCode.TableSet or OpCode.RefFunc => Reference,
        OpCode.Call => Call,
        OpCode.CallIndirect => CallIndirect,
        >= OpCode.I32DivS and <= OpCode.I32RemU or >= OpCode.I64DivS and <= OpCode.I64RemU => Division,
        OpCode.F32Div or OpCode.F32Sqrt or OpCode.F64Div or OpCode.F64Sqrt => Division,
        OpCode.F32x4Div or OpCode.F32x4Sqrt or OpCode.F64x2Div or OpCode.F64x2Sqrt => Division,
        >= OpCode.MemoryInit and <= OpCode.TableGrow or OpCode.TableFill or OpCode.MemoryGrow => Bulk,
        _ => Simple,
    };

    /// <summary>Where an operator costs by a length, which is its uppermost operand, an unsigned i32: the bits that length is shifted left, or right if negative.</summary>
    internal static int? LengthShift(OpCode op) => op switch
    {
        OpCode.MemoryInit or OpCode.MemoryCopy or OpCode.MemoryFill => -3,
        OpCode.TableInit or OpCode.TableCopy or OpCode.TableFill or OpCode.TableGrow => 1,
        OpCode.MemoryGrow => 10,
        _ => null,
    };
}
