using Egregore.Server.Tests.Support;
using Egregore.Wire;

namespace Egregore.Server.Tests;

public sealed class EnvironmentTests
{
    [Fact]
    public async Task A_taken_port_is_one_clear_line()
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<EgregoreEnvironmentException>(() => TestServer.StartAsync(o => o with { Url = server.Server.Address.GetLeftPart(UriPartial.Authority) }));
        Assert.Contains("is taken", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_clear_line()
    {
        using var folder = new TestFolder();
        var file = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(file, "");
        var error = await Assert.ThrowsAsync<EgregoreEnvironmentException>(() => TestServer.StartAsync(folder: Path.Combine(file, "data")));
        Assert.Contains("world.db", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_another_server_holds_is_one_clear_line()
    {
        using var folder = new TestFolder();
        await using (await TestServer.StartAsync(folder: folder.Path))
        {
            var error = await Assert.ThrowsAsync<EgregoreEnvironmentException>(() => TestServer.StartAsync(folder: folder.Path));
            Assert.Contains("in use", error.Message, StringComparison.Ordinal);
        }

    }

    [Fact]
    public async Task A_damaged_journal_starts_from_its_last_good_transaction()
    {
        using var folder = new TestFolder();
        await using (await TestServer.StartAsync(folder: folder.Path))
        {
        }

        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "world.db"), [.. Enumerable.Repeat((byte)'x', 8192)]);
        foreach (var extra in new[] { "world.db-wal", "world.db-shm" })
            File.Delete(Path.Combine(folder.Path, extra));
        var started = await Record.ExceptionAsync(async () => await (await TestServer.StartAsync(folder: folder.Path)).DisposeAsync());
        // Where not even the first snapshot can be read it says so; it never starts empty without a word.
        if (started is not null)
            Assert.Contains("damaged", Assert.IsType<EgregoreEnvironmentException>(started).Message, StringComparison.Ordinal);
        else
            Assert.NotEmpty(Directory.GetFiles(folder.Path, "world.db.damaged-*"));
    }

    [Fact]
    public async Task A_full_journal_refuses_actions_and_the_world_goes_on()
    {
        await using var server = await TestServer.StartAsync(o => o with { JournalBytesMax = 1_048_576, ActionsPerSecond = 100_000, MessagesPerSecond = 100_000, BytesPerSecond = 100_000_000 });
        await using var client = await TestClient.JoinAsync(server);
        var text = new string('x', 4000);
        for (var request = 1u; ; request++)
        {
            Assert.InRange(request, 1u, 2000u);
            await client.ActAsync(request, "set-mark", new SetMark { Id = request % 1000, Text = text }.ToArray());
            var result = (await client.ReceiveAsync(Kind.ActionResult)).As<ActionResult>();
            if (result.Code == RefusalCode.None)
                continue;
            Assert.Equal(RefusalCode.StorageUnavailable, result.Code);
            break;
        }

        await client.PingAsync(1);
    }

    [Theory]
    [InlineData("Url")]
    [InlineData("TickRateHz")]
    [InlineData("MessageBytesMax")]
    [InlineData("Room")]
    [InlineData("AllowedOrigins")]
    public async Task An_option_out_of_its_bounds_is_named(string option)
    {
        var error = await Assert.ThrowsAsync<EgregoreEnvironmentException>(() => TestServer.StartAsync(o => option switch
        {
            "Url" => o with { Url = "nonsense" },
            "TickRateHz" => o with { TickRateHz = 0 },
            "MessageBytesMax" => o with { MessageBytesMax = 1 },
            "Room" => o with { Room = o.Room with { SightBlocks = 0 } },
            _ => o with { AllowedOrigins = ["evil"] },
        }));
        Assert.Contains(option, error.Message, StringComparison.Ordinal);
    }
}
