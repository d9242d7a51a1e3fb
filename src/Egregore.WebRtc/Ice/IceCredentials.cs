using System.Text;

namespace Egregore.WebRtc.Ice;

/// <summary>One generation's user names and passwords of both ends (RFC 8445 section 5.3). A restart makes a new one.</summary>
internal sealed class IceCredentials
{
    /// <summary>Our own user name fragments have this length, so that a host finds a connection by them as a number.</summary>
    public const int LocalUfragLength = 8;

    public const int LocalPasswordLength = 24;

    /// <summary>RFC 8839 section 5.4.</summary>
    public const int TextLengthMin = 4, PasswordLengthMin = 22, TextLengthMax = 256;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// <param name="generation">0, and one more with each restart.</param>
    /// <param name="random">24 + 8 random bytes, of which six bits each are used: 48 bits of name, 144 bits of password.</param>
    public IceCredentials(int generation, ReadOnlySpan<byte> random)
    {
        Generation = generation;
        LocalUfrag = Text(random[..LocalUfragLength]);
        LocalPassword = Text(random.Slice(LocalUfragLength, LocalPasswordLength));
        LocalUfragBytes = Encoding.ASCII.GetBytes(LocalUfrag);
        LocalKey = Encoding.ASCII.GetBytes(LocalPassword);
    }

    public const int RandomBytes = LocalUfragLength + LocalPasswordLength;

    public int Generation { get; }

    public string LocalUfrag { get; }

    public string LocalPassword { get; }

    public byte[] LocalUfragBytes { get; }

    public byte[] LocalKey { get; }

    public string? RemoteUfrag { get; private set; }

    public byte[]? RemoteUfragBytes { get; private set; }

    public byte[]? RemoteKey { get; private set; }

    public void SetRemote(string ufrag, string password)
    {
        RemoteUfrag = ufrag;
        RemoteUfragBytes = Encoding.UTF8.GetBytes(ufrag);
        RemoteKey = Encoding.UTF8.GetBytes(password);
    }

    private static string Text(ReadOnlySpan<byte> random)
    {
        Span<char> text = stackalloc char[random.Length];
        for (var i = 0; i < text.Length; i++)
            text[i] = Alphabet[random[i] & 63];
        return new string(text);
    }
}
