namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Against a real Chromium, in both roles.</summary>
public sealed class ChromiumTests(ChromiumFixture chromium) : BrowserTests, IClassFixture<ChromiumFixture>
{
    [ChromiumFact]
    public Task Ours_offers_and_chromium_echoes() => OursOffersAsync();

    [ChromiumFact]
    public Task Chromium_offers_and_ours_answers() => TheyOfferAsync();

    [ChromiumFact]
    public Task Ice_restarts_from_both_sides_then_chromium_closes() => RestartsThenTheyCloseAsync();

    [ChromiumFact]
    public Task Ours_closes() => OursClosesAsync();

    [ChromiumFact]
    public Task Every_kind_of_channel_from_either_side_is_closed_by_either_side() => EveryKindAsync();

    [ChromiumFact]
    public Task Channels_keep_their_promises_at_1_percent_loss() => LossAsync(1);

    [ChromiumFact]
    public Task Channels_keep_their_promises_at_3_percent_loss() => LossAsync(3);

    private protected override Task<BrowserPeer> OpenPageAsync() => chromium.OpenAsync();
}
