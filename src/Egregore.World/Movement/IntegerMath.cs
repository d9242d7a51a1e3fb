namespace Egregore.World.Movement;

/// <summary>Sine and square root in integers: the same on every host by construction.</summary>
public static class IntegerMath
{
    /// <summary>What <see cref="Sin"/> gives for 1.</summary>
    public const int One = 1 << 14;

    // A quarter turn in 1,024 steps, made by the Taylor series to the 9th power in 2^-28; the largest error is half of 2^-14.
    private static readonly short[] Quarter = MakeQuarter();

    /// <summary>Sine in 2^-14 of an angle of 65,536 to the turn, in steps of 16.</summary>
    public static int Sin(ushort angle)
    {
        int step = angle >> 4 & 0x3FF;
        return (angle >> 14) switch
        {
            0 => Quarter[step],
            1 => Quarter[1024 - step],
            2 => -Quarter[step],
            _ => -Quarter[1024 - step],
        };
    }

    /// <summary>Cosine in 2^-14 of an angle of 65,536 to the turn, in steps of 16.</summary>
    public static int Cos(ushort angle) => Sin((ushort)(angle + 0x4000));

    /// <summary>The largest integer whose square is not above <paramref name="value"/>.</summary>
    public static uint Sqrt(ulong value)
    {
        ulong root = 0;
        ulong bit = 1UL << ((63 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) & ~1);
        for (; bit != 0; bit >>= 2)
        {
            if (value >= root + bit)
            {
                value -= root + bit;
                root = (root >> 1) + bit;
            }
            else
            {
                root >>= 1;
            }
        }
        return (uint)root;
    }

    private static short[] MakeQuarter()
    {
        const long halfPi = 421_657_428;    // pi/2 * 2^28
        var table = new short[1025];
        for (int i = 0; i <= 1024; i++)
        {
            long x = halfPi * i >> 10;
            long square = x * x >> 28;
            long sum = x;
            long term = x;
            for (int n = 3; n <= 9; n += 2)
            {
                term = -(term * square >> 28) / (n * (n - 1));
                sum += term;
            }
            table[i] = (short)Math.Min(One, (sum + (1 << 13)) >> 14);
        }
        return table;
    }
}
