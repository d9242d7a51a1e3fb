using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("browser")]

namespace Egregore.Browser;

/// <summary>The tab's program: nothing runs until the page calls an export (the interop classes beside this file).</summary>
internal static class Program
{
    private static void Main()
    {
    }
}
