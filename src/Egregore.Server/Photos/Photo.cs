using Egregore.Kernels.Rays;
using Egregore.Server.Sessions;
using Egregore.Work;

namespace Egregore.Server.Photos;

/// <summary>One picture that is being traced.</summary>
internal sealed class Photo
{
    private readonly PhotoScene _scene;
    private readonly Tile[] _tiles;
    private readonly Queue<int> _toAsk;
    private readonly Queue<(int Tile, byte[] Pixels)> _toSend = new();

    /// <param name="serial">The server's number of it, which its tasks carry.</param>
    /// <param name="number">The asker's.</param>
    /// <param name="session">Who asked.</param>
    /// <param name="scene">What there is to be seen.</param>
    /// <param name="nowMs">World time.</param>
    public Photo(uint serial, uint number, Session session, PhotoScene scene, long nowMs)
    {
        (Serial, Number, Session, _scene, StartedMs) = (serial, number, session, scene, nowMs);
        Block = KernelHash.Of(scene.Shared);
        _tiles = Cut(scene.View);
        _toAsk = new Queue<int>(Enumerable.Range(0, _tiles.Length));
    }

    public uint Serial { get; }

    public uint Number { get; }

    public Session Session { get; }

    public long StartedMs { get; }

    /// <summary>What its tiles have in common, and its hash.</summary>
    public ReadOnlySpan<byte> Shared => _scene.Shared;

    public KernelHash Block { get; }

    /// <summary>Tiles that it has.</summary>
    public int Tiles => _tiles.Length;

    /// <summary>Of them, those that have been answered.</summary>
    public int Done { get; private set; }

    /// <summary>Tiles that were asked for and have no answer.</summary>
    public int InFlight { get; private set; }

    /// <summary>When its asker was last told how far it is, and what was told.</summary>
    public (long AtMs, int Done, int Helpers) Told { get; set; }

    /// <summary>Tiles with answers that wait for room in the asker's outbox.</summary>
    public int Waiting => _toSend.Count;

    /// <summary>Whether every tile is there and was sent. Answers that are being checked may still be put right.</summary>
    public bool IsWhole => Done == _tiles.Length && _toSend.Count == 0;

    /// <summary>Whether the last word on every tile was said.</summary>
    public bool IsSettled => _tiles.All(tile => tile.Final);

    /// <summary>Tasks that may still be taken back.</summary>
    public IEnumerable<TaskId> Tasks => _tiles.Where(tile => !tile.Final && !tile.Task.IsNone).Select(tile => tile.Task);

    /// <summary>The next tile to ask for; false: all were.</summary>
    public bool TryAsk(out int tile) => _toAsk.TryDequeue(out tile);

    /// <summary>A tile as its task has it.</summary>
    public RayView ViewOf(int tile) => _scene.View with { Tile = _tiles[tile].Place, Seed = Serial * 0x9E3779B97F4A7C15 };

    /// <summary>A tile's task was taken.</summary>
    public void Asked(int tile, TaskId task)
    {
        (_tiles[tile].Task, _tiles[tile].Final) = (task, false);
        InFlight++;
    }

    /// <summary>A tile that nobody took goes back.</summary>
    public void AskAgain(int tile) => _toAsk.Enqueue(tile);

    /// <summary>An answer; the first one of a tile counts.</summary>
    public void Answered(int tile, byte[] pixels)
    {
        _toSend.Enqueue((tile, pixels));
        if (_tiles[tile].Done)
            return;
        _tiles[tile].Done = true;
        Done++;
        InFlight--;
    }

    /// <summary>The last word on a tile.</summary>
    public void Settled(int tile) => _tiles[tile].Final = true;

    /// <summary>Nobody answered, or what was shown cannot be kept: it is asked for again.</summary>
    /// <returns>False: it was asked for too often.</returns>
    public bool Failed(int tile, int triesMax)
    {
        ref var failed = ref _tiles[tile];
        if (failed.Done)
            Done--;
        else
            InFlight--;
        (failed.Done, failed.Final) = (false, false);
        failed.Task = default;
        if (++failed.Tries >= triesMax)
            return false;
        _toAsk.Enqueue(tile);
        return true;
    }

    /// <summary>The next tile to send; false: none.</summary>
    public bool TrySend(out (int Left, int Top, int Width, int Height) place, out byte[] pixels)
    {
        var taken = _toSend.TryDequeue(out var next);
        (place, pixels) = taken ? (_tiles[next.Tile].Place, next.Pixels) : default;
        return taken;
    }

    // As many pixels as one task may have, and the middle of the picture first.
    private static Tile[] Cut(in RayView view)
    {
        var (width, height) = view.Picture;
        var side = Math.Clamp((int)MathF.Sqrt((float)RayView.SamplesMax / view.Samples) & ~7, 8, 64);
        var tiles = new List<(int Left, int Top, int Width, int Height)>();
        for (var top = 0; top < height; top += side)
        {
            for (var left = 0; left < width; left += side)
                tiles.Add((left, top, Math.Min(side, width - left), Math.Min(side, height - top)));
        }

        return [.. tiles.OrderBy(tile => Away(tile.Left + (tile.Width / 2), width) + Away(tile.Top + (tile.Height / 2), height)).Select(place => new Tile { Place = place })];

        static long Away(int at, int size) => (long)(at - (size / 2)) * (at - (size / 2));
    }

    private struct Tile
    {
        public (int Left, int Top, int Width, int Height) Place;
        public TaskId Task;
        public int Tries;

        /// <summary>It has an answer.</summary>
        public bool Done;

        /// <summary>Nothing follows.</summary>
        public bool Final;
    }
}
