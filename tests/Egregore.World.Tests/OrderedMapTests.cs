namespace Egregore.World.Tests;

public sealed class OrderedMapTests
{
    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 2000)]
    [InlineData(3, 100000)]
    public void Behaves_like_a_sorted_dictionary(int seed, int range)
    {
        var random = new DeterministicRandom((ulong)seed);
        var map = new OrderedMap<int, string>();
        var model = new SortedDictionary<int, string>();
        for (int i = 0; i < 20_000; i++)
        {
            int key = random.Next(range);
            if (random.Chance(2, 5))
            {
                model.TryGetValue(key, out string? was);
                Assert.Equal(was, map.Set(key, null));
                model.Remove(key);
            }
            else
            {
                string value = $"{key}:{i}";
                model.TryGetValue(key, out string? was);
                Assert.Equal(was, map.Set(key, value));
                model[key] = value;
            }
            Assert.Equal(model.Count, map.Count);
            Assert.Equal(model.GetValueOrDefault(i % range), map.Find(i % range));
        }
        Assert.Equal(model.Values, map);
        Assert.Equal(model.Values, map.ToArray());
        Assert.Equal(model.Where(pair => pair.Key >= range / 2).Select(pair => pair.Value), map.From(range / 2));
    }

    [Fact]
    public void Rising_keys_keep_chunks_full_and_in_order()
    {
        var map = new OrderedMap<long, string>();
        for (long i = 0; i < 10_000; i++)
        {
            map.Set(i, i.ToString());
        }
        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => i.ToString()), map);
    }

    [Fact]
    public void Changing_while_iterating_goes_on_behind_the_last_key()
    {
        var map = new OrderedMap<int, string>();
        for (int i = 0; i < 1000; i++)
        {
            map.Set(i, i.ToString());
        }
        var seen = new List<int>();
        foreach (string value in map)
        {
            int key = int.Parse(value);
            seen.Add(key);
            map.Set(key, null);
            map.Set(key + 1, null);
            map.Set(key - 500, "back");
        }
        Assert.Equal(Enumerable.Range(0, 500).Select(i => i * 2), seen);
    }

    [Fact]
    public void Strings_are_ordered_by_code_unit()
    {
        var map = new OrderedMap<string, string>();
        foreach (string key in new[] { "b", "B", "a", "\u00e9", "", "ab" })
        {
            map.Set(key, key);
        }
        Assert.Equal(["", "B", "a", "ab", "b", "\u00e9"], map);
    }
}
