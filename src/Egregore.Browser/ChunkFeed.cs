using Egregore.World;

namespace Egregore.Browser;

/// <summary>Which chunks the picture has to fetch: each once when it comes into the wanted distance, nearest first, and again when a block in it changed.</summary>
internal sealed class ChunkFeed
{
    /// <summary>The picture keeps a chunk until it is this much farther away than the view distance (web/src/edge/frame.ts).</summary>
    private const int KeptBeyondView = 3;

    private readonly HashSet<Cell> _announced = [];
    private readonly Queue<Cell> _changed = new();
    private readonly HashSet<Cell> _changedSet = [];
    private readonly List<Cell> _wanted = [];
    private int _nextWanted;
    private Cell _middle;
    private int _view = -1;

    /// <summary>The player's own chunk and its neighbours were fetched: there is ground to stand on.</summary>
    public bool GroundReady { get; private set; }

    /// <summary>Moves the middle; cheap while the player stays in one chunk.</summary>
    public void Around(Cell middle, int view)
    {
        if (middle == _middle && view == _view)
            return;
        _middle = middle;
        _view = view;
        _announced.RemoveWhere(cell => cell.DistanceTo(middle) > view + KeptBeyondView);
        _wanted.Clear();
        _nextWanted = 0;
        // Ring by ring, so that near ones come first.
        for (var ring = 0; ring <= view + 1; ring++)
            for (var x = -ring; x <= ring; x++)
                for (var z = -ring; z <= ring; z += Math.Abs(x) == ring ? 1 : 2 * ring)
                    if (!_announced.Contains(new Cell(middle.X + x, middle.Z + z)))
                        _wanted.Add(new Cell(middle.X + x, middle.Z + z));
    }

    /// <summary>A block in the chunk changed.</summary>
    public void Changed(Cell chunk)
    {
        if (_announced.Contains(chunk) && _changedSet.Add(chunk))
            _changed.Enqueue(chunk);
    }

    /// <summary>The next chunk for the picture: changes first, they are what the player waits for.</summary>
    /// <param name="fresh">It is new to the picture, and its terrain has to be made.</param>
    /// <param name="chunk">Which.</param>
    public bool TryTake(out Cell chunk, out bool fresh)
    {
        fresh = false;
        if (_changed.TryDequeue(out chunk))
        {
            _changedSet.Remove(chunk);
            return true;
        }

        fresh = true;
        if (_nextWanted == _wanted.Count)
            return false;
        chunk = _wanted[_nextWanted++];
        _announced.Add(chunk);
        GroundReady |= chunk.DistanceTo(_middle) > 1;
        return true;
    }
}
