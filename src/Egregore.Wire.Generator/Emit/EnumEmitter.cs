using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

internal static class EnumEmitter
{
    public static string Emit(EnumDeclaration declaration)
    {
        CodeWriter code = CodeWriter.ForFile(declaration.Namespace);
        code.Summary(declaration.Documentation, $"Enum <c>{declaration.Name}</c> of the schema; values that this build does not know may arrive.");
        if (declaration.IsFlags)
        {
            code.Line("[global::System.Flags]");
        }
        code.Open($"public enum {declaration.Name} : {declaration.Underlying.CSharp}");
        foreach (EnumValue value in declaration.Values)
        {
            code.Summary(value.Documentation, $"Value {value.Value}.");
            code.Line($"{value.Name} = {Defaults.InCSharp(value.Value, declaration.Underlying)},");
        }
        code.Close();
        return code.ToString();
    }
}
