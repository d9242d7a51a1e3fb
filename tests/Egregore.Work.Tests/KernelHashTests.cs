using Egregore.Work;
using Xunit;

namespace Egregore.Work.Tests;

public sealed class KernelHashTests
{
    // FIPS 180-4, example of SHA-256 for "abc".
    private const string Abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public void It_is_the_sha256_of_the_bytes()
    {
        var hash = KernelHash.Of("abc"u8);
        Assert.Equal(Abc, hash.ToString());
        Assert.Equal(hash, KernelHash.Read(hash.ToArray()));
        Assert.True(KernelHash.TryParse(Abc.ToUpperInvariant(), out var parsed));
        Assert.Equal(hash, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ba7816bf")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a ")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag")]
    public void What_is_no_hash_is_refused(string text) => Assert.False(KernelHash.TryParse(text, out _));
}
