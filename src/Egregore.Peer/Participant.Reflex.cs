using Egregore.Wire;
using Egregore.World;

namespace Egregore.Peer;

// Reflex states: the participant's own go out and are signed at checkpoints, the neighbours' are judged by the same rules and played back.
public sealed partial class Participant
{
    private readonly Dictionary<PeerId, Neighbour> _neighbours = [];
    private readonly List<Neighbour> _order = [];
    private readonly Dictionary<uint, Checkpoint> _checkpointsToSign = [];
    private readonly Dictionary<uint, (PeerId Peer, Checkpoint Checkpoint)> _checkpointsToVerify = [];
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
        _chain.Append(tick, state);
        var position = _rules.Position(state);
        _mesh.Position = new Mesh.MeshPosition(position.X, position.Y, position.Z);
        if (Authority != Authority.Server)
            _mesh.SendReflex(tick, state, nowMs);
        if (TruthLive && (Authority == Authority.Server || (Authority == Authority.Hybrid && tick % (uint)_options.TruthThinning == 0)))
            SendToTruth(Kind.Reflex, tick, state);
        if (Authority != Authority.Server && _chain.Count >= _options.CheckpointStates)
            SignCheckpoint();
    }

    /// <summary>The neighbour of that id, or null.</summary>
    public Neighbour? FindNeighbour(PeerId peer) => _neighbours.GetValueOrDefault(peer);

    private void SignCheckpoint()
    {
        var checkpoint = _chain.TakeCheckpoint();
        if (_checkpointsToSign.Count >= _options.CryptoPendingMax)
            return;
        var request = NextRequest();
        _checkpointsToSign[request] = checkpoint;
        _host.Sign(request, ChainSigning.Bytes(Self, checkpoint));
    }

    private void CheckpointSigned(Checkpoint checkpoint, ReadOnlySpan<byte> signature, long nowMs)
    {
        var signed = checkpoint with { PublicKey = PublicKey, Signature = signature.ToArray() };
        _mesh.SendToAll(Kind.Checkpoint, checkpoint.First, Encode(signed), Mesh.Reliability.Reliable, nowMs);
    }

    private void ReceiveReflex(PeerId from, uint tick, ReadOnlySpan<byte> state, long nowMs)
    {
        if (state.Length != _rules.StateSizeBytes || MeetNeighbour(from, nowMs) is not { } neighbour)
        {
            Stats.ReflexRefused++;
            return;
        }

        neighbour.Chain.Add(tick, state);
        if (!neighbour.Track.IsEmpty && neighbour.Path != NeighbourPath.Truth)
        {
            var ticks = (int)Math.Min(tick - neighbour.Track.NewestTick, int.MaxValue);
            var verdict = _rules.Check(neighbour.Track.Newest, state, ticks, Cache.Database);
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

        neighbour.Path = _mesh.IsLinked(from, Mesh.LinkKind.Direct) ? NeighbourPath.Direct : NeighbourPath.Relay;
        neighbour.MeshAtMs = nowMs;
        neighbour.Track.Add(tick, state, nowMs);
    }

    /// <summary>A state that truth relayed in a room frame: judged by truth already, and only used where the mesh brings nothing.</summary>
    private void ReceiveRoomState(Neighbour neighbour, uint tick, ReadOnlySpan<byte> state, long nowMs)
    {
        if (nowMs - neighbour.MeshAtMs < RoomYieldsMs)
            return;
        if (neighbour.Path != NeighbourPath.Truth)
        {
            // Truth counts its own ticks, the peer its own: the playback starts anew.
            neighbour.Track.Clear();
            neighbour.Path = NeighbourPath.Truth;
        }

        neighbour.Track.Add(tick, state, nowMs);
    }

    private void ReceiveCheckpoint(PeerId from, ReadOnlySpan<byte> payload)
    {
        if (!_neighbours.TryGetValue(from, out var neighbour) || Checkpoint.TryRead(payload, out var checkpoint) != VerifyError.None || checkpoint is null)
        {
            Stats.CheckpointsRefused++;
            return;
        }

        if (checkpoint.PublicKey.Length != 65 || PeerId.FromPublicKey(checkpoint.PublicKey.Span) != from || checkpoint.Signature.Length != EnvelopeCodec.SignatureBytes)
        {
            neighbour.CheckpointsWrong++;
            return;
        }

        if (_checkpointsToVerify.Count >= _options.CryptoPendingMax)
        {
            Stats.CheckpointsRefused++;
            return;
        }

        var request = NextRequest();
        _checkpointsToVerify[request] = (from, checkpoint);
        _host.Verify(request, checkpoint.PublicKey.Span, checkpoint.Signature.Span, ChainSigning.Bytes(from, checkpoint));
    }

    private void CheckpointVerified(PeerId from, Checkpoint checkpoint, bool valid)
    {
        if (!_neighbours.TryGetValue(from, out var neighbour))
            return;
        if (!valid || neighbour.Chain.Check(checkpoint) == ChainResult.Mismatch)
            neighbour.CheckpointsWrong++;
        else
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
