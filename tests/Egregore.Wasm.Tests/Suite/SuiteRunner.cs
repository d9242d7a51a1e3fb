using System.Text.Json;

namespace Egregore.Wasm.Tests.Suite;

/// <summary>Runs the commands of one file of the suite.</summary>
internal sealed class SuiteRunner
{
    private readonly Dictionary<string, byte[]> contents;
    private readonly Engine engine;
    private readonly Linker linker;
    private readonly Dictionary<string, Instance> named = new(StringComparer.Ordinal);
    private Instance? current;

    public SuiteRunner(Engine engine, Dictionary<string, byte[]> contents)
    {
        this.engine = engine;
        this.contents = contents;
        var store = new Store(engine);
        linker = new Linker(store);
        SpecTest.Define(linker);
    }

    public int Passed { get; private set; }

    /// <summary>Commands on the text format, which is not this library's.</summary>
    public int TextOnly { get; private set; }

    public List<string> Failures { get; } = [];

    public void Run(string file)
    {
        using JsonDocument document = JsonDocument.Parse(contents[file + ".json"]);
        foreach (JsonElement command in document.RootElement.GetProperty("commands").EnumerateArray())
        {
            if (command.TryGetProperty("module_type", out JsonElement type) && type.GetString() == "text")
            {
                TextOnly++;
                continue;
            }

            string? failure;
            try
            {
                failure = Run(command);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                failure = $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault()}";
            }

            if (failure is null) Passed++;
            else Failures.Add($"line {command.GetProperty("line").GetInt32()} {command.GetProperty("type").GetString()}: {failure}");
        }
    }

    private string? Run(JsonElement command)
    {
        switch (command.GetProperty("type").GetString())
        {
            case "module":
                current = null;
                current = linker.Instantiate(Compile(command));
                if (command.TryGetProperty("name", out JsonElement name)) named[name.GetString()!] = current;
                return null;
            case "register":
                linker.DefineInstance(command.GetProperty("as").GetString()!, Find(command));
                return null;
            case "action":
                Act(command.GetProperty("action"));
                return null;
            case "assert_return":
                return CheckReturn(command);
            case "assert_trap":
                return CheckTrap(command, () => Act(command.GetProperty("action")));
            case "assert_exhaustion":
                return CheckTrap(command, () => Act(command.GetProperty("action")));
            case "assert_uninstantiable":
                return CheckTrap(command, () => linker.Instantiate(Compile(command)));
            case "assert_unlinkable":
                return CheckThrows<LinkException>(() => linker.Instantiate(Compile(command)), command.GetProperty("text").GetString());
            case "assert_invalid":
                return CheckThrows<InvalidModuleException>(() => Compile(command), null);
            case "assert_malformed":
                return CheckThrows<MalformedModuleException>(() => Compile(command), null);
            case string other:
                return $"unknown command {other}";
            default:
                return "no type";
        }
    }

    private Module Compile(JsonElement command) => engine.Compile(contents[command.GetProperty("filename").GetString()!]);

    private Instance Find(JsonElement element) =>
        element.TryGetProperty("name", out JsonElement name) ? named[name.GetString()!]
        : element.TryGetProperty("module", out JsonElement module) ? named[module.GetString()!]
        : current!;

    private (FuncType Type, Value[] Results) Act(JsonElement action)
    {
        Instance instance = Find(action);
        string field = action.GetProperty("field").GetString()!;
        if (action.GetProperty("type").GetString() == "get")
        {
            Global global = instance.GetGlobal(field);
            return (new FuncType([], [global.Type.Type]), [global.Value]);
        }

        Func function = instance.GetFunc(field);
        Value[] arguments = [.. action.GetProperty("args").EnumerateArray().Select(SuiteValue.Parse)];
        return (function.Type, function.Invoke(arguments));
    }

    private string? CheckReturn(JsonElement command)
    {
        (FuncType type, Value[] results) = Act(command.GetProperty("action"));
        JsonElement[] expected = [.. command.GetProperty("expected").EnumerateArray()];
        if (expected.Length != results.Length) return $"{results.Length} results for {expected.Length}";
        for (int i = 0; i < results.Length; i++)
        {
            if (!SuiteValue.Matches(expected[i], type.Results[i], results[i]))
                return $"{command.GetProperty("action")}: result {i} is {SuiteValue.Print(type.Results[i], results[i])}, expected {expected[i]}";
        }

        return null;
    }

    private static string? CheckTrap(JsonElement command, Action action)
    {
        string text = command.GetProperty("text").GetString()!;
        try
        {
            action();
            return $"no trap, expected {text}";
        }
        catch (TrapException e)
        {
            // Some texts go on with what is no part of the trap ("uninitialized element 2").
            return text.StartsWith(e.Message, StringComparison.Ordinal) ? null : $"{e.Message}, expected {text}";
        }
    }

    private static string? CheckThrows<T>(Action action, string? text)
        where T : WasmException
    {
        try
        {
            action();
            return "no error";
        }
        catch (T e)
        {
            return text is null || e.Message.StartsWith(text, StringComparison.Ordinal) ? null : $"{e.Message}, expected {text}";
        }
    }
}
