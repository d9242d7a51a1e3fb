using System.Runtime.InteropServices;
using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>Each test has elements of a type of its own, so that nothing else uses its arrays; alone, so that no collection comes between.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SharedArraysTests
{
    private struct Small
    {
        public int Value;
    }

    [StructLayout(LayoutKind.Sequential, Size = 1024)]
    private struct Large;

    private struct Unwanted;

    [Fact]
    public void Any_thread_gets_what_another_gave_back()
    {
        var array = SharedArrays<Small>.Rent(100);
        Assert.Equal(128, array.Length);
        array[5].Value = 7;
        var thread = new Thread(() => SharedArrays<Small>.Return(array));
        thread.Start();
        thread.Join();
        Assert.Same(array, SharedArrays<Small>.Rent(128));
        Assert.NotSame(array, SharedArrays<Small>.Rent(128));
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 32)]
    [InlineData(65_536, 65_536)]
    [InlineData(65_537, 131_072)]
    [InlineData((1 << 24) + 1, 1 << 25)]
    public void Lengths_are_powers_of_two(int wanted, int given)
    {
        var array = SharedArrays<byte>.Rent(wanted);
        Assert.Equal(given, array.Length);
        SharedArrays<byte>.Return(array);
    }

    [Fact]
    public void What_is_kept_has_a_bound()
    {
        for (var i = 0; i < 40; i++)
            SharedArrays<Large>.Return(new Large[1_024]);
        Assert.Equal(SharedArrays<Large>.KeptBytesMax, SharedArrays<Large>.KeptBytes);
    }

    [Fact]
    public void An_array_from_elsewhere_is_refused() => Assert.Throws<ArgumentException>(() => SharedArrays<byte>.Return(new byte[100]));

    [Fact]
    public void What_nobody_wants_is_let_go()
    {
        for (var i = 0; i < 3; i++)
            SharedArrays<Unwanted>.Return(new Unwanted[64]);
        // They came after the collection before: they may be wanted yet.
        SharedArrays<Unwanted>.Trim();
        Assert.Equal(3 * 64, SharedArrays<Unwanted>.KeptBytes);
        var wanted = SharedArrays<Unwanted>.Rent(64);
        SharedArrays<Unwanted>.Return(wanted);
        SharedArrays<Unwanted>.Trim();
        Assert.Equal(64, SharedArrays<Unwanted>.KeptBytes);
        SharedArrays<Unwanted>.Trim();
        Assert.Equal(0, SharedArrays<Unwanted>.KeptBytes);
    }

    [Fact]
    public void Full_collections_let_go()
    {
        SharedArrays<Collected>.Return(new Collected[64]);
        for (var i = 0; i < 5 && SharedArrays<Collected>.KeptBytes > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, SharedArrays<Collected>.KeptBytes);
    }

    private struct Collected;
}
