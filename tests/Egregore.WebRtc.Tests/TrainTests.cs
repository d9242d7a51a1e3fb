using System.Runtime.InteropServices;

namespace Egregore.WebRtc.Tests;

/// <summary>Datagrams that pass the network stack as a train, on Linux.</summary>
public sealed class TrainTests
{
    private const int SocketLevel = 1;
    private const int NoChecksum = 11;
    private const int Messages = 40;

    /// <summary>Without checksums the kernel refuses to cut trains, as it does on a device that cannot compute them.</summary>
    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_message_arrives_with_trains_and_where_they_are_refused(bool refused)
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        var socket = Assert.Single(hostA.Sockets);
        Assert.True(socket.SendsTrains);
        if (refused)
            socket.Socket.SetRawSocketOption(SocketLevel, NoChecksum, MemoryMarshal.AsBytes<int>([1]));
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var incoming = b.IncomingChannelAsync();
        var channel = a.CreateDataChannel("trains");
        Peers.Connect(a, b);
        var inbox = (await incoming).Inbox();
        await channel.OpenAsync();
        var random = new Random(1);
        var sent = new List<byte[]>();
        for (var i = 0; i < Messages; i++)
        {
            var message = new byte[random.Next(1, 100_000)];
            random.NextBytes(message);
            sent.Add(message);
            channel.Send(message);
        }

        foreach (var message in sent)
            Assert.Equal(message, (await inbox.NextAsync()).Bytes);
        Assert.Equal(!refused, socket.SendsTrains);
    }
}

/// <summary>A theory about system calls that only Linux has.</summary>
public sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "trains of datagrams are used on Linux only";
    }
}
