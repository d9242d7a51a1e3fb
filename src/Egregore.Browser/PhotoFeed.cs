using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Egregore.Peer;
using Egregore.Wire;
using Egregore.World.Movement;

namespace Egregore.Browser;

/// <summary>Between the page's photo mode and truth: what the page asks for, and what came since it looked. The layout stands in web/src/edge/frame.ts.</summary>
internal sealed class PhotoFeed
{
    private const int RecordHeadBytes = 16;

    /// <summary>Tiles that wait for the page; a picture has fewer. What comes beyond is of no picture.</summary>
    private const int TilesMax = 16_384;

    private readonly Participant _participant;
    private readonly List<PhotoTile> _tiles = [];
    private PhotoState? _state;
    private uint _photo;

    public PhotoFeed(Participant participant)
    {
        _participant = participant;
        participant.PhotoTileCame += tile =>
        {
            if (tile.Photo == _photo && _tiles.Count < TilesMax)
                _tiles.Add(tile);
        };
        participant.PhotoChanged += state =>
        {
            if (state.Photo == _photo)
                _state = state;
        };
    }

    /// <summary>Asks; false: there is no session.</summary>
    public bool Ask(string json)
    {
        var asked = JsonSerializer.Deserialize(json, ArenaTab.Json.Default.Asked) ?? throw new ArgumentException("no request", nameof(json));
        _tiles.Clear();
        _state = null;
        _photo = asked.Photo;
        return _participant.AskPhoto(new PhotoRequest
        {
            Photo = asked.Photo,
            X = Units(asked.X),
            Y = Units(asked.Y),
            Z = Units(asked.Z),
            Yaw = (float)asked.Yaw,
            Pitch = (float)asked.Pitch,
            HalfHeight = (float)asked.HalfHeight,
            Width = (ushort)asked.Width,
            Height = (ushort)asked.Height,
            Samples = (byte)asked.Samples,
        });
    }

    public void Cancel(uint photo)
    {
        _participant.AskPhoto(new PhotoRequest { Photo = photo, Cancel = true });
        _photo = 0;
        _tiles.Clear();
        _state = null;
    }

    /// <summary>What came since the last call, as records one behind the other; the state last.</summary>
    public byte[] Take()
    {
        var text = _state is null ? [] : Encoding.UTF8.GetBytes(_state.Text ?? "");
        var length = _state is null ? 0 : RecordHeadBytes + text.Length;
        foreach (var tile in _tiles)
            length += RecordHeadBytes + tile.Pixels.Length;
        if (length == 0)
            return [];
        var bytes = new byte[length];
        var at = 0;
        foreach (var tile in _tiles)
            Write(bytes, ref at, 0, 0, tile.Left, tile.Top, tile.Width, tile.Height, tile.Pixels.Span);
        if (_state is { } state)
            Write(bytes, ref at, 1, (byte)state.End, state.Tiles, state.Done, state.Helpers, 0, text);
        _tiles.Clear();
        _state = null;
        return bytes;
    }

    private static void Write(byte[] bytes, ref int at, byte type, byte end, ushort a, ushort b, ushort c, ushort d, ReadOnlySpan<byte> body)
    {
        var head = bytes.AsSpan(at, RecordHeadBytes);
        (head[0], head[1]) = (type, end);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], a);
        BinaryPrimitives.WriteUInt16LittleEndian(head[4..], b);
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], c);
        BinaryPrimitives.WriteUInt16LittleEndian(head[8..], d);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], body.Length);
        body.CopyTo(bytes.AsSpan(at + RecordHeadBytes));
        at += RecordHeadBytes + body.Length;
    }

    private static int Units(double blocks) => (int)Math.Round(blocks * MoveState.BlockUnits);

    /// <summary>PhotoAsk of web/src/edge/frame.ts.</summary>
    internal sealed record Asked(uint Photo, double X, double Y, double Z, double Yaw, double Pitch, double HalfHeight, int Width, int Height, int Samples);
}
