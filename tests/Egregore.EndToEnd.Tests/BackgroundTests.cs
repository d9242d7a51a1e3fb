namespace Egregore.EndToEnd.Tests;

/// <summary>A page that nobody looks at, beside one that somebody does.</summary>
public sealed class BackgroundTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    // What a browser does to a tab in the background: it is hidden, and no frame is asked for until it is seen again.
    private const string Hide = """
        () => {
          window.heldFrames = [];
          window.heldRequest = window.requestAnimationFrame;
          window.requestAnimationFrame = callback => window.heldFrames.push(callback);
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """;

    private const string Show = """
        () => {
          delete document.hidden;
          window.requestAnimationFrame = window.heldRequest;
          for (const callback of window.heldFrames) window.requestAnimationFrame(callback);
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """;

    private const string SeesAda = "window.egregore.others().some(o => o.name === 'Ada' && o.direct && !o.stale)";

    [Fact]
    public async Task A_hidden_page_goes_on_ticking_and_its_neighbour_sees_it_walk()
    {
        using var server = await ServerProcess.StartAsync();
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await using var bob = await browser.OpenAsync(server.Address, "Bob");
        await bob.UntilAsync(SeesAda);

        await ada.Page.EvaluateAsync(Hide);
        var tick = await ada.EvaluateAsync<int>("window.egregore.stats().tick");
        var sent = await ada.EvaluateAsync<int>("window.egregore.stats()['socket.messagesOut']");
        await MovesAsync(ada, bob);
        // Two seconds of 20 ticks, and the connections with truth and neighbour stay.
        await ada.UntilAsync($"window.egregore.stats().tick > {tick + 40}");
        await ada.UntilAsync($"window.egregore.stats()['socket.messagesOut'] > {sent}");
        await bob.UntilAsync(SeesAda);
        Assert.Equal("online", await ada.EvaluateAsync<string>("window.egregore.connection()"));
        Assert.NotEmpty(await ada.EvaluateAsync<object[]>("window.heldFrames"));

        await ada.Page.EvaluateAsync(Show);
        await MovesAsync(bob, ada);
        await MovesAsync(ada, bob);
        Assert.Empty(ada.Errors);
        Assert.Empty(bob.Errors);
    }

    [Fact]
    public async Task A_frozen_page_is_stale_for_others_then_gone_and_goes_on_when_it_is_thawed()
    {
        using var server = await ServerProcess.StartAsync();
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await using var bob = await browser.OpenAsync(server.Address, "Bob");
        await bob.UntilAsync(SeesAda);

        await using (await ada.FreezeAsync())
        {
            await bob.UntilAsync("window.egregore.others().some(o => o.name === 'Ada' && o.stale)");
            // Long enough that the neighbour has forgotten it.
            await bob.UntilAsync("!window.egregore.others().some(o => o.name === 'Ada')");
        }

        await bob.UntilAsync(SeesAda);
        await MovesAsync(ada, bob);
        await MovesAsync(bob, ada);
        await ada.UntilAsync("window.egregore.connection() === 'online'");
        Assert.Empty(ada.Errors);
        Assert.Empty(bob.Errors);
    }

    private static async Task MovesAsync(Player walker, Player viewer)
    {
        const string where = "(() => { const [o] = window.egregore.others(); return o ? [o.x, o.z] : null; })()";
        await viewer.UntilAsync($"{where} !== null");
        var before = await viewer.EvaluateAsync<double[]?>(where);
        Assert.NotNull(before);
        for (var turn = 0; turn < 8; turn++)
        {
            // In case something stands in the way, another direction each time.
            await walker.Page.EvaluateAsync($"() => {{ window.egregore.look({turn} * 1.1, 0); window.egregore.press(['forward'], 1500); }}");
            try
            {
                await viewer.Page.WaitForFunctionAsync(
                    $"() => {{ const at = {where}; return at && Math.hypot(at[0] - {before[0]}, at[1] - {before[1]}) > 0.7; }}", null, new() { Timeout = 5_000 });
                return;
            }
            catch (TimeoutException)
            {
            }
        }

        Assert.Fail($"nobody was seen to move from {before[0]}, {before[1]}");
    }
}
