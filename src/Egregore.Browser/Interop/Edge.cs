using System.Runtime.InteropServices.JavaScript;

namespace Egregore.Browser.Interop;

/// <summary>The name under which the page registers what C# imports (web/src/edge/boot.ts).</summary>
internal static class Edge
{
    internal const string Module = "egregore";
}

/// <summary>web/src/edge/session.ts: the HTTP part of joining.</summary>
internal static partial class Session
{
    /// <summary>A ticket, or an exception whose message starts with <c>unreachable:</c> or <c>refused:</c>.</summary>
    [JSImport("sessionTicket", Edge.Module)]
    internal static partial Task<string> TicketAsync();
}

/// <summary>web/src/edge/page.ts: short texts to the player outside the frame.</summary>
internal static partial class Page
{
    internal const int Info = 0;
    internal const int Good = 1;
    internal const int Warning = 2;

    [JSImport("pageToast", Edge.Module)]
    internal static partial void Toast(int level, string text);

    [JSImport("pageFatal", Edge.Module)]
    internal static partial void Fatal(string title, string text);
}
