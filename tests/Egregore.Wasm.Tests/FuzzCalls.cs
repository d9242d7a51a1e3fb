using System.Text;

namespace Egregore.Wasm.Tests;

/// <summary>One call of a module's export, its arguments as bits.</summary>
/// <param name="Export">The function.</param>
/// <param name="Type">Numbers only.</param>
/// <param name="Arguments">The bits of each; 32-bit types in the low half.</param>
internal sealed record FuzzCall(string Export, FuzzType Type, ulong[] Arguments);

/// <summary>Calls of a module, and the custom section that tells them to the other engine.</summary>
internal static class FuzzCalls
{
    /// <summary>An argument of a type; no NaN, whose bits do not pass through JavaScript.</summary>
    public static ulong Argument(FuzzRandom random, char type) => type switch
    {
        'i' => (uint)FuzzConstants.Integer(random),
        'I' => (ulong)FuzzConstants.Integer(random),
        'f' => FuzzConstants.Float32(random, nan: false),
        _ => FuzzConstants.Float64(random, nan: false),
    };

    /// <summary>A call of every exported function that takes and gives numbers only.</summary>
    public static FuzzCall[] Of(Module module, FuzzRandom random) =>
        [.. module.Exports.Where(e => e.Kind == ExternalKind.Func && e.Name.All(char.IsAsciiLetterOrDigit)).Take(8)
            .Select(e => (e.Name, Type: Letters(module.FunctionType(e.Index))))
            .Where(e => !(e.Type.Parameters + e.Type.Results).Contains('-') && e.Type.Parameters.Length < 100)
            .Select(e => new FuzzCall(e.Name, e.Type, [.. e.Type.Parameters.Select(p => Argument(random, p))]))];

    /// <summary>A custom section <c>calls</c>; the last of that name counts.</summary>
    public static byte[] Section(IReadOnlyList<FuzzCall> calls)
    {
        string listed = string.Join(';', calls.Select(c => $"{c.Export}:{c.Type.Parameters}:{c.Type.Results}:{string.Join(',', c.Arguments.Select(a => a.ToString("x16")))}"));
        return new FuzzWriter().Section(0, new FuzzWriter().Name("calls").Raw(Encoding.UTF8.GetBytes(listed))).ToArray();
    }

    /// <summary>The calls of a module's last section <c>calls</c>.</summary>
    public static IReadOnlyList<FuzzCall> Read(Module module) =>
        [.. Encoding.UTF8.GetString(module.CustomSections.Last(s => s.Name == "calls").Contents.Span).Split(';').Select(call => call.Split(':'))
            .Select(c => new FuzzCall(c[0], new FuzzType(c[1], c[2]), [.. c[3].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(bits => Convert.ToUInt64(bits, 16))]))];

    private static FuzzType Letters(FuncType type) => new(Letters(type.Parameters), Letters(type.Results));

    private static string Letters(ReadOnlySpan<ValueType> types)
    {
        var letters = new StringBuilder();
        foreach (ValueType type in types)
            letters.Append(type switch { ValueType.I32 => 'i', ValueType.I64 => 'I', ValueType.F32 => 'f', ValueType.F64 => 'F', _ => '-' });
        return letters.ToString();
    }
}
