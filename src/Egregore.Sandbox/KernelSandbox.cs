using Egregore.Wasm;
using Egregore.Wasm.Metering;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Sandbox;

/// <summary>
/// Runs kernels of strangers on bytes of strangers. A kernel is checked against its hash and the ABI when it is loaded; every run has an instance of its own, fuel, a bound on memory and a
/// bound on what it answers, and sees nothing of the runs before it. Safe to use from several threads; a run holds its thread until the kernel ends or its fuel does.
/// </summary>
/// <remarks>A run cannot be interrupted from outside: what bounds its time is fuel. A host that must be rid of a run at once gives it a process of its own.</remarks>
public sealed class KernelSandbox : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<KernelHash, Loaded> _kernels = [];
    private readonly SandboxOptions _options;
    private readonly StoreLimits _limits;
    private readonly TimeProvider _time;
    private long _uses;

    /// <param name="options">Its bounds; null: the defaults.</param>
    /// <param name="time">The clock that bounds compilation.</param>
    public KernelSandbox(SandboxOptions? options, TimeProvider time)
    {
        _options = options ?? new SandboxOptions();
        _limits = KernelModule.LimitsOf(_options);
        _time = time;
    }

    /// <summary>Whether a kernel is loaded.</summary>
    public bool Holds(KernelHash kernel)
    {
        lock (_gate)
            return _kernels.ContainsKey(kernel);
    }

    /// <summary>Loads a kernel, once; a second time does nothing.</summary>
    /// <param name="kernel">Its name.</param>
    /// <param name="metered">Its bytes.</param>
    /// <exception cref="KernelRefusedException">The bytes are not those of that name, or are no kernel.</exception>
    public void Load(KernelHash kernel, ReadOnlySpan<byte> metered)
    {
        if (Holds(kernel))
            return;
        if (KernelHash.Of(metered) != kernel)
            throw new KernelRefusedException($"the bytes are not those of kernel {kernel}");
        KernelModule.Check(metered, _options);
        var engine = new Engine(new EngineOptions { Limits = _limits, Time = _time });
        Module module;
        try
        {
            module = engine.Compile(metered);
        }
        catch (WasmException e)
        {
            engine.Dispose();
            throw new KernelRefusedException($"kernel {kernel} is not taken: {e.Message}", e);
        }

        lock (_gate)
        {
            while (_kernels.Count >= _options.KernelsMax)
            {
                // The least recently used one; the engine's code goes when its last run has ended.
                var oldest = _kernels.MinBy(known => known.Value.Used).Key;
                _kernels.Remove(oldest);
            }

            _kernels.TryAdd(kernel, new Loaded(engine, module) { Used = ++_uses });
        }
    }

    /// <summary>Runs a kernel on a task's bytes: its shared block with the input behind it.</summary>
    /// <param name="kernel">A kernel that is loaded; if it is not, the fault is <see cref="WorkFault.Missing"/>.</param>
    /// <param name="shared">The shared block; may be empty.</param>
    /// <param name="input">The input.</param>
    /// <param name="fuel">What it may use.</param>
    /// <param name="outputMax">Bytes it may answer.</param>
    public KernelRun Run(KernelHash kernel, ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ulong fuel, int outputMax)
    {
        Loaded? loaded;
        lock (_gate)
        {
            if (_kernels.TryGetValue(kernel, out loaded))
                loaded.Used = ++_uses;
        }

        if (loaded is null)
            return Faulty(WorkFault.Missing, 0, $"kernel {kernel} is not here");
        var given = (long)Math.Min(fuel, long.MaxValue);
        FuelGauge? gauge = null;
        try
        {
            var instance = new Linker(new Store(loaded.Engine, _limits)).Instantiate(loaded.Module);
            gauge = new FuelGauge(instance) { Fuel = given };
            return Call(instance, gauge, given, shared, input, outputMax);
        }
        catch (TrapException e)
        {
            var code = gauge?.CodeOf(e) ?? e.Code;
            return code == TrapCode.OutOfFuel
                ? Faulty(WorkFault.OutOfFuel, given, $"it used all of its {given} fuel")
                : Faulty(WorkFault.Trapped, Used(given, gauge), $"it trapped: {TrapException.TextOf(code)}");
        }
        catch (WasmException e)
        {
            return Faulty(WorkFault.Internal, Used(given, gauge), e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var loaded in _kernels.Values)
                loaded.Engine.Dispose();
            _kernels.Clear();
        }
    }

    private static KernelRun Call(Instance instance, FuelGauge gauge, long given, ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, int outputMax)
    {
        var memory = instance.GetMemory("memory");
        var length = shared.Length + input.Length;
        var at = instance.GetFunc("alloc").As<Func<int, int>>()(length);
        var end = (uint)at + (ulong)length;
        if (end > (ulong)memory.Length)
            return Faulty(WorkFault.Trapped, Used(given, gauge), $"alloc({length}) answered {(uint)at}, which is outside its memory of {memory.Length} bytes");
        shared.CopyTo(memory.Span[at..]);
        input.CopyTo(memory.Span[(at + shared.Length)..]);
        var answer = instance.GetFunc("run").As<Func<int, int, long>>()(at, length);
        var used = Used(given, gauge);
        if (answer < 0)
            return Faulty(WorkFault.Trapped, used, $"it refused its input with code {-answer}");
        var start = (ulong)answer >> 32;
        var size = (ulong)answer & uint.MaxValue;
        if (size > (ulong)outputMax)
            return Faulty(WorkFault.TooLarge, used, $"it answered {size} bytes; at most {outputMax} are taken");
        return start + size > (ulong)memory.Length
            ? Faulty(WorkFault.Trapped, used, $"its answer of {size} bytes at {start} is outside its memory of {memory.Length} bytes")
            : new KernelRun(WorkFault.None, memory.Span.Slice((int)start, (int)size).ToArray(), (ulong)used, null);
    }

    private static long Used(long given, FuelGauge? gauge) => gauge is null ? 0 : given - Math.Max(0, gauge.Fuel);

    private static KernelRun Faulty(WorkFault fault, long used, string text) => new(fault, [], (ulong)Math.Max(0, used), text);

    private sealed class Loaded(Engine engine, Module module)
    {
        public Engine Engine { get; } = engine;

        public Module Module { get; } = module;

        public long Used { get; set; }
    }
}
