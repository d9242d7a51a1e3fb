namespace Egregore.Work.Verification;

/// <summary>Exponential decay with the same bits on every host: square roots and multiplications alone, which IEEE 754 rounds exactly.</summary>
internal static class Decay
{
    private const int Bits = 12;

    /// <summary>2^(-1/2), 2^(-1/4), ...</summary>
    private static readonly double[] Roots = MakeRoots();

    /// <summary>2^(-elapsed / halfLife), to one part in 5,000.</summary>
    public static double Factor(long elapsed, long halfLife)
    {
        if (elapsed <= 0)
            return 1;
        var whole = elapsed / halfLife;
        if (whole > 60)
            return 0;
        var fraction = (int)((UInt128)(ulong)(elapsed % halfLife) * (1UL << Bits) / (ulong)halfLife);
        var factor = 1.0 / (1L << (int)whole);
        for (var i = 0; fraction != 0; i++)
        {
            var bit = 1 << (Bits - 1 - i);
            if ((fraction & bit) == 0)
                continue;
            factor *= Roots[i];
            fraction &= ~bit;
        }

        return factor;
    }

    private static double[] MakeRoots()
    {
        var roots = new double[Bits];
        var root = 0.5;
        for (var i = 0; i < Bits; i++)
            roots[i] = root = Math.Sqrt(root);
        return roots;
    }
}
