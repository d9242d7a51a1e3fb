using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Execution;

/// <summary>Makes the assemblies that emitted code lives in. They may use this library's internals, and those of the assemblies named.</summary>
internal static class EmittedAssembly
{
    public static ModuleBuilder Create(string name, bool collectible, params ReadOnlySpan<string> opened)
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(
            new AssemblyName(name), collectible ? AssemblyBuilderAccess.RunAndCollect : AssemblyBuilderAccess.Run);
        ConstructorInfo attribute = typeof(IgnoresAccessChecksToAttribute).GetConstructors()[0];
        assembly.SetCustomAttribute(new CustomAttributeBuilder(attribute, [typeof(Engine).Assembly.GetName().Name]));
        foreach (string other in opened) assembly.SetCustomAttribute(new CustomAttributeBuilder(attribute, [other]));
        return assembly.DefineDynamicModule(name);
    }
}
