using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <content>Rotations and reinterpretation: what the just-in-time compiler gets wrong in its plain form.</content>
internal sealed partial class FunctionCompiler
{
    /// <summary>
    /// An integer's bits as a float, through a vector: the just-in-time compiler (.NET 10) makes <c>BitConverter.Int32BitsToSingle</c> of a byte or 16 bits that lie in memory a load of
    /// four bytes from there, which gives other bits and reaches beyond the end.
    /// </summary>
    private void EmitReinterpret()
    {
        il.Emit(OpCodes.Call, KnownMethods.VectorOfInt32);
        il.Emit(OpCodes.Call, KnownMethods.Int32VectorAsSingles);
        il.Emit(OpCodes.Call, KnownMethods.FirstSingle);
    }

    /// <summary>
    /// A rotation, or what the just-in-time compiler makes one of. It takes the zero flag from x64's <c>rol</c> and <c>ror</c> by a constant, which leave it as it was (.NET 10): where
    /// the result is compared with 0, the comparison sees that of an earlier instruction.
    /// </summary>
    private static bool MayRotate(Node node) => node.Kind == NodeKind.Operator && node.Op switch
    {
        OpCode.I32Rotl or OpCode.I32Rotr or OpCode.I64Rotl or OpCode.I64Rotr => true,
        OpCode.I32Or or OpCode.I32Xor or OpCode.I64Or or OpCode.I64Xor => IsShift(node.A!) && IsShift(node.B!),
        _ => false,
    };

    private static bool IsShift(Node node) =>
        node is { Kind: NodeKind.Operator, Op: OpCode.I32Shl or OpCode.I32ShrU or OpCode.I64Shl or OpCode.I64ShrU };

    /// <summary>The rotation, and behind it the addition of a 0 that the just-in-time compiler does not know: that sets the flags.</summary>
    private void EmitRotation(Node node)
    {
        Emit(node.A!);
        Emit(node.B!);
        if (IsShiftPair(node)) il.Emit(node.Op is OpCode.I32Or or OpCode.I64Or ? OpCodes.Or : OpCodes.Xor);
        else il.Emit(OpCodes.Call, KnownMethods.Operator(node.Op));
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, KnownMethods.ContextZero);
        if (node.Type == ValueType.I64) il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Add);
    }

    private static bool IsShiftPair(Node node) => node.Op is OpCode.I32Or or OpCode.I32Xor or OpCode.I64Or or OpCode.I64Xor;

    /// <summary>The variable that an exclusive or of rotations and shifts is made of, where it is one and the same: SHA-256 is made of these. It sets the flags itself and cannot be folded.</summary>
    private static Variable? MixedVariable(Node node) => node switch
    {
        { Kind: NodeKind.Operator, Op: OpCode.I32Rotl or OpCode.I32Rotr or OpCode.I64Rotl or OpCode.I64Rotr or OpCode.I32ShrU or OpCode.I64ShrU, A: { Kind: NodeKind.Variable } of, B.Kind: NodeKind.Constant } => of.Variable,
        { Kind: NodeKind.Operator, Op: OpCode.I32Xor or OpCode.I64Xor } when MixedVariable(node.A!) is { } variable && variable == MixedVariable(node.B!) => variable,
        _ => null,
    };

    private void EmitMix(Node node)
    {
        if (node.Op is OpCode.I32Xor or OpCode.I64Xor)
        {
            EmitMix(node.A!);
            EmitMix(node.B!);
            il.Emit(OpCodes.Xor);
        }
        else if (node.Op is OpCode.I32ShrU or OpCode.I64ShrU)
        {
            EmitNumeric(node);
        }
        else
        {
            Emit(node.A!);
            Emit(node.B!);
            il.Emit(OpCodes.Call, KnownMethods.Operator(node.Op));
        }
    }
}
