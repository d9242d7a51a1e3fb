namespace Egregore.Wasm.Tests;

/// <summary>Shortcuts from a module's bytes to an instance.</summary>
internal static class Running
{
    public static Instance Instantiate(WasmWriter writer, StoreLimits? limits = null, Action<Linker>? link = null, bool lazy = true)
    {
        var engine = new Engine(new EngineOptions { Lazy = lazy, Limits = limits ?? StoreLimits.Default });
        var linker = new Linker(new Store(engine));
        link?.Invoke(linker);
        return linker.Instantiate(engine.Compile(writer.Build()));
    }

    /// <summary>Runs on a thread with a stack of so many bytes, and gives back what it threw.</summary>
    public static Exception? OnThread(int stackBytes, Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(action), stackBytes);
        thread.Start();
        thread.Join();
        return thrown;
    }
}
