using System.Text.Json;
using Microsoft.Playwright;

namespace Egregore.EndToEnd.Tests;

/// <summary>A person in a page of their own, through the page's own buttons and its documented test handle (docs/web.md).</summary>
public sealed class Player : IAsyncDisposable
{
    private const float WaitMs = 60_000;

    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];

    private Player(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
    }

    public IPage Page { get; }

    /// <summary>What the page's console called an error, and exceptions nobody caught.</summary>
    public IReadOnlyList<string> Errors => _errors;

    public static async Task<Player> WalkInAsync(IBrowserContext context, string address, string name)
    {
        var page = await context.NewPageAsync();
        var player = new Player(context, page);
        page.PageError += (_, error) => player._errors.Add(error);
        await page.GotoAsync(address);
        await page.GetByRole(AriaRole.Textbox).First.FillAsync(name);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Walk in" }).ClickAsync();
        await player.UntilAsync("window.egregore?.walking() === true");
        return player;
    }

    /// <summary>Opens /lend and agrees to lend two cores, also while the machine is busy, as it is in tests.</summary>
    public static async Task<Player> LendAsync(IBrowserContext context, string address)
    {
        var page = await context.NewPageAsync();
        var helper = new Player(context, page);
        page.PageError += (_, error) => helper._errors.Add(error);
        await page.GotoAsync(address + "/lend");
        await page.ClickAsync("#start");
        await page.UncheckAsync("#pause-use");
        await page.FillAsync("#cores-range", "2");
        return helper;
    }

    /// <summary>Waits until a JavaScript expression is true in the page.</summary>
    public async Task UntilAsync(string expression)
    {
        try
        {
            await Page.WaitForFunctionAsync($"() => {expression}", null, new PageWaitForFunctionOptions { Timeout = WaitMs });
        }
        catch (TimeoutException e)
        {
            // As text: figures that are not known yet are no numbers that JSON has.
            var state = await Page.EvaluateAsync<string>(
                "() => JSON.stringify({ stats: window.egregore?.stats(), at: window.egregore?.position(), others: window.egregore?.others(), text: document.body.innerText.slice(0, 800) })");
            throw new TimeoutException($"never true: {expression}\n{state}\n{string.Join('\n', _errors)}", e);
        }
    }

    /// <summary>Stops everything that the page runs, as a browser does to a tab that was not looked at for long, or a machine that sleeps. Disposing the result lets it go on.</summary>
    public async Task<IAsyncDisposable> FreezeAsync()
    {
        var protocol = await _context.NewCDPSessionAsync(Page);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        protocol.Event("Debugger.paused").OnEvent += (_, _) => stopped.TrySetResult();
        await protocol.SendAsync("Debugger.enable");
        await protocol.SendAsync("Debugger.pause");
        await stopped.Task.WaitAsync(TimeSpan.FromMilliseconds(WaitMs));
        return new Thaw(protocol);
    }

    public Task<T> EvaluateAsync<T>(string expression) => Page.EvaluateAsync<T>($"() => {expression}");

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private sealed class Thaw(ICDPSession protocol) : IAsyncDisposable
    {
        // Turned off, the debugger lets the page go on and stops it nowhere else.
        public async ValueTask DisposeAsync()
        {
            await protocol.SendAsync("Debugger.disable");
            await protocol.DetachAsync();
        }
    }
}
