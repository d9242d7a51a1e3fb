using System.Text.Json;
using Egregore.Mesh;
using Egregore.Peer;
using Egregore.Wire;
using Egregore.World.Movement;
using VoxelArena;
using Neighbour = Egregore.Peer.Neighbour;

namespace Egregore.Browser;

// What the picture is told each frame.
internal sealed partial class ArenaTab
{
    private const double PlaybackDelayMs = 100;
    private const double ExtrapolateTicksMax = 5;
    private const int StaleMs = 1_000;
    private const int FreshChunksPerFrame = 2;
    private const int FreshChunksBeforeGround = 9;
    private const int ChunksPerFrameMax = 64;
    private const double Turn = Math.PI * 2 / 65_536;

    private const int TargetFlag = 1;
    private const int ServerGoneFlag = 2;
    private const int SpawnedFlag = 4;
    private const int OnGroundFlag = 8;
    private const int InWaterFlag = 16;
    private const int SnapFlag = 32;
    private const int ReadyFlag = 64;

    private const int DirectFlag = 1;
    private const int RelayFlag = 2;
    private const int StaleFlag = 4;
    private const int PlayedFlag = 8;
    private const int OtherOnGroundFlag = 16;

    private static readonly string[] Textures =
        ["", "bedrock", "stone", "dirt", "grass", "sand", "water", "snow", "wood", "leaves", "planks", "bricks", "cobble", "glass", "lamp"];

    private readonly FrameWriter _frame = new();
    private readonly Dictionary<PeerId, uint> _handles = [];
    private readonly LinkStats[] _links = new LinkStats[32];
    private int _linkCount;
    private readonly List<double> _directRtts = [];
    private readonly List<double> _viaRtts = [];
    private int _peopleVersion = 1;
    private int _peopleKnown;

    /// <summary>Kinds of blocks, for the hotbar and the textures.</summary>
    public static string Blocks() => JsonSerializer.Serialize(
        Enum.GetValues<BlockKind>().Where(kind => kind != BlockKind.Air)
            .Select(kind => new BlockKindInfo((int)kind, kind.ToString(), Textures[(int)kind], kind is not (BlockKind.Bedrock or BlockKind.Water or BlockKind.Snow or BlockKind.Stone)))
            .OrderByDescending(kind => kind.Placeable).ThenBy(kind => kind.Id).ToArray(),
        Json.Default.BlockKindInfoArray);

    /// <summary>Who is near, by handle.</summary>
    public string People()
    {
        var people = new List<Person> { new(0, _participant.Self.ToString(), NameOf(_participant.Self, _name), true) };
        foreach (var neighbour in _participant.Neighbours)
            people.Add(new Person(HandleOf(neighbour.Peer), neighbour.Peer.ToString(), NameOf(neighbour.Peer, neighbour.Name), false));
        return JsonSerializer.Serialize(people, Json.Default.ListPerson);
    }

    private void Write(double nowMs, in FrameInput input)
    {
        if (_participant.Neighbours.Count != _peopleKnown)
        {
            _peopleKnown = _participant.Neighbours.Count;
            _peopleVersion++;
        }

        _frame.Begin();
        var flags = WriteSelf(nowMs, input);
        WriteFigures();
        _frame.UInt16(96, WriteOthers(nowMs));
        _frame.UInt16(98, WriteChunks());
        _frame.UInt16(100, _bodies.Write(_frame, _participant.Cache.Db.Table(_game.BodyRows)));
        _frame.UInt16(2, flags);
        _snap = false;
    }

    private int WriteSelf(double nowMs, in FrameInput input)
    {
        _frame.Int32(4, (int)_participant.ReflexTick);
        _frame.Single(8, Math.Clamp(1 - ((_nextTickMs - nowMs) / _tickMs), 0, 1));
        Position(12, _previous);
        Position(24, _current);
        var perSecond = 1000 / _tickMs / MoveState.BlockUnits;
        _frame.Vector(36, _current.VelocityX * perSecond, _current.VelocityY * perSecond, _current.VelocityZ * perSecond);
        _frame.Single(48, _current.Yaw * Turn);
        _frame.Single(52, _current.Pitch / 127.0 * Math.PI / 2);
        var flags = (_participant.TruthLive ? 0 : ServerGoneFlag) | (_spawned ? SpawnedFlag : 0) | (_snap ? SnapFlag : 0) | (_chunks.GroundReady ? ReadyFlag : 0)
            | (_current.Flags.HasFlag(MoveFlags.Grounded) ? OnGroundFlag : 0) | (_current.Flags.HasFlag(MoveFlags.Swimming) ? InWaterFlag : 0);
        if (!_spawned || !TryTarget(input, VoxelArenaGame.ReachBlocks, out var hit))
            return flags;
        _frame.Int32(56, hit.X);
        _frame.Int32(60, hit.Y);
        _frame.Int32(64, hit.Z);
        _frame.Byte(68, hit.NormalX > 0 ? 0 : hit.NormalX < 0 ? 1 : hit.NormalY > 0 ? 2 : hit.NormalY < 0 ? 3 : hit.NormalZ > 0 ? 4 : 5);
        _frame.Byte(69, (int)Voxels.KindAt(hit.X, hit.Y, hit.Z));
        return flags | TargetFlag;
    }

    private void WriteFigures()
    {
        _directRtts.Clear();
        _viaRtts.Clear();
        var count = _linkCount = _participant.CopyLinks(_links);
        var direct = 0;
        foreach (ref readonly var link in _links.AsSpan(0, count))
        {
            if (link.Kind == LinkKind.Direct)
            {
                direct++;
                if (_participant.FindNeighbour(link.Peer) is not { } neighbour)
                    continue;
                if (neighbour.DirectRttMs >= 0)
                    _directRtts.Add(neighbour.DirectRttMs);
                if (neighbour.ViaTruthRttMs >= 0)
                    _viaRtts.Add(neighbour.ViaTruthRttMs);
            }
            else if (link.RttMs >= 0)
            {
                _viaRtts.Add(link.RttMs);
            }
        }

        _frame.Byte(1, _participant.TruthState switch
        {
            TruthState.Live => 2,
            TruthState.Refused => 4,
            _ => _wasLive ? 3 : _host.Connecting ? 1 : 0,
        });
        _frame.Byte(70, (int)_participant.Authority);
        _frame.Byte(71, _game.Rules.TickRateHz);
        _frame.UInt16(72, direct);
        _frame.UInt16(74, count - direct);
        _frame.Single(76, Median(_directRtts));
        _frame.Single(80, Median(_viaRtts));
        _frame.Single(84, _participant.TruthRttMs < 0 ? double.NaN : _participant.TruthRttMs);
        _frame.UInt16(88, _participant.Cache.PendingCount);
        _frame.UInt16(90, _peopleVersion & 0xffff);
        _frame.Int32(92, _host.RetryInMs);
    }

    private int WriteOthers(double nowMs)
    {
        var count = 0;
        foreach (var neighbour in _participant.Neighbours)
        {
            if (!neighbour.Track.TrySample(nowMs, PlaybackDelayMs, out var olderBytes, out var newerBytes, out var fraction)
                || !MoveState.TryRead(olderBytes, out var older) || !MoveState.TryRead(newerBytes, out var newer))
                continue;
            count++;
            var at = _frame.Append(FrameWriter.OtherBytes);
            var stale = nowMs - neighbour.Track.NewestAtMs > StaleMs;
            _frame.Int32(at, (int)HandleOf(neighbour.Peer));
            _frame.Int32(at + 4, (int)neighbour.Track.NewestTick);
            if (older == newer)
            {
                // Past the newest state: on along its velocity for a moment, then still.
                var ticks = Math.Clamp(fraction, 0, ExtrapolateTicksMax);
                Vector(at + 8, older.X + (older.VelocityX * ticks), older.Y, older.Z + (older.VelocityZ * ticks));
            }
            else
            {
                Vector(at + 8, Mix(older.X, newer.X, fraction), Mix(older.Y, newer.Y, fraction), Mix(older.Z, newer.Z, fraction));
            }

            // Headings turn the short way around.
            _frame.Single(at + 20, (older.Yaw + ((short)(newer.Yaw - older.Yaw) * Math.Clamp(fraction, 0, 1))) * Turn);
            _frame.Single(at + 24, Mix(older.Pitch, newer.Pitch, Math.Clamp(fraction, 0, 1)) / 127 * Math.PI / 2);
            double vx = newer.VelocityX, vz = newer.VelocityZ;
            _frame.Single(at + 28, stale ? 0 : Math.Sqrt((vx * vx) + (vz * vz)) * 1000 / _tickMs / MoveState.BlockUnits);
            _frame.Int32(at + 32, PlayedFlag | (neighbour.Path == NeighbourPath.Direct ? DirectFlag : RelayFlag) | (stale ? StaleFlag : 0)
                | (newer.Flags.HasFlag(MoveFlags.Grounded) ? OtherOnGroundFlag : 0));
            _frame.Single(at + 36, RttTo(neighbour));
        }

        return count;
    }

    private int WriteChunks()
    {
        if (!_spawned)
            return 0;
        _chunks.Around(Here(), _view);
        var fresh = _chunks.GroundReady ? FreshChunksPerFrame : FreshChunksBeforeGround;
        var count = 0;
        while (count < ChunksPerFrameMax && fresh > 0 && _chunks.TryTake(out var chunk, out var isFresh))
        {
            var at = _frame.Append(FrameWriter.ChunkBytes);
            _frame.Int32(at, chunk.X);
            _frame.Int32(at + 4, chunk.Z);
            count++;
            if (isFresh)
                fresh--;
        }

        return count;
    }

    private double RttTo(Neighbour neighbour)
    {
        if (neighbour.DirectRttMs >= 0)
            return neighbour.DirectRttMs;
        foreach (ref readonly var link in _links.AsSpan(0, _linkCount))
            if (link.Peer == neighbour.Peer && link.RttMs >= 0)
                return link.RttMs;
        return double.NaN;
    }

    private uint HandleOf(PeerId peer)
    {
        if (!_handles.TryGetValue(peer, out var handle))
            _handles[peer] = handle = (uint)_handles.Count + 1;
        return handle;
    }

    private string NameOf(PeerId peer, string fallback) => _participant.Cache.Db.Table(_game.Players).Find(peer)?.Name is { Length: > 0 } name ? name : fallback;

    private void Position(int at, in MoveState state) => Vector(at, state.X, state.Y, state.Z);

    private void Vector(int at, double x, double y, double z) => _frame.Vector(at, x / MoveState.BlockUnits, y / MoveState.BlockUnits, z / MoveState.BlockUnits);

    private static double Mix(double from, double to, double fraction) => from + ((to - from) * fraction);

    private static double Median(List<double> values)
    {
        if (values.Count == 0)
            return double.NaN;
        values.Sort();
        return values[values.Count / 2];
    }
}
