namespace Egregore.Server.Transport;

/// <summary>Takes what a socket brings. Called on the poll loop's thread; must not block.</summary>
internal interface IPollHandler
{
    /// <summary>Bytes came; the span is the loop's scratch and may be written over.</summary>
    void Received(Span<byte> data);

    /// <summary>Nothing more will come: the peer closed, or the socket failed. Called once at most.</summary>
    void Ended();
}
