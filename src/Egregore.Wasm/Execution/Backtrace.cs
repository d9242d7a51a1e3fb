using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Execution;

/// <summary>Reads a .NET stack trace as WebAssembly frames: the methods of emitted assemblies are named by their function's index.</summary>
internal static class Backtrace
{
    /// <summary>Frames that a backtrace lists at most; a runaway recursion has thousands alike.</summary>
    public const int FramesMax = 256;

    private const string Prefix = "f";

    private static readonly ConditionalWeakTable<Assembly, Func<int, WasmFrame>> Modules = [];

    /// <summary>The name of a function's method.</summary>
    public static string MethodName(int function) => Prefix + function.ToString(CultureInfo.InvariantCulture);

    /// <summary>Says how the functions of an emitted assembly are called.</summary>
    public static void Register(Assembly assembly, Func<int, WasmFrame> describe) => Modules.AddOrUpdate(assembly, describe);

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Emitted methods are never trimmed.")]
    public static IReadOnlyList<WasmFrame> Of(Exception exception)
    {
        var frames = new List<WasmFrame>();
        foreach (StackFrame frame in new StackTrace(exception, false).GetFrames())
        {
            if (frame.GetMethod() is not { } method || !method.Name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            if (!Modules.TryGetValue(method.Module.Assembly, out Func<int, WasmFrame>? describe)) continue;
            if (!int.TryParse(method.Name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index)) continue;
            frames.Add(describe(index));
            if (frames.Count == FramesMax) break;
        }

        return frames;
    }
}
