namespace Egregore.Bench;

/// <summary>Repeats a measurement.</summary>
public static class Sampling
{
    /// <summary>Runs once to warm up, then <paramref name="repeats"/> times, and gives the result in the middle.</summary>
    /// <param name="repeats">1 or more; odd numbers have a middle.</param>
    /// <param name="measure">One run, and its figure.</param>
    /// <param name="warmUps">Runs before the first that counts.</param>
    public static double Median(int repeats, Func<double> measure, int warmUps = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        for (int i = 0; i < warmUps; i++) measure();
        double[] values = new double[repeats];
        for (int i = 0; i < repeats; i++) values[i] = measure();
        return Middle(values);
    }

    /// <summary>The value in the middle; of an even number, the lower of the two.</summary>
    public static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length > 0 ? sorted[(sorted.Length - 1) / 2] : throw new ArgumentException("There is nothing to take the middle of.", nameof(values));
    }
}
