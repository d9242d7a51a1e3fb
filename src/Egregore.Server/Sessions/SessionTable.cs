using System.Collections.Concurrent;
using System.Security.Cryptography;
using Egregore.Server.Sockets;
using Egregore.Wire;

namespace Egregore.Server.Sessions;

/// <summary>All connections and sessions. Lookups are lock-free; sessions are added and removed by the world's loop alone.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<PeerId, Session> _byPeer = new();
    private readonly ConcurrentDictionary<ulong, Session> _byId = new();
    private readonly ConcurrentDictionary<SessionConnection, byte> _connections = new();
    private readonly ConcurrentDictionary<string, int> _perAddress = new(StringComparer.Ordinal);

    public int Count => _byId.Count;

    public int ConnectionCount => _connections.Count;

    /// <summary>All sessions, in no order.</summary>
    public IEnumerable<Session> All => _byId.Select(pair => pair.Value);

    public IEnumerable<SessionConnection> Connections => _connections.Select(pair => pair.Key);

    public Session? Find(PeerId peer) => _byPeer.GetValueOrDefault(peer);

    public Session? Find(ulong id) => _byId.GetValueOrDefault(id);

    public void Add(Session session)
    {
        _byId[session.Id] = session;
        _byPeer[session.Peer] = session;
    }

    public void Remove(Session session)
    {
        _byId.TryRemove(session.Id, out _);
        _byPeer.TryRemove(KeyValuePair.Create(session.Peer, session));
    }

    /// <summary>A number for a new session: random, so that it tells nothing, and never 0.</summary>
    public ulong NewId()
    {
        while (true)
        {
            var id = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
            if (id != 0 && !_byId.ContainsKey(id))
                return id;
        }
    }

    /// <summary>Counts a connection against its address; false: it has enough.</summary>
    public bool TryEnter(string address, int max)
    {
        while (true)
        {
            var count = _perAddress.GetOrAdd(address, 0);
            if (count >= max)
                return false;
            if (_perAddress.TryUpdate(address, count + 1, count))
                return true;
        }
    }

    public void Leave(string address)
    {
        while (_perAddress.TryGetValue(address, out var count))
        {
            if (count > 1 ? _perAddress.TryUpdate(address, count - 1, count) : _perAddress.TryRemove(KeyValuePair.Create(address, count)))
                return;
        }
    }

    public void Add(SessionConnection connection) => _connections[connection] = 0;

    public void Remove(SessionConnection connection) => _connections.TryRemove(connection, out _);
}
