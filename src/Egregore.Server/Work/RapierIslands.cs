using Egregore.Physics;
using Egregore.Work;

namespace Egregore.Server.Work;

internal sealed class RapierIslands : IIslandKernel
{
    public KernelHash Hash => default;

    public byte[] Write(IslandTask task) => [];

    public BodyState[]? Read(IslandTask task, ReadOnlySpan<byte> output) => null;
}
