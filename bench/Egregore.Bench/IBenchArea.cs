namespace Egregore.Bench;

/// <summary>One area of measures: <c>egregore bench NAME</c>.</summary>
public interface IBenchArea
{
    /// <summary>The name, which is also what its measures' names begin with.</summary>
    string Name { get; }

    /// <summary>Runs the area's measures, each with its peer in the same run.</summary>
    /// <exception cref="BenchException">Something that the area needs is not there.</exception>
    IAsyncEnumerable<Measure> RunAsync(BenchContext context, CancellationToken cancellation);
}

/// <summary>What an area is run with.</summary>
/// <param name="PeersDirectory">The folder bench/peers, where the libraries to measure against are installed.</param>
/// <param name="Log">Takes lines of progress; never the results.</param>
public sealed record BenchContext(string PeersDirectory, Action<string> Log)
{
    /// <summary>How often a measure is repeated; the median counts.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>Finds bench/peers from a folder inside the checkout.</summary>
    /// <exception cref="BenchException">No folder above holds it.</exception>
    public static string FindPeers(string startDirectory)
    {
        for (DirectoryInfo? at = new(startDirectory); at is not null; at = at.Parent)
        {
            string candidate = Path.Combine(at.FullName, "bench", "peers");
            if (File.Exists(Path.Combine(candidate, "package-lock.json"))) return candidate;
        }
        throw new BenchException($"bench/peers was not found above {startDirectory}: run the benchmarks from a clone of the project.");
    }
}

/// <summary>Something that a benchmark needs is not there; the message is one line for a person and says what to do.</summary>
public sealed class BenchException : Exception
{
    /// <summary>Makes one.</summary>
    public BenchException()
    {
    }

    /// <summary>Makes one.</summary>
    public BenchException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one.</summary>
    public BenchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
