using System.Text.Json;
using Microsoft.Playwright;

namespace Egregore.EndToEnd.Tests;

/// <summary>Photo mode: a page asks, a second page that lends its cores traces, on a real server.</summary>
public sealed class PhotoTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    /// <summary>Mean colours of the parts of a picture, from a page's screenshot or from its canvas.</summary>
    private const string Grid = """
        async (base64) => {
          const [across, down] = [16, 10];
          let source = document.querySelector('#photo-picture');
          if (base64) source = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), c => c.charCodeAt(0))]));
          const canvas = Object.assign(document.createElement('canvas'), { width: source.width, height: source.height });
          const context = canvas.getContext('2d');
          context.drawImage(source, 0, 0);
          const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
          const sums = Array.from({ length: across * down }, () => [0, 0, 0, 0]);
          let holes = 0;
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) {
              const sum = sums[Math.floor(y * down / height) * across + Math.floor(x * across / width)], at = (y * width + x) * 4;
              for (let i = 0; i < 3; i++) sum[i] += data[at + i];
              sum[3]++;
              if (data[at + 3] !== 255) holes++;
            }
          return { holes, width, height, colours: sums.map(([r, g, b, n]) => [r / n, g / n, b / n]) };
        }
        """;

    [Fact]
    public async Task A_page_gets_a_whole_picture_of_what_it_sees_from_a_tab_that_lends_its_cores()
    {
        using var server = await ServerProcess.StartAsync();
        await using var ada = await browser.OpenAsync(server.Address, "Ada");
        await ada.EvaluateAsync<object?>("window.egregore.look(0.6, -0.1)");

        // Nobody lends yet: the page says so.
        await ada.Page.Keyboard.PressAsync("p");
        await ada.UntilAsync("document.querySelector('#photo-text').textContent.includes('No helper is here')");
        await ada.Page.Keyboard.PressAsync("Escape");
        await ada.UntilAsync("!window.egregore.photo().open && document.querySelector('#menu').open === false");

        var lender = await ada.Page.Context.Browser!.NewPageAsync();
        await lender.GotoAsync(server.Address + "/lend");
        await lender.Locator("#start").ClickAsync();
        await ada.UntilAsync("fetch('/api/work').then(r => r.json()).then(work => work.stats.parked > 0)");

        // What the game itself draws, without what lies over it, once all that it knows is drawn.
        await ada.UntilAsync("window.egregore.stats().chunksPending === 0");
        await ada.EvaluateAsync<object?>("void (document.querySelector('#hud').style.visibility = 'hidden')");
        var drawn = await GridAsync(ada, Convert.ToBase64String(await ada.Page.ScreenshotAsync(new PageScreenshotOptions { Type = ScreenshotType.Png })));
        // Not a wait for something to happen: a player has a picture every five seconds (PhotoOptions.EverySeconds).
        await ada.Page.WaitForTimeoutAsync(5_000);
        await ada.Page.Keyboard.PressAsync("p");
        await ada.UntilAsync("window.egregore.photo().end !== 'none'");
        var photo = await ada.EvaluateAsync<JsonElement>("window.egregore.photo()");
        Assert.Equal("whole", photo.GetProperty("end").GetString());
        Assert.Equal(photo.GetProperty("tiles").GetInt32(), photo.GetProperty("drawn").GetInt32());
        var traced = await GridAsync(ada, null);
        Assert.Equal(0, traced.Holes);
        Assert.True(traced.Width > 400 && traced.Height > 250, $"{traced.Width} by {traced.Height}");

        // The same view: where the game is warm the picture is warm, and where it is dark it is dark. A tile at another's place would not be.
        var same = Correlation(drawn.Colours, traced.Colours, colour => colour[0] - colour[2]);
        Assert.True(same > 0.85, $"the picture is not what the game shows: correlation {same:F3}");
        Assert.True(traced.Colours.Select(colour => colour[0]).Max() - traced.Colours.Select(colour => colour[0]).Min() > 40, "one colour all over");

        // Back in the game.
        await ada.Page.Keyboard.PressAsync("Escape");
        await ada.UntilAsync("!window.egregore.photo().open");
        Assert.Empty(ada.Errors);
        await lender.CloseAsync();
    }

    private static async Task<(int Holes, int Width, int Height, double[][] Colours)> GridAsync(Player player, string? png)
    {
        var grid = await player.Page.EvaluateAsync<JsonElement>(Grid, png);
        return (grid.GetProperty("holes").GetInt32(), grid.GetProperty("width").GetInt32(), grid.GetProperty("height").GetInt32(), grid.GetProperty("colours").Deserialize<double[][]>()!);
    }

    private static double Correlation(double[][] left, double[][] right, Func<double[], double> value)
    {
        var (a, b) = (left.Select(value).ToArray(), right.Select(value).ToArray());
        var (meanA, meanB) = (a.Average(), b.Average());
        var both = a.Zip(b, (x, y) => (x - meanA) * (y - meanB)).Sum();
        return both / Math.Sqrt(a.Sum(x => (x - meanA) * (x - meanA)) * b.Sum(y => (y - meanB) * (y - meanB)));
    }
}
