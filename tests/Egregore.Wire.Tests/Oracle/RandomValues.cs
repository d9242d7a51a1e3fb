using System.Collections.Immutable;
using System.Reflection;

namespace Egregore.Wire.Tests.Oracle;

/// <summary>Seeded values of any generated type. Numbers are such that flatc's JSON, with 6 decimals, holds them exactly.</summary>
internal sealed class RandomValues(int seed)
{
    private const int DepthMax = 3;

    private static readonly string[] Texts = ["", "a", "Hello, world", "Zürich 東京 🌍", "quote \" back\\slash / tab\t line\n", "\u0001\u001f\u007f", new string('x', 70)];

    private readonly Random _random = new(seed);

    public static PropertyInfo[] Properties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).OrderBy(p => p.MetadataToken)];

    public T Table<T>()
        where T : class, IFlatTable<T> => (T)Make(typeof(T), 0)!;

    public object? Make(Type type, int depth)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return _random.Next(3) == 0 ? null : Make(inner, depth);
        }
        if (type.IsEnum)
        {
            return MakeEnum(type);
        }
        if (type == typeof(string))
        {
            return Texts[_random.Next(Texts.Length)];
        }
        if (type == typeof(ReadOnlyMemory<byte>))
        {
            byte[] bytes = new byte[_random.Next(3) == 0 ? 0 : _random.Next(100)];
            _random.NextBytes(bytes);
            return new ReadOnlyMemory<byte>(bytes);
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
        {
            return MakeArray(type.GetGenericArguments()[0], depth);
        }
        return MakeScalar(type) ?? (type.IsValueType ? MakeStruct(type, depth) : MakeReference(type, depth));
    }

    private object? MakeScalar(Type type)
    {
        long bits = _random.Next(4) switch { 0 => 0, 1 => -1, 2 => _random.Next(-5, 6), _ => _random.NextInt64(long.MinValue, long.MaxValue) };
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => _random.Next(2) == 1,
            TypeCode.SByte => unchecked((sbyte)bits),
            TypeCode.Byte => unchecked((byte)bits),
            TypeCode.Int16 => unchecked((short)bits),
            TypeCode.UInt16 => unchecked((ushort)bits),
            TypeCode.Int32 => unchecked((int)bits),
            TypeCode.UInt32 => unchecked((uint)bits),
            TypeCode.Int64 => bits,
            TypeCode.UInt64 => unchecked((ulong)bits),
            TypeCode.Single => _random.Next(-6400, 6400) / 64f,
            TypeCode.Double => _random.Next(-640000, 640000) / 64d,
            _ => null,
        };
    }

    private object MakeEnum(Type type)
    {
        Array values = type.GetEnumValues();
        if (type.GetCustomAttribute<FlagsAttribute>() is null)
        {
            return values.GetValue(_random.Next(values.Length))!;
        }
        ulong bits = 0;
        foreach (object value in values)
        {
            bits |= _random.Next(2) == 1 ? Convert.ToUInt64(value) : 0;
        }
        return Enum.ToObject(type, bits);
    }

    private object MakeArray(Type element, int depth)
    {
        int count = depth >= DepthMax && !element.IsValueType && element != typeof(string) ? 0 : _random.Next(5);
        var array = Array.CreateInstance(element, count);
        for (int i = 0; i < count; i++)
        {
            array.SetValue(Make(element, depth + 1) ?? Force(element, depth + 1), i);
        }
        return typeof(RandomValues).GetMethod(nameof(ToImmutable), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(element).Invoke(null, [array])!;
    }

    private static ImmutableArray<T> ToImmutable<T>(T[] array) => [.. array];

    private object MakeStruct(Type type, int depth)
    {
        PropertyInfo[] properties = Properties(type);
        return Activator.CreateInstance(type, [.. properties.Select(p => Make(p.PropertyType, depth))])!;
    }

    private object? MakeReference(Type type, int depth) => depth > 0 && (depth >= DepthMax || _random.Next(3) == 0) ? null : Force(type, depth);

    private object Force(Type type, int depth)
    {
        if (type == typeof(string))
        {
            return "";
        }
        MethodInfo[] factories = [.. type.GetMethods(BindingFlags.Public | BindingFlags.Static).Where(m => m.ReturnType == type && m.GetParameters().Length == 1)];
        if (type.GetProperty("Value") is not null && factories.Length != 0 && type.GetInterfaces().All(i => !i.Name.StartsWith("IFlatTable", StringComparison.Ordinal)))
        {
            MethodInfo member = factories[_random.Next(factories.Length)];
            return member.Invoke(null, [Force(member.GetParameters()[0].ParameterType, depth + 1)])!;
        }
        object table = Activator.CreateInstance(type)!;
        foreach (PropertyInfo property in Properties(type))
        {
            bool required = property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null;
            property.SetValue(table, Make(property.PropertyType, depth + 1) ?? (required ? Force(property.PropertyType, depth + 1) : null));
        }
        return table;
    }
}
