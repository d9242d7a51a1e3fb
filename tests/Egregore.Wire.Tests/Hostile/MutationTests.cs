using Egregore.Wire.Tests.Oracle;

namespace Egregore.Wire.Tests.Hostile;

/// <summary>Damaged buffers of every table: whatever the verifier accepts must be readable, and nothing may throw.</summary>
public sealed class MutationTests
{
    public static TheoryData<string> Names => [.. Corpus.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_truncation_is_refused_or_sound(string name)
    {
        Specimen specimen = Find(name);
        byte[] honest = Largest(specimen);
        for (int length = 0; length < honest.Length; length++)
        {
            VerifyError error = specimen.Read(honest[..length]);
            Assert.True(error != VerifyError.None || length > honest.Length - 8, $"cut to {length} of {honest.Length}: {error}");
        }
        Assert.Equal(VerifyError.None, specimen.Read(honest));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_single_bit_may_flip(string name)
    {
        Specimen specimen = Find(name);
        byte[] buffer = Largest(specimen);
        for (int bit = 0; bit < buffer.Length * 8; bit++)
        {
            buffer[bit / 8] ^= (byte)(1 << (bit % 8));
            specimen.Read(buffer);
            buffer[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Words_may_be_replaced_by_extremes(string name)
    {
        Specimen specimen = Find(name);
        byte[] honest = Largest(specimen);
        foreach (uint word in new[] { 0u, 1u, 2u, 4u, 0x7fffffffu, 0x80000000u, 0xfffffffcu, 0xffffffffu, 0xffffu, 0x10000u, (uint)honest.Length })
        {
            for (int at = 0; at + 4 <= honest.Length; at += 2)
            {
                byte[] buffer = [.. honest];
                BitConverter.TryWriteBytes(buffer.AsSpan(at), word);
                specimen.Read(buffer);
            }
        }
    }

    [Fact]
    public void Random_bytes_are_read_as_any_table()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] buffer = new byte[random.Next(96)];
            random.NextBytes(buffer);
            if (buffer.Length > 8)
            {
                // A root that leads somewhere, else all of them end at the first check.
                BitConverter.TryWriteBytes(buffer, random.Next(2, buffer.Length / 4) * 4);
                BitConverter.TryWriteBytes(buffer.AsSpan(4), (ushort)random.Next(4, 24));
            }
            Corpus.All[i % Corpus.All.Length].Read(buffer);
        }
    }

    private static Specimen Find(string name) => Corpus.All.Single(s => s.Name == name);

    // The largest of a few, but small enough that every bit can be tried.
    private static byte[] Largest(Specimen specimen)
    {
        var random = new RandomValues(seed: 3);
        byte[][] buffers = [.. Enumerable.Range(0, 30).Select(_ => specimen.Make(random))];
        return buffers.Where(b => b.Length <= 1500).MaxBy(b => b.Length) ?? buffers.MinBy(b => b.Length)!;
    }
}
