using System.Collections.Concurrent;
using Egregore.Kernels;
using Egregore.Kernels.Rays;
using Egregore.Server.Sessions;
using Egregore.Server.Telemetry;
using Egregore.Server.Work;
using Egregore.Wire;
using Egregore.Work;
using Egregore.World;
using Egregore.World.Movement;
using Egregore.World.Photos;

namespace Egregore.Server.Photos;

/// <summary>
/// Pictures that players ask for, on truth's thread: the scene is cut once, its tiles go to helpers as cosmetic tasks of the world's, and each is sent to the asker when it is answered. Truth traces none.
/// </summary>
internal sealed class PhotoHost : ISettlements
{
    /// <summary>Marks its tasks among the coordinator's.</summary>
    public const byte TagNumber = 3;

    private const int TellEveryMs = 250, ForgetEveryMs = 1_000, TileBits = 16;

    /// <summary>What may wait in an asker's outbox, bytes, before tiles wait here: far below what closes a slow consumer.</summary>
    private const int OutboxBytesMax = 256 * 1024;

    /// <summary>Fuel of a ray, before this world's were measured: the arena's took so much.</summary>
    private const double RayFuel = 12_000, FuelWeight = 0.05;

    private readonly PhotoOptions _options;
    private readonly IPhotoSource _source;
    private readonly IReflexRules? _rules;
    private readonly WorkHost _work;
    private readonly KernelHash _kernel = KernelModules.HashOf("ray-tile");
    private readonly Dictionary<uint, Photo> _photos = [];
    private readonly Dictionary<PeerId, long> _startedMs = [];
    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly byte[] _input = new byte[RayView.Bytes];
    private double _rayFuel = RayFuel;
    private long _forgotMs;
    private uint _serial;

    public PhotoHost(PhotoOptions options, IPhotoSource source, IReflexRules? rules, WorkHost work)
    {
        (_options, _source, _rules, _work) = (options, source, rules, work);
        work.Listen(TagNumber, this);
    }

    /// <summary>Wakes truth's thread.</summary>
    public Action? Woken { get; set; }

    /// <summary>Pictures under way.</summary>
    public int Count => _photos.Count;

    /// <summary>The host of a game's pictures, where it has some.</summary>
    public static PhotoHost? Of(IGame game, WorldDefinition definition, ServerOptions options, WorkHost work) =>
        options.Photos.Enabled && game is IPhotoGame photos ? new PhotoHost(options.Photos, photos.Photos, definition.Reflex, work) : null;

    /// <summary>A player asks for a picture, or takes it back.</summary>
    public void Take(Session session, ReadOnlySpan<byte> payload, Database world, long nowMs)
    {
        if (PhotoRequest.TryRead(payload, out var request) != VerifyError.None || request!.Photo == 0)
            return;
        if (request.Cancel)
        {
            if (Of(session) is { } running && running.Number == request.Photo)
                End(running, PhotoEnd.Cancelled, "");
            return;
        }

        if (Problem(session, request, nowMs) is { } problem)
        {
            Refuse(session, request.Photo, problem);
            return;
        }

        if (PhotoScene.Cut(_source, world, request) is not { } scene)
        {
            Refuse(session, request.Photo, "the eye is too far above or below the world");
            return;
        }

        _startedMs[session.Peer] = nowMs;
        var photo = new Photo(++_serial, request.Photo, session, scene, nowMs);
        _photos.Add(photo.Serial, photo);
        Advance(photo, nowMs);
        Tell(photo, PhotoEnd.None, "", nowMs);
    }

    /// <summary>A session's connection was lost, or it ended: nobody looks at its picture.</summary>
    public void Left(Session session)
    {
        if (Of(session) is { } photo)
            End(photo, PhotoEnd.Cancelled, "");
    }

    /// <summary>Takes answers as they come.</summary>
    public void Take(long nowMs)
    {
        if (_answers.IsEmpty)
            return;
        for (var left = _answers.Count; left > 0 && _answers.TryDequeue(out var answer); left--)
        {
            if (_photos.TryGetValue((uint)(answer.Key >> TileBits), out var photo))
                Take(photo, (int)(answer.Key & ((1 << TileBits) - 1)), answer);
        }

        foreach (var photo in _photos.Values.ToArray())
            Advance(photo, nowMs);
    }

    /// <summary>A tick of the world.</summary>
    public void Tick(long nowMs)
    {
        Take(nowMs);
        foreach (var photo in _photos.Values.ToArray())
        {
            Advance(photo, nowMs);
            if (nowMs - photo.StartedMs > _options.PhotoSeconds * 1_000L)
                End(photo, PhotoEnd.Unfinished, "the picture took too long");
            else if (nowMs - photo.Told.AtMs >= TellEveryMs)
                Tell(photo, PhotoEnd.None, "", nowMs);
        }

        if (nowMs - _forgotMs < ForgetEveryMs)
            return;
        _forgotMs = nowMs;
        foreach (var (peer, startedMs) in _startedMs)
        {
            if (nowMs - startedMs >= _options.EverySeconds * 1_000L)
                _startedMs.Remove(peer);
        }
    }

    // Under the coordinator's lock.
    void ISettlements.Settled(in Settlement settlement)
    {
        _answers.Enqueue(new Answer(settlement.Tag & ((1UL << 56) - 1), settlement.Outcome, settlement.Output.ToArray(), settlement.Fuel));
        Woken?.Invoke();
    }

    private Photo? Of(Session session)
    {
        foreach (var photo in _photos.Values)
        {
            if (photo.Session == session)
                return photo;
        }

        return null;
    }

    private string? Problem(Session session, PhotoRequest request, long nowMs)
    {
        if (request.Width < 16 || request.Height < 16 || request.Width > _options.SideMax || request.Height > _options.SideMax)
            return $"a picture has 16 to {_options.SideMax} pixels a side";
        if (request.Width > PhotoScene.AspectMax * request.Height || request.Height > PhotoScene.AspectMax * request.Width)
            return $"a picture is at most {PhotoScene.AspectMax} times wider than high, or higher than wide";
        if (request.Samples == 0 || (long)request.Width * request.Height * request.Samples > _options.SamplesMax)
            return $"a picture has at most {_options.SamplesMax} rays, and one for each pixel";
        if (!(MathF.Abs(request.Yaw) <= 7 && MathF.Abs(request.Pitch) <= 1.6f && request.HalfHeight >= PhotoScene.HalfHeightMin && request.HalfHeight <= PhotoScene.HalfHeightMax))
            return "the camera's angles are out of range";
        if (Of(session) is not null)
            return "one picture at a time";
        if (_startedMs.TryGetValue(session.Peer, out var startedMs) && nowMs - startedMs < _options.EverySeconds * 1_000L)
            return $"a picture every {_options.EverySeconds} seconds";
        if (_photos.Count >= _options.PhotosMax || _startedMs.Count >= 64 * _options.PhotosMax)
            return "too many pictures are being traced: try again";
        // Who walks sees what is around; a picture is no way to look elsewhere.
        if (session.LastState.Length == 0 || _rules is null)
            return "the server does not know where you stand";
        var feet = _rules.Position(session.LastState);
        var reach = (long)_options.EyeBlocksMax * MoveState.BlockUnits;
        return Math.Abs(((long)feet.X << 4) - request.X) > reach || Math.Abs(((long)feet.Y << 4) - request.Y) > reach || Math.Abs(((long)feet.Z << 4) - request.Z) > reach
            ? $"the eye is more than {_options.EyeBlocksMax} blocks from where you stand"
            : null;
    }

    private void Take(Photo photo, int tile, in Answer answer)
    {
        if (answer.Outcome == TaskOutcome.Failed)
        {
            if (!photo.Failed(tile, _options.TriesMax))
                End(photo, PhotoEnd.Unfinished, _work.HelperCount == 0 ? "there is no helper" : "the helpers that are there do not manage it");
            return;
        }

        var view = photo.ViewOf(tile);
        if (answer.Output.Length > 0 && RayTile.TryRead(answer.Output, view.Tile.Width, view.Tile.Height, out var pixels))
        {
            photo.Answered(tile, PhotoPixels.Pack(pixels, view.Tile.Width, view.Tile.Height));
            _rayFuel += ((answer.Fuel / (double)(view.Tile.Width * view.Tile.Height * view.Samples)) - _rayFuel) * FuelWeight;
        }

        if (answer.Outcome != TaskOutcome.Provisional)
            photo.Settled(tile);
    }

    private void Advance(Photo photo, long nowMs)
    {
        while (photo.Waiting > 0 && photo.Session.Connection?.Outbox is { } outbox && outbox.BytesQueued - outbox.BytesSent < OutboxBytesMax && photo.TrySend(out var place, out var pixels))
        {
            var tile = new PhotoTile { Photo = photo.Number, Left = (ushort)place.Left, Top = (ushort)place.Top, Width = (ushort)place.Width, Height = (ushort)place.Height, Pixels = pixels };
            Send(photo.Session, Kind.PhotoTile, tile.ToArray());
        }

        if (photo.IsWhole && photo.Told.Done < photo.Tiles)
            Tell(photo, PhotoEnd.Whole, "", nowMs);
        if (photo.IsWhole && photo.IsSettled)
        {
            _photos.Remove(photo.Serial);
            return;
        }

        while (photo.InFlight < _options.TilesInFlight && photo.Waiting < _options.TilesInFlight && photo.TryAsk(out var next))
        {
            if (Submit(photo, next))
                continue;
            // The queue is full, and will not be at the next tick.
            photo.AskAgain(next);
            return;
        }
    }

    private bool Submit(Photo photo, int tile)
    {
        photo.ViewOf(tile).Write(_input);
        var result = Submit(photo, tile, _input);
        // A block is kept for as long as a task of it is under way.
        if (result.Status == SubmitStatus.UnknownBlock && _work.AddBlock(photo.Shared, out _))
            result = Submit(photo, tile, _input);
        if (result.Taken)
            photo.Asked(tile, result.Task);
        return result.Taken;
    }

    private SubmitResult Submit(Photo photo, int tile, byte[] input)
    {
        var view = photo.ViewOf(tile);
        return _work.Submit(new WorkTask
        {
            Kernel = _kernel,
            World = WorkHost.World,
            Shared = photo.Block,
            Input = input,
            DeadlineUs = _work.DeadlineUs(_work.NowMs + _options.TileMs),
            Priority = TaskPriority.Background,
            // Nobody is paid by the world for a picture of their own.
            Beneficiary = photo.Session.Peer,
            FuelExpected = (ulong)(_rayFuel * view.Tile.Width * view.Tile.Height * view.Samples),
            Tag = ((ulong)TagNumber << 56) | ((ulong)photo.Serial << TileBits) | (uint)tile,
        });
    }

    private void End(Photo photo, PhotoEnd end, string text)
    {
        if (!_photos.Remove(photo.Serial))
            return;
        foreach (var task in photo.Tasks)
            _work.Cancel(task);
        // A whole one, of which some tiles were still being checked, stays what was said of it.
        if (photo.Told.Done < photo.Tiles)
            Tell(photo, end, text, 0);
    }

    private void Tell(Photo photo, PhotoEnd end, string text, long nowMs)
    {
        var helpers = _work.HelperCount;
        if (end == PhotoEnd.None && photo.Told.AtMs != 0 && (photo.Told.Done == photo.Done && photo.Told.Helpers == helpers || photo.Done == photo.Tiles))
            return;
        photo.Told = (nowMs, photo.Done, helpers);
        Send(photo.Session, Kind.PhotoState, new PhotoState
        {
            Photo = photo.Number, Tiles = (ushort)photo.Tiles, Done = (ushort)photo.Done, Helpers = (ushort)Math.Min(ushort.MaxValue, helpers), End = end, Text = text,
        }.ToArray());
    }

    /// <summary>Says no.</summary>
    public static void Refuse(Session session, uint photo, string text)
    {
        ServerMeter.Refused(RefusalCode.Rejected);
        Send(session, Kind.PhotoState, new PhotoState { Photo = photo, End = PhotoEnd.Refused, Text = text }.ToArray());
    }

    private static void Send(Session session, Kind kind, byte[] payload)
    {
        var before = session.Connection?.Outbox.BytesQueued ?? 0;
        if (!session.Send(kind, payload))
            return;
        // A picture was asked for; it is not to take the bytes by which its asker sees others move.
        session.ChargedBytes += Math.Min((session.Connection?.Outbox.BytesQueued ?? before) - before, payload.Length + EnvelopeCodec.SizeMax(0));
        session.Flush();
    }

    private readonly record struct Answer(ulong Key, TaskOutcome Outcome, byte[] Output, ulong Fuel);
}
