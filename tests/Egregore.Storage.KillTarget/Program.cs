using Egregore.Storage.KillTarget;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.World;

// Adds to counters without end and prints each request number once it is acknowledged; the test kills it at any instant.
// Arguments: the journal's path, the session to resume (0: a new one), the first request number to send.
string path = args[0];
ulong session = ulong.Parse(args[1]);
uint request = uint.Parse(args[2]);
var game = new CounterGame();
WorldDefinition definition = WorldDefinition.Of(game);
using var store = new SqliteJournalStore(path);
using var output = new Acknowledge();
RecoveredWorld world = WorldRecovery.Open(definition, store, output, new TruthOptions { RandomSeed = (ulong)request + 1, ResumeWithinMs = 1_000_000_000 });
if (world.Damage is not null)
{
    Console.Out.WriteLine($"damage {world.Damage}");
}
(TruthHost host, Inbox inbox) = Inbox.Start(world.Truth, store, new TruthHostOptions { TickRateHz = 200, SnapshotEveryBytes = 100_000 });
using TruthHost running = host;
long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
SessionOpening opening = await inbox.InvokeAsync((truth, _) => truth.Open(new PeerId(1, 1), session, 0, now));
Console.Out.WriteLine($"session {opening.Session} {world.Truth.Transaction}");
while (true)
{
    uint number = request++;
    byte[] action = new ActionRequest
    {
        Request = number,
        Reducer = "add",
        Arguments = new Add { Id = number % 7, Amount = number, Note = new string('n', (int)(number % 200)) }.ToArray(),
    }.ToArray();
    await output.WaitAsync();
    inbox.Post((truth, time) => truth.Submit(opening.Session, action, time));
}

/// <summary>Prints what is acknowledged, and lets a bounded number of requests be on their way.</summary>
internal sealed class Acknowledge : ITruthOutput, IDisposable
{
    private readonly SemaphoreSlim _room = new(64);

    public Task WaitAsync() => _room.WaitAsync();

    public void Dispose() => _room.Dispose();

    public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
    {
        if (kind == Kind.ActionResult && ActionResult.TryRead(payload, out ActionResult? result) == VerifyError.None)
        {
            Console.Out.WriteLine(result!.Code == RefusalCode.None ? $"ack {result.Request} {result.Transaction}" : $"refused {result.Request} {result.Code} {result.Text}");
            Console.Out.Flush();
            _room.Release();
        }
    }

    public void ReducerFailed(string reducer, Exception exception) => Console.Out.WriteLine($"failed {exception.Message}");
}
