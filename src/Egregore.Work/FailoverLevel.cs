namespace Egregore.Work;

/// <summary>Who gave the answer, in the order in which they are asked.</summary>
public enum FailoverLevel : byte
{
    /// <summary>The first helper.</summary>
    Peer = 0,

    /// <summary>Another helper, after the first one failed or was slow.</summary>
    AnotherPeer = 1,

    /// <summary>A worker of the operator's.</summary>
    Cloud = 2,

    /// <summary>Truth itself.</summary>
    Truth = 3,
}
