using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Host;

/// <summary>
/// What handlers are to be told, in the order that it happened. Filled with the transport's lock held, emptied without it by one thread at a time.
/// </summary>
/// <remarks>
/// A message is copied once, into a buffer that is rented while there is something in it: handlers run without the lock, as two connections whose handlers
/// send to each other would block for ever with it. The bytes that wait count against the association's receive window, so the peer's sending bounds the queue.
/// </remarks>
internal sealed class EventQueue
{
    private const int ItemsMin = 4;
    private const int KeptItems = 64;

    private struct Item
    {
        public Action? Action;
        public RtcDataChannel? Channel;
        public int Offset;
        public int Length;
        public bool IsText;
    }

    private struct Half
    {
        public Item[] Items;

        /// <summary>The short array, while a long one takes its place.</summary>
        public Item[]? Kept;
        public byte[]? Bytes;
        public int Count;
        public int Used;
    }

    private readonly Lock _lock = new();
    private Half _filling = new() { Items = [] };
    private Half _emptying = new() { Items = [] };
    private bool _draining;
    private int _latestUsed;

    /// <summary>Told what a handler threw; true when that was heard.</summary>
    public Func<Exception, bool>? OnHandlerFailed { get; set; }

    /// <summary>Message bytes were handed over.</summary>
    public Action<int>? OnReleased { get; set; }

    public bool IsEmpty => Volatile.Read(ref _filling.Count) == 0;

    public void Post(Action action)
    {
        lock (_lock)
            Next().Action = action;
    }

    public void Post(RtcDataChannel channel, ReadOnlySpan<byte> message, bool isText)
    {
        lock (_lock)
        {
            ref var item = ref Next();
            item.Channel = channel;
            item.IsText = isText;
            item.Length = message.Length;
            item.Offset = _filling.Used;
            Reserve(message.Length);
            message.CopyTo(_filling.Bytes.AsSpan(_filling.Used));
            _filling.Used += message.Length;
        }
    }

    /// <summary>Runs the handlers until nothing waits. Returns at once where another thread, or this one further up, is doing so.</summary>
    public void Drain()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_draining || _filling.Count == 0)
                    return;
                _draining = true;
                (_filling, _emptying) = (_emptying, _filling);
            }

            var released = _emptying.Used;
            for (var i = 0; i < _emptying.Count; i++)
                Run(_emptying.Items[i]);
            lock (_lock)
            {
                Clear(ref _emptying);
                _draining = false;
            }

            if (released > 0)
                OnReleased?.Invoke(released);
        }
    }

    private void Run(in Item item)
    {
        try
        {
            if (item.Channel is { } channel)
                channel.RaiseMessage(_emptying.Bytes.AsSpan(item.Offset, item.Length), item.IsText);
            else
                item.Action!();
        }
#pragma warning disable CA1031 // A handler's fault must not end the thread that all connections share; it is handed on, never swallowed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (OnHandlerFailed?.Invoke(e) != true)
                ThreadPool.UnsafeQueueUserWorkItem(static e => System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e), e, preferLocal: false);
        }
    }

    private ref Item Next()
    {
        if (_filling.Count == _filling.Items.Length)
            Grow(ref _filling);
        ref var item = ref _filling.Items[_filling.Count++];
        item = default;
        return ref item;
    }

    private void Reserve(int length)
    {
        var needed = _filling.Used + length;
        if (_filling.Bytes is { } bytes && bytes.Length >= needed)
            return;
        // What was needed lately will be again.
        var larger = SharedArrays<byte>.Rent(Math.Max(needed, _filling.Bytes is { Length: var had } ? had * 2 : _latestUsed));
        if (_filling.Bytes is { } old)
        {
            old.AsSpan(0, _filling.Used).CopyTo(larger);
            SharedArrays<byte>.Return(old);
        }

        _filling.Bytes = larger;
    }

    private static void Grow(ref Half half)
    {
        var length = Math.Max(ItemsMin, half.Count * 2);
        // Short ones are kept, and most connections need no more; long ones come and go with bursts.
        var larger = length > KeptItems ? SharedArrays<Item>.Rent(length) : new Item[length];
        half.Items.AsSpan(0, half.Count).CopyTo(larger);
        if (half.Items.Length > KeptItems)
        {
            ReturnLong(half.Items, half.Count);
        }
        else if (length > KeptItems)
        {
            Array.Clear(half.Items);
            half.Kept = half.Items;
        }

        half.Items = larger;
    }

    private static void ReturnLong(Item[] items, int used)
    {
        // The pool is the whole process's: nothing of this connection may stay alive in it.
        Array.Clear(items, 0, used);
        SharedArrays<Item>.Return(items);
    }

    private void Clear(ref Half half)
    {
        if (half.Items.Length > KeptItems)
        {
            ReturnLong(half.Items, half.Count);
            half.Items = half.Kept ?? [];
        }
        else
        {
            Array.Clear(half.Items, 0, half.Count);
        }

        _latestUsed = half.Used;
        half.Count = half.Used = 0;
        if (half.Bytes is not { } bytes)
            return;
        SharedArrays<byte>.Return(bytes);
        half.Bytes = null;
    }
}
