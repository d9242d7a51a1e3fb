namespace Egregore.World.Area;

/// <summary>
/// A body's latest states, so that whoever was sent one of them can be sent what changed since. Versions count changes; those older than <see cref="Depth"/> are forgotten.
/// </summary>
internal sealed class RoomHistory(int lookBytes)
{
    /// <summary>States kept: at 20 Hz, one that was sent 1.6 s ago.</summary>
    public const int Depth = 32;

    private readonly RoomPlace[] _places = new RoomPlace[Depth];
    private readonly byte[] _looks = new byte[Depth * lookBytes];
    private uint _first = 1;

    /// <summary>Version of the latest state; 0: none since <see cref="Clear"/>.</summary>
    public uint Latest { get; private set; }

    public RoomPlace Place => _places[Latest % Depth];

    public ReadOnlySpan<byte> Look => LookAt(Latest);

    /// <summary>Forgets all: the handle is another body's. Versions go on, so that nobody takes its states for the old one's.</summary>
    public void Clear()
    {
        if (Latest != 0)
            _first = Latest + 1;
        Latest = 0;
    }

    /// <summary>Takes a state; one that is as the latest is no new version.</summary>
    public void Add(in RoomPlace place, ReadOnlySpan<byte> look)
    {
        if (Latest != 0 && Place == place && Look.SequenceEqual(look))
            return;
        var version = Latest == 0 ? _first : Latest + 1;
        // After 2^32 states the count begins anew, and everybody is sent whole ones for a while.
        if (version == 0)
            _first = version = 1;
        Latest = version;
        _places[version % Depth] = place;
        look.CopyTo(_looks.AsSpan((int)(version % Depth) * lookBytes, lookBytes));
    }

    /// <summary>Whether a version is still known.</summary>
    public bool Knows(uint version) => version >= _first && version <= Latest && Latest - version < Depth;

    public RoomPlace PlaceAt(uint version) => _places[version % Depth];

    public ReadOnlySpan<byte> LookAt(uint version) => _looks.AsSpan((int)(version % Depth) * lookBytes, lookBytes);
}
