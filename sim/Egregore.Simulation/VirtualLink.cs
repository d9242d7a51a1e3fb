namespace Egregore.Simulation;

/// <summary>
/// One link of the virtual network on its own, for a host that drives it in real time: bridges real sockets and asks what becomes of each message. The same latency, jitter and loss, from the
/// same settings and seed. One thread.
/// </summary>
public sealed class VirtualLink
{
    private readonly SimulationSettings _settings;
    private readonly int _a;
    private readonly int _b;
    private SimulationRandom _random;

    private VirtualLink(SimulationSettings settings, int a, int b)
    {
        var error = settings.Check();
        if (error.Length > 0)
            throw new ArgumentException(error, nameof(settings));
        _settings = settings;
        _a = a;
        _b = b;
        _random = new SimulationRandom(SimulationRandom.Of(settings.Seed, (ulong)a, (ulong)b + 1));
    }

    /// <summary>The link between two peers.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static VirtualLink BetweenPeers(SimulationSettings settings, int a, int b) => new(settings, a, b);

    /// <summary>The link between a peer and the server.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static VirtualLink ToServer(SimulationSettings settings, int peer) => new(settings, peer, -1);

    /// <summary>Whether this message is lost; for links that lose messages rather than send them again.</summary>
    public bool NextIsLost() => _random.Chance(_settings.Loss);

    /// <summary>How long this message is under way, microseconds.</summary>
    public long NextDelayUs() => _b < 0 ? LinkModel.ServerLegUs(_settings, ref _random) : LinkModel.PathUs(_settings, _a, _b, ref _random);
}
