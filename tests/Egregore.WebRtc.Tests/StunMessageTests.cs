using System.Text;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Tests;

/// <summary>The test vectors of RFC 5769, and what hostile bytes meet.</summary>
public sealed class StunMessageTests
{
    private const string Password = "VOkJxbRl1RmTxUk/WvJxBt";

    // RFC 5769 section 2.1.
    private const string Request =
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36" +
        "00060009" + "6576746a3a68367659202020" + "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

    // RFC 5769 sections 2.2 and 2.3.
    private const string ResponseIPv4 =
        "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643" +
        "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";

    private const string ResponseIPv6 =
        "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9" +
        "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

    // RFC 5769 section 2.4: long-term credentials, no fingerprint.
    private const string LongTerm =
        "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b90000" +
        "0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f726700" +
        "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666";

    [Fact]
    public void Rfc5769_request()
    {
        var bytes = Convert.FromHexString(Request);
        Assert.Equal(StunParseResult.Ok, StunMessage.TryParse(bytes, out var message));
        Assert.Equal((StunClass.Request, StunMethod.Binding), (message.Class, message.Method));
        Assert.True(message.HasFingerprint);
        Assert.True(message.CheckIntegrity(Encoding.ASCII.GetBytes(Password)));
        Assert.False(message.CheckIntegrity("another"u8));
        Assert.True(message.TryGet(StunAttribute.Username, out var username));
        Assert.Equal("evtj:h6vY", Encoding.ASCII.GetString(username));
        Assert.True(message.TryGetUInt32(StunAttribute.Priority, out var priority));
        Assert.Equal(0x6e0001ffu, priority);
        Assert.True(message.TryGetUInt64(StunAttribute.IceControlled, out var tieBreaker));
        Assert.Equal(0x932ff9b151263b36u, tieBreaker);
    }

    [Theory]
    [InlineData(ResponseIPv4, "192.0.2.1:32853")]
    [InlineData(ResponseIPv6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
    public void Rfc5769_responses(string hex, string address)
    {
        Assert.Equal(StunParseResult.Ok, StunMessage.TryParse(Convert.FromHexString(hex), out var message));
        Assert.Equal(StunClass.Success, message.Class);
        Assert.True(message.CheckIntegrity(Encoding.ASCII.GetBytes(Password)));
        Assert.True(message.TryGetAddress(StunAttribute.XorMappedAddress, out var mapped));
        Assert.Equal(address, mapped.ToString());
    }

    [Fact]
    public void Rfc5769_long_term_credentials()
    {
        Assert.Equal(StunParseResult.Ok, StunMessage.TryParse(Convert.FromHexString(LongTerm), out var message));
        Assert.True(message.TryGet(StunAttribute.Username, out var username));
        Assert.True(message.TryGet(StunAttribute.Realm, out var realm));
        Assert.Equal("example.org", Encoding.UTF8.GetString(realm));
        // SASLprep has turned the password "The<soft hyphen>M<ordinal a>tr<roman IX>" into this.
        Assert.True(message.CheckIntegrity(StunIntegrity.LongTermKey(Encoding.UTF8.GetString(username), "example.org", "TheMatrIX", sha256: false)));
    }

    /// <summary>RFC 8489 appendix B.1 as its erratum has it: with PASSWORD-ALGORITHM, and a key by SHA-256.</summary>
    [Fact]
    public void Rfc8489_long_term_credentials_with_sha256()
    {
        var bytes = Convert.FromHexString(
            "000100902112a44278ad3433c6ad72c029da412e" + "001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
            + "001500296f624d61744a6f733241414143662f2f3439396b393534643" + "64f4c33346f4c394653547679363473" + "41000000" + "0014000b6578616d706c652e6f726700" + "001d000400020000"
            + "001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65");
        Assert.Equal(StunParseResult.Ok, StunMessage.TryParse(bytes, out var message));
        var key = StunIntegrity.LongTermKey("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", "example.org", "TheMatrIX", sha256: true);
        Assert.True(message.CheckIntegritySha256(key));
        Assert.False(message.CheckIntegritySha256(StunIntegrity.LongTermKey("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", "example.org", "TheMatrIX", sha256: false)));

        // Written again from its parts it is the same, byte for byte.
        var again = new byte[bytes.Length];
        var writer = new StunWriter(again, StunClass.Request, StunMethod.Binding, message.TransactionId);
        foreach (var type in new[] { StunAttribute.UserHash, StunAttribute.Nonce, StunAttribute.Realm, StunAttribute.PasswordAlgorithm })
        {
            Assert.True(message.TryGet(type, out var value));
            writer.Add(type, value);
        }

        writer.AddIntegritySha256(key);
        Assert.Equal(bytes.Length, writer.Length);
        Assert.Equal(bytes, again);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_is_read(bool sha256)
    {
        Span<byte> buffer = new byte[512];
        var id = new TransactionId(0x0102030405060708, 0x090a0b0c);
        var address = TransportAddress.From(System.Net.IPAddress.Parse("2001:db8::5"), 4321);
        var writer = new StunWriter(buffer, StunClass.Error, StunMethod.ChannelBind, id);
        writer.AddXorAddress(StunAttribute.XorPeerAddress, address);
        writer.AddError(438, "Stale Nonce");
        writer.AddUsername("abc"u8, "defgh"u8);
        if (sha256)
            writer.AddIntegritySha256("key"u8);
        else
            writer.AddIntegrity("key"u8);
        writer.AddFingerprint();
        Assert.Equal(StunParseResult.Ok, StunMessage.TryParse(buffer[..writer.Length], out var message));
        Assert.Equal((StunClass.Error, StunMethod.ChannelBind, 438), (message.Class, message.Method, message.ErrorCode));
        Assert.Equal(id, message.TransactionId);
        Assert.True(message.TryGetAddress(StunAttribute.XorPeerAddress, out var read));
        Assert.Equal(address, read);
        Assert.Equal(sha256, message.CheckIntegritySha256("key"u8));
        Assert.Equal(!sha256, message.CheckIntegrity("key"u8));
        Assert.False(message.CheckIntegritySha256("kez"u8) || message.CheckIntegrity("kez"u8));
    }

    [Fact]
    public void What_does_not_fit_leaves_nothing()
    {
        var writer = new StunWriter(new byte[30], StunClass.Request, StunMethod.Binding, default);
        writer.AddUInt64(StunAttribute.IceControlling, 1);
        Assert.Equal(0, writer.Length);
    }

    [Theory]
    [InlineData("", StunParseResult.TooShort)]
    [InlineData("000100002112a443000000000000000000000000", StunParseResult.NotStun)]
    [InlineData("400100002112a442000000000000000000000000", StunParseResult.NotStun)]
    [InlineData("000100042112a442000000000000000000000000", StunParseResult.BadLength)]
    [InlineData("000100022112a4420000000000000000000000000000", StunParseResult.BadLength)]
    [InlineData("000100042112a44200000000000000000000000000060004", StunParseResult.BadAttribute)]
    [InlineData("000100082112a4420000000000000000000000008028000400000000", StunParseResult.BadFingerprint)]
    [InlineData("000100082112a4420000000000000000000000000008000400000000", StunParseResult.BadIntegrity)]
    public void Malformed_messages_have_reasons(string hex, object reason) =>
        Assert.Equal((StunParseResult)reason, StunMessage.TryParse(Convert.FromHexString(hex), out _));

    [Fact]
    public void A_changed_bit_anywhere_is_seen()
    {
        var bytes = Convert.FromHexString(Request);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var passes = StunMessage.TryParse(bytes, out var message) == StunParseResult.Ok && message.HasFingerprint && message.CheckIntegrity(Encoding.ASCII.GetBytes(Password));
            Assert.False(passes, $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }
}
