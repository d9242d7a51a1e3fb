using Egregore.Mesh;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Area;

namespace Egregore.Peer;

// Reflex states: the participant's own go out and are signed at checkpoints, the neighbours' are judged by the same rules and played back.
public sealed partial class Participant
{
    private readonly Dictionary<PeerId, Neighbour> _neighbours = [];
    private readonly List<Neighbour> _order = [];
    private readonly Dictionary<uint, ChainCheckpoint> _checkpointsToSign = [];
    private readonly Dictionary<uint, (Neighbour Neighbour, ChainCheckpoint Checkpoint)> _checkpointsToVerify = [];
    private readonly StateChain _chain;
    private uint _reflexTick;

    /// <summary>Those who are near, in the order in which they were met.</summary>
    public IReadOnlyList<Neighbour> Neighbours => _order;

    /// <summary>The tick of the newest own state.</summary>
    public uint ReflexTick => _reflexTick;

    /// <summary>
    /// The participant's next movement state. Goes to those who attend, by the world's authority: to truth at every tick, or to peers at every tick and to truth
    /// thinned, or to peers only.
    /// </summary>
    /// <param name="state">One state of the game, of the size that its rules say.</param>
    /// <param name="nowMs">The host's clock.</param>
    public void SendReflex(ReadOnlySpan<byte> state, long nowMs)
    {
        if (state.Length != _rules.StateSizeBytes)
            throw new ArgumentException($"a state has {_rules.StateSizeBytes} bytes, not {state.Length}", nameof(state));
        var tick = ++_reflexTick;
        _chain.TryAppend(tick, state);
        var position = _rules.Position(state);
        _mesh.Position = new MeshPosition(position.X, position.Y, position.Z);
        if (Authority != Authority.Server)
            _mesh.SendReflex(tick, state, nowMs);
        if (TruthLive && (Authority == Authority.Server || (Authority == Authority.Hybrid && tick % (uint)_options.TruthThinning == 0)))
            SendToTruth(Kind.Reflex, tick, state);
        if (Authority != Authority.Server && _chain.Pending >= _options.CheckpointStates)
            SignCheckpoint();
    }

    /// <summary>The neighbour of that id, or null.</summary>
    public Neighbour? FindNeighbour(PeerId peer) => _neighbours.GetValueOrDefault(peer);

    private void SignCheckpoint()
    {
        if (!_chain.TryCheckpoint(out var checkpoint) || _checkpointsToSign.Count >= _options.CryptoPendingMax)
            return;
        var request = NextRequest();
        _checkpointsToSign[request] = checkpoint;
        Span<byte> bytes = stackalloc byte[ChainCheckpoint.SigningBytes];
        checkpoint.WriteSigningBytes(bytes);
        _host.Sign(request, bytes);
    }

    private void CheckpointSigned(ChainCheckpoint checkpoint, ReadOnlySpan<byte> signature)
    {
        Span<byte> table = stackalloc byte[ChainCheckpoint.TableBytesMax];
        var length = checkpoint.WriteTable(table, signature, PublicKey.Span);
        _mesh.SendToAll(Kind.Checkpoint, checkpoint.First, table[..length], Reliability.Reliable);
    }

    private void ReceiveReflex(PeerId from, uint tick, ReadOnlySpan<byte> state, long nowMs)
    {
        if (state.Length != _rules.StateSizeBytes || MeetNeighbour(from, nowMs) is not { } neighbour)
        {
            Stats.ReflexRefused++;
            return;
        }

        neighbour.Chain.Add(tick, state);
        if (neighbour.Path == NeighbourPath.Truth)
            neighbour.Track.Clear();
        if (!neighbour.Track.IsEmpty)
        {
            var ticks = (int)Math.Min(tick - neighbour.Track.NewestTick, int.MaxValue);
            var verdict = _rules.Check(neighbour.Track.Newest, state, ticks, Cache.Db);
            switch (verdict.Kind)
            {
                case VerdictKind.Reject:
                    // Soft correction: what breaks the rules is not shown; the neighbour stays where the rules last had it.
                    neighbour.Rejected++;
                    neighbour.LastRejection = verdict.Reason;
                    return;
                case VerdictKind.Accept:
                    neighbour.Accepted++;
                    break;
                default:
                    neighbour.Unjudged++;
                    break;
            }
        }

        neighbour.Path = _mesh.IsLinked(from, LinkKind.Direct) ? NeighbourPath.Direct : NeighbourPath.Relay;
        neighbour.MeshAtMs = nowMs;
        neighbour.Track.Add(tick, state, nowMs);
    }

    /// <summary>Truth's view of those near: judged by truth already, and only used where the mesh brings nothing.</summary>
    private VerifyError ReceiveRoom(ReadOnlySpan<byte> payload, long nowMs)
    {
        if (RoomFrameView.TryRead(payload, out var frame) is var error && error != VerifyError.None)
            return error;
        _roomReader.Begin(frame.CellX, frame.CellZ);
        while (_roomReader.TryNext(frame.States, out var record))
        {
            if (!_handles.TryGetValue(record.Handle, out var peer) || MeetNeighbour(peer, nowMs) is not { } neighbour || nowMs - neighbour.MeshAtMs < RoomYieldsMs)
                continue;
            if (neighbour.Path != NeighbourPath.Truth)
            {
                // Truth counts its own ticks, the peer its own: the playback starts anew.
                neighbour.Track.Clear();
                neighbour.Path = NeighbourPath.Truth;
            }

            _room.Unpack(new ReflexPosition(record.X, record.Y, record.Z), record.Look, _roomState);
            neighbour.Track.Add(frame.Tick, _roomState, nowMs);
        }

        return _roomReader.IsWhole ? VerifyError.None : VerifyError.VectorOutOfBounds;
    }

    private void ReceiveCheckpoint(PeerId from, ReadOnlySpan<byte> payload)
    {
        if (!_neighbours.TryGetValue(from, out var neighbour) || CheckpointView.TryRead(payload, out var view) != VerifyError.None
            || !ChainCheckpoint.TryFrom(view, from, out var checkpoint) || view.PublicKey.Length != EcdsaP256.PublicKeyBytes
            || PeerId.FromPublicKey(view.PublicKey) != from || _checkpointsToVerify.Count >= _options.CryptoPendingMax)
        {
            Stats.CheckpointsRefused++;
            return;
        }

        var request = NextRequest();
        _checkpointsToVerify[request] = (neighbour, checkpoint);
        Span<byte> bytes = stackalloc byte[ChainCheckpoint.SigningBytes];
        checkpoint.WriteSigningBytes(bytes);
        _host.Verify(request, view.PublicKey, view.Signature, bytes);
    }

    private static void CheckpointVerified(Neighbour neighbour, ChainCheckpoint checkpoint, bool valid)
    {
        var verdict = valid ? neighbour.Chain.Check(checkpoint) : CheckpointVerdict.Forged;
        if (verdict == CheckpointVerdict.Forged)
            neighbour.CheckpointsWrong++;
        else if (verdict == CheckpointVerdict.Verified)
            neighbour.CheckpointsVerified++;
    }

    private Neighbour? MeetNeighbour(PeerId peer, long nowMs)
    {
        if (_neighbours.TryGetValue(peer, out var neighbour))
        {
            neighbour.HeardAtMs = nowMs;
            return neighbour;
        }

        if (peer == Self || _neighbours.Count >= _options.NeighboursMax)
            return null;
        neighbour = new Neighbour(peer, _rules.StateSizeBytes, 1000.0 / _rules.TickRateHz) { HeardAtMs = nowMs };
        _neighbours[peer] = neighbour;
        _order.Add(neighbour);
        return neighbour;
    }

    private void ForgetNeighbours(long nowMs)
    {
        for (var i = _order.Count - 1; i >= 0; i--)
        {
            if (nowMs - _order[i].HeardAtMs < _options.NeighbourForgetMs)
                continue;
            _neighbours.Remove(_order[i].Peer);
            _order.RemoveAt(i);
        }
    }
}
