using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>One remembered message.</summary>
internal struct GossipEntry
{
    public GossipId Id;
    public long ArrivedMs;

    /// <summary>Slots of links whose peers have it, as far as known.</summary>
    public uint HeldBy;

    /// <summary>The envelope as it is forwarded, TTL lowered; null when it was not kept.</summary>
    public byte[]? Envelope;
    public int Length;

    /// <summary>Waits for the next announcement.</summary>
    public bool Pending;
}

/// <summary>
/// The last <see cref="MeshOptions.SeenMax"/> message ids and, while they fit <see cref="MeshOptions.StoreBytesMax"/>, their envelopes. A ring: the oldest makes room, and its
/// buffer is used again.
/// </summary>
internal sealed class GossipCache(int max, int bytesMax, ulong key)
{
    private readonly GossipEntry[] _ring = new GossipEntry[max];
    private readonly Dictionary<GossipId, int> _byId = new(new GossipIdComparer(key));
    private int _next;
    private int _oldestBody;
    private long _bytes;

    public int Count => _byId.Count;

    public long Bytes => _bytes;

    /// <summary>Index of the newest entry plus one, modulo the size: where <see cref="Newest"/> walks back from.</summary>
    public ref GossipEntry this[int index] => ref _ring[index];

    public int Find(GossipId id) => _byId.TryGetValue(id, out var index) ? index : -1;

    /// <summary>The index of the <paramref name="back"/>-th newest entry, from 0; -1 when there are not so many.</summary>
    public int Newest(int back) => back < Count ? (_next - 1 - back + (2 * _ring.Length)) % _ring.Length : -1;

    /// <summary>Remembers an id, not known before.</summary>
    /// <param name="id">The id.</param>
    /// <param name="envelope">What to forward; empty to keep the id alone.</param>
    /// <param name="nowMs">Now.</param>
    /// <returns>Its index.</returns>
    public int Add(GossipId id, ReadOnlySpan<byte> envelope, long nowMs)
    {
        var index = _next;
        _next = (_next + 1) % _ring.Length;
        ref var entry = ref _ring[index];
        if (Count == _ring.Length)
            _byId.Remove(entry.Id);
        _byId.Add(id, index);

        var buffer = entry.Envelope;
        if (index == _oldestBody && Count == _ring.Length)
            _oldestBody = _next;
        if (buffer is not null && (buffer.Length < envelope.Length || buffer.Length > 4 * Math.Max(64, envelope.Length)))
        {
            _bytes -= buffer.Length;
            buffer = null;
        }

        if (envelope.Length > 0)
        {
            if (buffer is null)
            {
                buffer = new byte[(envelope.Length + 63) & ~63];
                _bytes += buffer.Length;
            }

            envelope.CopyTo(buffer);
        }
        else if (buffer is not null)
        {
            _bytes -= buffer.Length;
            buffer = null;
        }

        entry = new GossipEntry { Id = id, ArrivedMs = nowMs, Envelope = buffer, Length = envelope.Length };
        while (_bytes > bytesMax && _oldestBody != index)
        {
            ref var oldest = ref _ring[_oldestBody];
            if (oldest.Envelope is not null)
            {
                _bytes -= oldest.Envelope.Length;
                oldest.Envelope = null;
            }

            _oldestBody = (_oldestBody + 1) % _ring.Length;
        }

        return index;
    }

    /// <summary>A slot was given to another link: nothing is known of what it has.</summary>
    public void ClearSlot(uint bit)
    {
        for (var i = 0; i < _ring.Length; i++)
            _ring[i].HeldBy &= ~bit;
    }
}
