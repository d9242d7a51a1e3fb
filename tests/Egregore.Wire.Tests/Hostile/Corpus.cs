using Egregore.Wire.Tests.Everything;
using Egregore.Wire.Tests.Everything.Inner;
using Egregore.Wire.Tests.Oracle;

namespace Egregore.Wire.Tests.Hostile;

/// <summary>One table as hostile tests see it: how to make an honest buffer, and how to read a buffer as it.</summary>
internal sealed record Specimen(string Name, Func<RandomValues, byte[]> Make, Func<byte[], VerifyError> Read);

/// <summary>All tables of both schemas.</summary>
internal static class Corpus
{
    public static Specimen[] All { get; } =
    [
        Of<Root>(), Of<Scalars>(), Of<Identified>(), Of<Leaf>(), Of<Dog>(), Of<Cat>(),
        Of<Envelope>(), Of<Hello>(), Of<Welcome>(), Of<Refusal>(), Of<Ping>(), Of<Pong>(), Of<Signal>(), Of<Neighbours>(), Of<ActionRequest>(),
        Of<ActionResult>(), Of<Subscribe>(), Of<Delta>(), Of<RoomFrame>(), Of<PeerJoin>(), Of<PeerLeave>(), Of<Heartbeat>(), Of<Gossip>(),
        Of<GossipIds>(), Of<ContentShare>(), Of<StateSync>(), Of<Checkpoint>(),
    ];

    private static Specimen Of<T>()
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
