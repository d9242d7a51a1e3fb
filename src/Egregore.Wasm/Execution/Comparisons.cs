using System.Reflection.Emit;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <summary>Comparisons in IL. With floats an unordered pair has to fail every comparison but <c>ne</c>, so the opposite of one is the other's unordered form.</summary>
internal static class Comparisons
{
    /// <summary>The branch that is taken where a comparison is true (or false), or null where the instruction is no comparison.</summary>
    public static System.Reflection.Emit.OpCode? BranchOf(OpCode op, bool when) => op switch
    {
        OpCode.I32Eq or OpCode.I64Eq or OpCode.F32Eq or OpCode.F64Eq => when ? OpCodes.Beq : OpCodes.Bne_Un,
        OpCode.I32Ne or OpCode.I64Ne or OpCode.F32Ne or OpCode.F64Ne => when ? OpCodes.Bne_Un : OpCodes.Beq,
        OpCode.I32LtS or OpCode.I64LtS => when ? OpCodes.Blt : OpCodes.Bge,
        OpCode.I32LtU or OpCode.I64LtU => when ? OpCodes.Blt_Un : OpCodes.Bge_Un,
        OpCode.I32GtS or OpCode.I64GtS => when ? OpCodes.Bgt : OpCodes.Ble,
        OpCode.I32GtU or OpCode.I64GtU => when ? OpCodes.Bgt_Un : OpCodes.Ble_Un,
        OpCode.I32LeS or OpCode.I64LeS => when ? OpCodes.Ble : OpCodes.Bgt,
        OpCode.I32LeU or OpCode.I64LeU => when ? OpCodes.Ble_Un : OpCodes.Bgt_Un,
        OpCode.I32GeS or OpCode.I64GeS => when ? OpCodes.Bge : OpCodes.Blt,
        OpCode.I32GeU or OpCode.I64GeU => when ? OpCodes.Bge_Un : OpCodes.Blt_Un,
        OpCode.F32Lt or OpCode.F64Lt => when ? OpCodes.Blt : OpCodes.Bge_Un,
        OpCode.F32Gt or OpCode.F64Gt => when ? OpCodes.Bgt : OpCodes.Ble_Un,
        OpCode.F32Le or OpCode.F64Le => when ? OpCodes.Ble : OpCodes.Bgt_Un,
        OpCode.F32Ge or OpCode.F64Ge => when ? OpCodes.Bge : OpCodes.Blt_Un,
        _ => null,
    };

    /// <summary>The instruction of a comparison's value, and whether its opposite is meant; null where the instruction is no comparison.</summary>
    public static (System.Reflection.Emit.OpCode Compare, bool Negate)? ValueOf(OpCode op) => op switch
    {
        OpCode.I32Eq or OpCode.I64Eq or OpCode.F32Eq or OpCode.F64Eq => (OpCodes.Ceq, false),
        OpCode.I32Ne or OpCode.I64Ne or OpCode.F32Ne or OpCode.F64Ne => (OpCodes.Ceq, true),
        OpCode.I32LtS or OpCode.I64LtS or OpCode.F32Lt or OpCode.F64Lt => (OpCodes.Clt, false),
        OpCode.I32LtU or OpCode.I64LtU => (OpCodes.Clt_Un, false),
        OpCode.I32GtS or OpCode.I64GtS or OpCode.F32Gt or OpCode.F64Gt => (OpCodes.Cgt, false),
        OpCode.I32GtU or OpCode.I64GtU => (OpCodes.Cgt_Un, false),
        OpCode.I32LeS or OpCode.I64LeS => (OpCodes.Cgt, true),
        OpCode.I32LeU or OpCode.I64LeU or OpCode.F32Le or OpCode.F64Le => (OpCodes.Cgt_Un, true),
        OpCode.I32GeS or OpCode.I64GeS => (OpCodes.Clt, true),
        OpCode.I32GeU or OpCode.I64GeU or OpCode.F32Ge or OpCode.F64Ge => (OpCodes.Clt_Un, true),
        _ => null,
    };
}
