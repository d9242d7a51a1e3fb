namespace Egregore.EndToEnd.Tests;

/// <summary>Two real pages in a real browser on a real server: what a stranger does in the first five minutes.</summary>
public sealed class WalkInTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Two_pages_see_each_other_move_over_a_direct_link_and_a_block_outlives_a_killed_server()
    {
        using var server = await ServerProcess.StartAsync();
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await using var bob = await browser.OpenAsync(server.Address, "Bob");

        await SeesAsync(ada, "Bob");
        await SeesAsync(bob, "Ada");
        await MovesAsync(ada, bob, "Ada");
        await MovesAsync(bob, ada, "Bob");

        // getStats() of the browser itself: a direct candidate pair, and bytes on it.
        await ada.UntilAsync("window.egregore.rtc().then(links => links.some(l => l.state === 'Open' && l.localType !== 'relay' && l.remoteType !== 'relay' && l.bytesSent > 2000 && l.bytesReceived > 2000))");

        // A block placed by one is in the other's world.
        var (x, y, z) = await PlaceAsync(ada);
        var placed = await ada.EvaluateAsync<int>($"window.egregore.block({x}, {y}, {z})");
        Assert.NotEqual(0, placed);
        await bob.UntilAsync($"window.egregore.block({x}, {y}, {z}) === {placed}");
        await ada.UntilAsync("window.egregore.stats().pendingActions === 0");

        // The server is killed: both say so, and still see each other move.
        await server.KillAsync();
        await ada.UntilAsync("window.egregore.serverGone()");
        await bob.UntilAsync("window.egregore.serverGone()");
        await MovesAsync(ada, bob, "Ada");
        await MovesAsync(bob, ada, "Bob");
        await ada.UntilAsync("/unreachable/i.test(document.body.innerText)");

        // It comes back: the pages reconnect by themselves, and the block is still there.
        await server.RestartAsync();
        await ada.UntilAsync("!window.egregore.serverGone()");
        await bob.UntilAsync("!window.egregore.serverGone()");
        // What truth tells anew may be on its way.
        await bob.UntilAsync($"window.egregore.block({x}, {y}, {z}) === {placed}");
        await using var eve = await browser.OpenAsync(server.Address, "Eve");
        await eve.UntilAsync($"window.egregore.block({x}, {y}, {z}) === {placed}");

        Assert.Empty(ada.Errors);
        Assert.Empty(bob.Errors);
    }

    [Fact]
    public async Task Under_server_authority_players_see_each_other_through_truth()
    {
        using var server = await ServerProcess.StartAsync("--authority", "server");
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await using var bob = await browser.OpenAsync(server.Address, "Bob");
        await bob.UntilAsync("window.egregore.others().some(o => o.name === 'Ada')");
        await MovesAsync(ada, bob, "Ada");
        Assert.Equal(0, await ada.EvaluateAsync<int>("window.egregore.stats().peersDirect"));
    }

    [Fact]
    public async Task Under_mesh_authority_players_see_each_other_directly()
    {
        using var server = await ServerProcess.StartAsync("--authority", "mesh");
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await using var bob = await browser.OpenAsync(server.Address, "Bob");
        await SeesAsync(bob, "Ada");
        await MovesAsync(ada, bob, "Ada");
    }

    private static Task SeesAsync(Player viewer, string name) =>
        viewer.UntilAsync($"window.egregore.others().some(o => o.name === '{name}' && o.direct)");

    /// <summary>One walks a few steps; the other sees a different place than before.</summary>
    private static async Task MovesAsync(Player walker, Player viewer, string name)
    {
        const string seen = "(name => { const o = window.egregore.others().find(o => o.name === name); return o ? [o.x, o.z] : null; })";
        // To appear is not to move.
        await viewer.UntilAsync($"{seen}('{name}') !== null");
        var before = await viewer.EvaluateAsync<double[]?>($"{seen}('{name}')");
        Assert.NotNull(before);
        for (var turn = 0; turn < 8; turn++)
        {
            // In case something stands in the way, another direction each time.
            await walker.Page.EvaluateAsync($"() => {{ window.egregore.look({turn} * 1.1, 0); window.egregore.press(['forward'], 1500); }}");
            try
            {
                await viewer.Page.WaitForFunctionAsync(
                    $"() => {{ const at = {seen}('{name}'); return at && Math.hypot(at[0] - {before[0]}, at[1] - {before[1]}) > 0.7; }}", null, new() { Timeout = 5_000 });
                return;
            }
            catch (TimeoutException)
            {
            }
        }

        Assert.Fail($"{name} was never seen to move from {before[0]}, {before[1]}");
    }

    /// <summary>Looks down at the ground some blocks ahead and places a block on it; gives where.</summary>
    private static async Task<(int X, int Y, int Z)> PlaceAsync(Player player)
    {
        for (var turn = 0; turn < 8; turn++)
        {
            await player.Page.EvaluateAsync($"() => window.egregore.look({turn} * 0.8, -0.6)");
            // The target is of a frame; two movement ticks later it is of one that looked this way.
            var tick = await player.EvaluateAsync<int>("window.egregore.stats().tick");
            await player.UntilAsync($"window.egregore.stats().tick > {tick + 2}");
            var target = await player.EvaluateAsync<int[]?>("(() => { const t = window.egregore.target(); return t && t.face === 2 ? [t.x, t.y + 1, t.z] : null; })()");
            if (target is not [var x, var y, var z])
                continue;
            await player.Page.EvaluateAsync("() => window.egregore.act('place')");
            try
            {
                await player.Page.WaitForFunctionAsync($"() => window.egregore.block({x}, {y}, {z}) !== 0", null, new() { Timeout = 5_000 });
                return (x, y, z);
            }
            catch (TimeoutException)
            {
            }
        }

        throw new InvalidOperationException("no place for a block was found");
    }
}
