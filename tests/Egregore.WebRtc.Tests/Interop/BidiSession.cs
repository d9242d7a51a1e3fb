using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>As much of WebDriver BiDi (W3C) as opening a page and calling a function in it takes.</summary>
internal sealed class BidiSession : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _waiting = new();
    private readonly SemaphoreSlim _sending = new(1);
    private int _ids;

    public static async Task<BidiSession> ConnectAsync(string address)
    {
        var session = new BidiSession();
        await session._socket.ConnectAsync(new Uri(address + "/session"), CancellationToken.None);
        _ = session.ReadAsync();
        await session.CommandAsync("session.new", new JsonObject { ["capabilities"] = new JsonObject() });
        return session;
    }

    public async Task<IBrowserPage> OpenTabAsync()
    {
        var context = (await CommandAsync("browsingContext.create", new JsonObject { ["type"] = "tab" })).GetProperty("context").GetString()!;
        // RTCPeerConnection wants a page of some origin.
        await CommandAsync("browsingContext.navigate", new JsonObject { ["context"] = context, ["url"] = "data:text/html,<title>peer</title>", ["wait"] = "complete" });
        return new Tab(this, context);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _sending.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<JsonElement> CommandAsync(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _ids);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(bytes, WebSocketMessageType.Text, true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(Patience);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 20];
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                    Array.Resize(ref buffer, length * 2);
                var part = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                length += part.Count;
                if (part.MessageType == WebSocketMessageType.Close)
                    return;
                if (!part.EndOfMessage)
                    continue;
                using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
                length = 0;
                var message = document.RootElement.Clone();
                if (!message.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.Number || !_waiting.TryRemove(id.GetInt32(), out var waiter))
                    continue;
                if (message.TryGetProperty("result", out var result))
                    waiter.TrySetResult(result);
                else
                    waiter.TrySetException(new InvalidOperationException(message.ToString()));
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            foreach (var waiter in _waiting.Values)
                waiter.TrySetException(new InvalidOperationException("the browser is gone", e));
        }
    }

    private sealed class Tab(BidiSession session, string context) : IBrowserPage
    {
        public async Task<string> CallAsync(string function, string argument)
        {
            var answer = await session.CommandAsync("script.callFunction", new JsonObject
            {
                ["functionDeclaration"] = function,
                ["awaitPromise"] = true,
                ["target"] = new JsonObject { ["context"] = context },
                ["arguments"] = new JsonArray(new JsonObject { ["type"] = "string", ["value"] = argument }),
            });
            return answer.GetProperty("type").GetString() == "success" ? answer.GetProperty("result").GetProperty("value").GetString()!
                : throw new InvalidOperationException(answer.GetProperty("exceptionDetails").GetProperty("text").GetString());
        }

        public async ValueTask DisposeAsync() => await session.CommandAsync("browsingContext.close", new JsonObject { ["context"] = context });
    }
}
