using System.Text;
using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

public sealed class StateTests
{
    private static readonly byte[] Value = Encoding.UTF8.GetBytes("value");

    [Fact]
    public void A_write_spreads_and_a_removal_too()
    {
        var mesh = new Mesh();
        var (a, b, c) = (mesh.Add(1), mesh.Add(2), mesh.Add(3));
        mesh.Link(a, b);
        mesh.Link(b, c);
        mesh.Run(100);
        Assert.Equal(SendResult.Sent, a.Node.SetState("door", Value, mesh.NowMs));
        mesh.Run(200);
        Assert.True(c.Node.TryGetState("door", out var value));
        Assert.True(value.SequenceEqual(Value));
        c.Node.RemoveState("door", mesh.NowMs);
        mesh.Run(200);
        Assert.False(a.Node.TryGetState("door", out _));
        Assert.Equal(a.Node.StateDigest(), c.Node.StateDigest());
    }

    [Fact]
    public void A_newcomer_gets_everything_by_comparison_even_more_than_one_message_holds()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        for (var i = 0; i < 100; i++)
            a.Node.SetState($"key/{i}", new byte[1_000], mesh.NowMs);
        mesh.Link(a, b);
        mesh.Run(5_000);
        Assert.Equal(100, b.Node.StateKeys().Length);
        Assert.Equal(a.Node.StateDigest(), b.Node.StateDigest());
    }

    [Fact]
    public void Both_sides_of_a_cut_agree_afterwards()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        mesh.Run(100);
        mesh.Cut(a, b);
        a.Node.SetState("x", "a"u8, mesh.NowMs);
        a.Node.SetState("only a", "a"u8, mesh.NowMs);
        mesh.Run(20);
        b.Node.SetState("x", "b"u8, mesh.NowMs);
        b.Node.SetState("only b", "b"u8, mesh.NowMs);
        mesh.Run(20);
        mesh.Link(a, b);
        mesh.Run(2_500);
        Assert.Equal(a.Node.StateDigest(), b.Node.StateDigest());
        Assert.True(a.Node.TryGetState("x", out var x));
        Assert.Equal("b", Encoding.UTF8.GetString(x));
        Assert.Equal(3, a.Node.StateKeys().Length);
    }

    [Fact]
    public void Equal_replicas_compare_by_digest_alone()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        a.Node.SetState("k", Value, mesh.NowMs);
        mesh.Run(3_000);
        var now = mesh.NowMs + 1_000;
        a.Node.Tick(now);
        var sync = Assert.Single(a.Of(Kind.StateSync));
        EnvelopeCodec.TryRead(sync, out var view);
        StateSync.TryRead(view.Payload, out var message);
        Assert.True(message!.Versions.IsDefaultOrEmpty);
        Assert.True(message.Items.IsEmpty);
        b.Sent.Clear();
        Assert.Equal(ReceiveResult.Accepted, b.Node.Receive(a.Id, sync, now));
        Assert.Empty(b.Sent);
    }
}
