using System.Globalization;

namespace Egregore.Cli.Lend;

/// <summary>What a process and all below it take, from /proc; zeros where there is none.</summary>
/// <param name="ResidentBytes">Memory that is really there.</param>
/// <param name="CpuTicks">Processor time in clock ticks, in user and kernel mode.</param>
internal readonly record struct ProcessTree(long ResidentBytes, long CpuTicks)
{
    // Walls add two processes around a worker; a worker starts none.
    private const int ProcessesMax = 256;
    private const int ThreadsMax = 1_024;

    public static ProcessTree Of(int root)
    {
        long resident = 0, ticks = 0;
        var waiting = new Stack<int>([root]);
        for (var seen = 0; waiting.Count > 0 && seen < ProcessesMax; seen++)
        {
            var id = waiting.Pop();
            try
            {
                var stat = File.ReadAllText($"/proc/{id}/stat");
                // The name, in parentheses, may hold anything; fields are counted behind it (proc(5): utime 14, stime 15, rss 24).
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
                resident += long.Parse(fields[21], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
                // Children are those of the thread that made them.
                foreach (var thread in Directory.EnumerateDirectories($"/proc/{id}/task").Take(ThreadsMax))
                {
                    foreach (var child in File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                        waiting.Push(int.Parse(child, CultureInfo.InvariantCulture));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended, or this system has no /proc.
            }
        }

        return new ProcessTree(resident, ticks);
    }
}
