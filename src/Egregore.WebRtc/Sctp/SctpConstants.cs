namespace Egregore.WebRtc.Sctp;

/// <summary>Chunk types (RFC 9260 section 3.2, RFC 3758, RFC 4820, RFC 6525).</summary>
internal static class ChunkType
{
    public const byte Data = 0;
    public const byte Init = 1;
    public const byte InitAck = 2;
    public const byte Sack = 3;
    public const byte Heartbeat = 4;
    public const byte HeartbeatAck = 5;
    public const byte Abort = 6;
    public const byte Shutdown = 7;
    public const byte ShutdownAck = 8;
    public const byte Error = 9;
    public const byte CookieEcho = 10;
    public const byte CookieAck = 11;
    public const byte ShutdownComplete = 14;
    public const byte ReConfig = 130;
    public const byte Pad = 132;
    public const byte ForwardTsn = 192;

    /// <summary>Of an unknown chunk type: skip it and read on (else drop the rest of the packet).</summary>
    public const byte SkipBit = 0x80;

    /// <summary>Of an unknown chunk type: report it in an ERROR.</summary>
    public const byte ReportBit = 0x40;
}

/// <summary>Flags of a DATA chunk (RFC 9260 section 3.3.1, RFC 7053).</summary>
internal static class DataFlags
{
    public const byte End = 1;
    public const byte Begin = 2;
    public const byte Unordered = 4;
    public const byte Immediate = 8;
    public const byte Whole = Begin | End;
}

/// <summary>Parameter types of INIT, INIT ACK and RE-CONFIG (RFC 9260, RFC 3758, RFC 5061, RFC 6525, RFC 9653).</summary>
internal static class ParameterType
{
    public const ushort HeartbeatInfo = 1;
    public const ushort StateCookie = 7;
    public const ushort OutgoingReset = 13;
    public const ushort IncomingReset = 14;
    public const ushort SsnTsnReset = 15;
    public const ushort ReconfigResponse = 16;
    public const ushort AddOutgoingStreams = 17;
    public const ushort AddIncomingStreams = 18;
    public const ushort ZeroChecksumAcceptable = 0x8001;
    public const ushort SupportedExtensions = 0x8008;
    public const ushort ForwardTsnSupported = 0xC000;

    public const ushort SkipBit = 0x8000;
}

/// <summary>Error cause codes of ABORT and ERROR (RFC 9260 section 3.3.10).</summary>
internal static class ErrorCause
{
    public const ushort InvalidStream = 1;
    public const ushort StaleCookie = 3;
    public const ushort UnrecognizedChunk = 6;
    public const ushort NoUserData = 9;
    public const ushort UserInitiated = 12;
    public const ushort ProtocolViolation = 13;
}

/// <summary>Results of a re-configuration request (RFC 6525 section 4.4).</summary>
internal static class ReconfigResult
{
    public const uint NothingToDo = 0;
    public const uint Performed = 1;
    public const uint Denied = 2;
    public const uint WrongSsn = 3;
    public const uint RequestInProgress = 4;
    public const uint BadSequenceNumber = 5;
    public const uint InProgress = 6;
}
