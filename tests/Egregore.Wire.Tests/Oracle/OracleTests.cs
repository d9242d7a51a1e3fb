using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Egregore.Wire.Tests.Hostile;

namespace Egregore.Wire.Tests.Oracle;

/// <summary>flatc as the judge, both ways: what we write it prints as expected, what it packs we read as the same value.</summary>
public sealed class OracleTests
{
    private const int ValuesPerTable = 40;

    [Fact]
    public void Everything_that_the_generator_supports() => AgreeOnAll("everything.fbs", typeof(Everything.Root));

    [Fact]
    public void Every_message_of_the_wire() => AgreeOnAll("egregore.fbs", typeof(Envelope));

    private static void AgreeOnAll(string schema, Type one)
    {
        using var flatc = new Flatc(schema);
        MethodInfo agree = typeof(OracleTests).GetMethod(nameof(Agree), BindingFlags.NonPublic | BindingFlags.Static)!;
        foreach (Type type in Corpus.TypesOf(one))
        {
            agree.MakeGenericMethod(type).CreateDelegate<Action<Flatc>>()(flatc);
        }
    }

    private static void Agree<T>(Flatc flatc)
        where T : class, IFlatTable<T>
    {
        var random = new RandomValues(seed: 20);
        T[] values = [.. Enumerable.Range(0, ValuesPerTable).Select(_ => random.Table<T>())];
        JsonObject[] expected = [.. values.Select(v => FlatcJson.OfTable(v))];

        string[] printed = flatc.ToJson(T.Schema.Name, [.. values.Select(v => v.ToArray())]);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal("", Difference(expected[i], JsonNode.Parse(printed[i]), T.Schema.Name) ?? "");
        }

        byte[][] packed = flatc.ToBinary(T.Schema.Name, [.. expected.Select(e => e.ToJsonString())]);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(VerifyError.None, T.TryRead(packed[i], out T? read));
            Assert.Equal(values[i], read);
            Assert.Equal(values[i].ToArray(), read!.ToArray());
        }
    }

    // The first place where the two differ, or null. Numbers compare by value: flatc prints 1.0 where we have 1.
    private static string? Difference(JsonNode? ours, JsonNode? theirs, string path)
    {
        switch (ours, theirs)
        {
            case (JsonObject a, JsonObject b):
                return a.Select(p => Difference(p.Value, b[p.Key], path + "." + p.Key)).FirstOrDefault(d => d is not null)
                    ?? b.Where(p => !a.ContainsKey(p.Key)).Select(p => $"{path}.{p.Key}: only flatc has it").FirstOrDefault();
            case (JsonArray a, JsonArray b) when a.Count == b.Count:
                return a.Zip(b).Select((p, i) => Difference(p.First, p.Second, $"{path}[{i}]")).FirstOrDefault(d => d is not null);
            case (JsonValue a, JsonValue b) when a.GetValueKind() == JsonValueKind.Number && b.GetValueKind() == JsonValueKind.Number
                && decimal.Parse(a.ToJsonString()) == decimal.Parse(b.ToJsonString()):
                return null;
            default:
                return JsonNode.DeepEquals(ours, theirs) ? null : $"{path}: we wrote {ours?.ToJsonString()}, flatc printed {theirs?.ToJsonString()}";
        }
    }
}
