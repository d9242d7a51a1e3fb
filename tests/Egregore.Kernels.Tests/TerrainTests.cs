using Egregore.Kernels.Terrain;

namespace Egregore.Kernels.Tests;

/// <summary><c>voxel-terrain</c> against its columns in C#, against noise in real numbers over several chunks, and lies about land.</summary>
public sealed class TerrainTests
{
    [Fact]
    public void Every_column_is_the_reference_column()
    {
        Span<byte> column = stackalloc byte[TerrainInput.Height];
        for (int seed = 0; seed < 60; seed++)
        {
            byte[] input = Scenes.TerrainChunk(new Random(seed), seed % 3);
            Assert.True(TerrainInput.TryRead(input, out TerrainInput task));
            Assert.True(TerrainOutput.TryRead(KernelRun.Of("voxel-terrain", input).Output, out TerrainOutput answer));
            for (int place = 0; place < 256; place++)
            {
                task.Column(place % 16, place / 16, column);
                Assert.True(column.SequenceEqual(answer.Column(place % 16, place / 16)), $"seed {seed}, column {place}");
            }
        }
    }

    [Fact]
    public void Chunks_of_one_task_are_those_of_tasks_of_their_own()
    {
        byte[][] chunks = [.. Enumerable.Range(0, TerrainTask.ChunksMax).Select(seed => Scenes.TerrainChunk(new Random(seed), 2))];
        byte[] together = KernelRun.Of("voxel-terrain", [.. chunks.SelectMany(chunk => chunk)]).Output;
        Assert.Equal([.. chunks.SelectMany(chunk => KernelRun.Of("voxel-terrain", chunk).Output)], together);
        Assert.Equal(1, KernelRun.Of("voxel-terrain", [.. chunks.SelectMany(chunk => chunk), .. chunks[0]]).Code);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    public void Land_goes_on_over_the_borders_of_chunks(int shift)
    {
        // Heights of nine chunks around the world's corner, against smooth noise in real numbers at the places of the world.
        const int amplitude = 24;
        var shape = new TerrainShape { Water = 0, Beach = 0, RockLine = 64, SnowLine = 64, Base = 30 << 8 };
        for (int chunk = 0; chunk < 9; chunk++)
        {
            (int x0, int z0) = ((chunk % 3 - 1) * 16, (chunk / 3 - 1) * 16);
            var octave = new TerrainOctave((byte)shift, (byte)(x0 & ((1 << shift) - 1)), (byte)(z0 & ((1 << shift) - 1)), amplitude << 8);
            var values = new ushort[octave.PointsX * octave.PointsZ];
            for (int i = 0; i < values.Length; i++) values[i] = Lattice((x0 >> shift) + i % octave.PointsX, (z0 >> shift) + i / octave.PointsX);
            var writer = new TerrainWriter(new byte[TerrainInput.BytesMax], shape);
            writer.Add(octave, values);
            Assert.True(TerrainOutput.TryRead(KernelRun.Of("voxel-terrain", writer.Finish()).Output, out TerrainOutput answer));
            for (int place = 0; place < 256; place++)
            {
                int top = answer.Column(place % 16, place / 16).LastIndexOfAnyExcept((byte)0);
                double height = 30 + (Smooth(x0 + place % 16, z0 + place / 16, shift) - 0.5) * amplitude;
                Assert.InRange(top, height - 1.2, height + 0.2);
            }
        }

        static ushort Lattice(int x, int z) => (ushort)(unchecked((uint)((x * 73856093) ^ (z * 19349663)) * 2654435761) >> 20);

        static double Smooth(int x, int z, int shift)
        {
            (int px, int pz) = (x >> shift, z >> shift);
            (double fx, double fz) = (Ease((x & ((1 << shift) - 1)) / (double)(1 << shift)), Ease((z & ((1 << shift) - 1)) / (double)(1 << shift)));
            double north = Lattice(px, pz) * (1 - fx) + Lattice(px + 1, pz) * fx;
            double south = Lattice(px, pz + 1) * (1 - fx) + Lattice(px + 1, pz + 1) * fx;
            return (north * (1 - fz) + south * fz) / 4096;
        }

        static double Ease(double t) => t * t * (3 - 2 * t);
    }

    [Theory]
    [InlineData("kind", "a block that this land is not made of")]
    [InlineData("floor", "a column's floor or its sky")]
    [InlineData("sky", "a column's floor or its sky")]
    [InlineData("gift", "a column that its noise does not give")]
    public void Lies_are_seen(string lie, string reason)
    {
        byte[] input = [.. Scenes.TerrainChunk(new Random(4), 0), .. Scenes.TerrainChunk(new Random(9), 0)];
        byte[] output = KernelRun.Of("voxel-terrain", input).Output;
        Assert.True(new TerrainInvariant().Check([], input, output).Holds);
        for (int at = 0; at < output.Length; at += TerrainInput.Height)
        {
            if (lie == "kind") output[at + 9] = 200;
            if (lie == "floor") output[at] = 1;
            if (lie == "sky") output[at + 63] = 1;
            if (lie == "gift") output[at + 1] = 4;
        }
        Assert.Equal(reason, new TerrainInvariant().Check([], input, output).Reason);
    }
}
