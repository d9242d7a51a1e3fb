using Egregore.Server;
using Egregore.Server.Work;

namespace Egregore.Cli;

/// <summary>The server's API keys, from the environment: a command line is seen by everybody on the machine.</summary>
internal static class ApiKeys
{
    private const string Variable = "EGREGORE_API_KEYS";

    /// <exception cref="EgregoreEnvironmentException">It is set and is not NAME=SECRET,NAME=SECRET.</exception>
    public static IReadOnlyList<ApiKey> FromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrWhiteSpace(text))
            return [];
        var keys = new List<ApiKey>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var at = entry.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw new EgregoreEnvironmentException($"{Variable} is NAME=SECRET, with commas between several; entry {keys.Count + 1} has no name");
            keys.Add(new ApiKey(entry[..at], entry[(at + 1)..]));
        }

        return keys;
    }
}
