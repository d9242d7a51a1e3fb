using Egregore.Wire.Tests.Oracle;

namespace Egregore.Wire.Tests.Hostile;

/// <summary>One table as hostile tests see it: how to make an honest buffer, and how to read a buffer as it.</summary>
internal sealed record Specimen(string Name, Func<RandomValues, byte[]> Make, Func<byte[], VerifyError> Read);

/// <summary>All tables of both schemas, found by reflection so that a new one is attacked from its first day.</summary>
internal static class Corpus
{
    public static Specimen[] All { get; } = [.. TypesOf(typeof(Envelope)).Concat(TypesOf(typeof(Everything.Root))).Select(Of)];

    /// <summary>The object forms in the assembly of <paramref name="one"/>, by name.</summary>
    public static IEnumerable<Type> TypesOf(Type one) => one.Assembly.GetTypes()
        .Where(t => t.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IFlatTable<>)))
        .OrderBy(t => t.FullName, StringComparer.Ordinal);

    /// <summary>The table that is the payload of <paramref name="kind"/>; null where the payload is no table.</summary>
    public static Specimen? Of(Kind kind) => kind switch
    {
        Kind.None or Kind.Reflex or Kind.Batch => null,
        Kind.Action => Of(typeof(ActionRequest)),
        Kind.Room => Of(typeof(RoomFrame)),
        Kind.GossipHave or Kind.GossipWant => Of(typeof(GossipIds)),
        _ => Of(typeof(Envelope).Assembly.GetType("Egregore.Wire." + kind) ?? throw new InvalidOperationException($"no table is named after {kind}")),
    };

    private static Specimen Of(Type type) => (Specimen)typeof(Corpus)
        .GetMethod(nameof(OfTable), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, null)!;

    private static Specimen OfTable<T>()
        where T : class, IFlatTable<T> => new(T.Schema.Name, random => random.Table<T>().ToArray(), Read<T>);

    /// <summary>What the verifier accepts can be copied, written again and read again as the same value.</summary>
    private static VerifyError Read<T>(byte[] buffer)
        where T : class, IFlatTable<T>
    {
        VerifyError error = T.TryRead(buffer, out T? value);
        Assert.Equal(error == VerifyError.None, value is not null);
        if (value is not null)
        {
            byte[] again = value.ToArray();
            Assert.True(again.Length <= value.SizeMax);
            Assert.Equal(VerifyError.None, T.TryRead(again, VerifyLimits.OfSize(1 << 20), out T? second));
            Assert.Equal(value, second);
            Assert.Equal(value.GetHashCode(), second!.GetHashCode());
        }
        return error;
    }
}
