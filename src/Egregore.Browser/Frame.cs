using System.Runtime.InteropServices.JavaScript;
using System.Text.Json;

namespace Egregore.Browser;

/// <summary>web/src/edge/frame.ts: the one crossing a frame, and the rare ones beside it.</summary>
internal static partial class Frame
{
    private static ArenaTab? s_tab;

    /// <summary>The player walks in: <paramref name="optionsJson"/> says as whom and where to.</summary>
    [JSExport]
    internal static void Start(string optionsJson, double nowMs)
    {
        var options = JsonSerializer.Deserialize(optionsJson, ArenaTab.Json.Default.StartOptions) ?? throw new ArgumentException("no options", nameof(optionsJson));
        s_tab = new ArenaTab(options, (long)nowMs);
    }

    [JSExport]
    internal static byte[] Step(double nowMs, byte[] input) => Tab.Step(nowMs, input).ToArray();

    [JSExport]
    internal static void Receive(double nowMs, int queues) => Tab.Receive(nowMs, queues);

    [JSExport]
    internal static string Trace() => Tab.Trace();

    [JSExport]
    internal static byte[] Chunk(int x, int z) => Tab.Chunk(x, z);

    [JSExport]
    internal static bool PhotoAsk(string requestJson) => Tab.Photos.Ask(requestJson);

    [JSExport]
    internal static void PhotoCancel(int photo) => Tab.Photos.Cancel((uint)photo);

    [JSExport]
    internal static byte[] PhotoTake() => Tab.Photos.Take();

    [JSExport]
    internal static string People() => Tab.People();

    [JSExport]
    internal static string Blocks() => ArenaTab.Blocks();

    private static ArenaTab Tab => s_tab ?? throw new InvalidOperationException("start comes first");
}
