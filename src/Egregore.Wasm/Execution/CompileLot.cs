using System.Reflection;
using System.Reflection.Emit;

namespace Egregore.Wasm.Execution;

/// <summary>Functions that are compiled together: calls among them are direct, so that the just-in-time compiler may inline them.</summary>
internal sealed class CompileLot
{
    private readonly Dictionary<int, MethodBuilder> methods = [];
    private readonly HashSet<int> stubs = [];

    public CompileLot(ModuleCode code, TypeBuilder holder, IReadOnlyList<int> functions)
    {
        Code = code;
        Functions = functions;
        foreach (int function in functions) methods.Add(function, code.Declare(holder, function, Backtrace.MethodName(function)));
    }

    public ModuleCode Code { get; }

    public IReadOnlyList<int> Functions { get; }

    /// <summary>Functions of other lots that are called here and have no address yet.</summary>
    public IReadOnlyCollection<int> Stubs => stubs;

    public void Emit()
    {
        foreach (int function in Functions)
        {
            Code.CheckTime();
            new FunctionCompiler(this, function, methods[function]).Compile();
        }
    }

    /// <summary>The method of a function that may be called directly, or null where the call goes through its slot.</summary>
    public MethodInfo? Direct(int function)
    {
        if (methods.TryGetValue(function, out MethodBuilder? method)) return method;
        if (Code.Compiled(function) is { } compiled) return compiled;
        if (!Code.HasAddress(function)) stubs.Add(function);
        return null;
    }
}
