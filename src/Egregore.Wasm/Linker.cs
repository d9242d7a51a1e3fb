using Egregore.Wasm.Execution;

namespace Egregore.Wasm;

/// <summary>Names things of one store, and makes instances whose imports it finds among them.</summary>
public sealed class Linker
{
    private readonly Dictionary<(string Module, string Name), object> definitions = [];

    /// <summary>A linker that knows nothing yet.</summary>
    /// <param name="store">The store.</param>
    public Linker(Store store)
    {
        ArgumentNullException.ThrowIfNull(store);
        Store = store;
    }

    /// <summary>The store.</summary>
    public Store Store { get; }

    /// <summary>Names a function; a name given before means the new thing from now on.</summary>
    /// <exception cref="ArgumentException">It is of another store.</exception>
    public void Define(string module, string name, Func value) => Add(module, name, value, value.Store);

    /// <summary>Names a memory.</summary>
    /// <exception cref="ArgumentException">It is of another store.</exception>
    public void Define(string module, string name, Memory value) => Add(module, name, value, value.Store);

    /// <summary>Names a table.</summary>
    /// <exception cref="ArgumentException">It is of another store.</exception>
    public void Define(string module, string name, Table value) => Add(module, name, value, value.Store);

    /// <summary>Names a global.</summary>
    /// <exception cref="ArgumentException">It is of another store.</exception>
    public void Define(string module, string name, Global value) => Add(module, name, value, value.Store);

    /// <summary>Names a host function, see <see cref="Func.FromDelegate"/>.</summary>
    public void DefineFunc(string module, string name, Delegate function) => Define(module, name, Func.FromDelegate(Store, function));

    /// <summary>Names everything that an instance exports.</summary>
    /// <param name="module">The first part of the names.</param>
    /// <param name="instance">The instance.</param>
    /// <exception cref="ArgumentException">It is of another store.</exception>
    public void DefineInstance(string module, Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        foreach (ModuleExport export in instance.Module.Exports) Add(module, export.Name, instance.Export(export), instance.Store);
    }

    /// <summary>
    /// Makes an instance (specification, section 4.5.4): imports are matched, globals, tables and memories made, active segments written, the start function run.
    /// </summary>
    /// <param name="module">A module of the store's engine.</param>
    /// <exception cref="LinkException">An import is unknown or of another type. Nothing was changed.</exception>
    /// <exception cref="LimitException">The instance would be over a limit of the store. Nothing was changed.</exception>
    /// <exception cref="TrapException">A segment does not fit or the start function trapped. What was written to imported memories and tables remains.</exception>
    /// <exception cref="ArgumentException">The module is of another engine.</exception>
    public Instance Instantiate(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (module.Engine != Store.Engine) throw new ArgumentException("The module is of another engine.", nameof(module));
        var imports = new object[module.Imports.Count];
        for (int i = 0; i < imports.Length; i++)
        {
            ModuleImport import = module.Imports[i];
            if (!definitions.TryGetValue((import.Module, import.Name), out object? found)) throw new LinkException($"unknown import {import.Module}.{import.Name}");
            if (!ImportMatch.Matches(import, found)) throw new LinkException($"incompatible import type for {import.Module}.{import.Name}");
            imports[i] = found;
        }

        return Instantiation.Run(Store, module, imports);
    }

    private void Add(string module, string name, object value, Store store)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        if (store != Store) throw new ArgumentException("It is of another store.", nameof(value));
        definitions[(module, name)] = value;
    }
}
