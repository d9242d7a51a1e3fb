namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Against a real Firefox, in both roles.</summary>
public sealed class FirefoxTests(FirefoxFixture firefox) : BrowserTests, IClassFixture<FirefoxFixture>
{
    [FirefoxFact]
    public Task Ours_offers_and_firefox_echoes() => OursOffersAsync();

    [FirefoxFact]
    public Task Firefox_offers_and_ours_answers() => TheyOfferAsync();

    [FirefoxFact]
    public Task Ice_restarts_from_both_sides_then_firefox_closes() => RestartsThenTheyCloseAsync();

    [FirefoxFact]
    public Task Ours_closes() => OursClosesAsync();

    [FirefoxFact]
    public Task Every_kind_of_channel_from_either_side_is_closed_by_either_side() => EveryKindAsync();

    [FirefoxFact]
    public Task Channels_keep_their_promises_at_1_percent_loss() => LossAsync(1);

    [FirefoxFact]
    public Task Channels_keep_their_promises_at_3_percent_loss() => LossAsync(3);

    private protected override Task<BrowserPeer> OpenPageAsync() => firefox.OpenAsync();
}
