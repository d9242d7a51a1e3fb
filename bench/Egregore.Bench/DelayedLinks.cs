using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Egregore.Simulation;

namespace Egregore.Bench;

/// <summary>
/// Links of the virtual network in real time: a TCP proxy before the server and UDP proxies before peers, which hand on what comes after the time that a <see cref="VirtualLink"/> says. One
/// thread of its own delivers, so that a delay is kept to about a millisecond on a machine that has one to spare.
/// </summary>
internal sealed class DelayedLinks : IDisposable
{
    private const int DatagramBytesMax = 65_536;
    private const int ReadBytes = 16 * 1024;
    private const int SocketsMax = 256;
    /// <summary>Above it datagrams are dropped.</summary>
    private const int WaitingMax = 100_000;

    private readonly PriorityQueue<Action, (long AtTicks, long Order)> waiting = new();
    private readonly CancellationTokenSource end = new();
    private readonly List<IDisposable> sockets = [];
    private readonly Thread thread;
    private long order;

    public DelayedLinks()
    {
        thread = new Thread(Deliver) { IsBackground = true, Name = "delayed links", Priority = ThreadPriority.AboveNormal };
        thread.Start();
    }

    /// <summary>Listens on a loopback port and passes each connection on; each direction in order, nothing is lost.</summary>
    /// <returns>The port.</returns>
    public int ForwardTcp(IPEndPoint target, VirtualLink link)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Keep(listener);
        _ = AcceptAsync(listener, target, link);
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>Listens on a port of the target's own address: what comes from elsewhere goes to the target, what comes from the target goes back to who sent last. Datagrams may be lost.</summary>
    /// <returns>The port.</returns>
    public int ForwardUdp(IPEndPoint target, VirtualLink link)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(target.Address, 0));
        Keep(socket);
        _ = RelayAsync(socket, target, link);
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public void Dispose()
    {
        end.Cancel();
        lock (waiting)
        {
            waiting.Clear();
            Monitor.Pulse(waiting);
        }
        thread.Join();
        lock (sockets)
        {
            foreach (IDisposable socket in sockets) socket.Dispose();
        }
        end.Dispose();
    }

    private async Task AcceptAsync(Socket listener, IPEndPoint target, VirtualLink link)
    {
        try
        {
            while (true)
            {
                Socket near = await listener.AcceptAsync(end.Token).ConfigureAwait(false);
                var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                near.NoDelay = true;
                Keep(near);
                Keep(far);
                await far.ConnectAsync(target, end.Token).ConfigureAwait(false);
                _ = PipeAsync(near, far, link);
                _ = PipeAsync(far, near, link);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The bench is over, or the server is.
        }
    }

    private async Task PipeAsync(Socket from, Socket to, VirtualLink link)
    {
        byte[] buffer = new byte[ReadBytes];
        long latest = 0;
        try
        {
            int count;
            do
            {
                count = await from.ReceiveAsync(buffer, end.Token).ConfigureAwait(false);
                byte[] part = buffer.AsSpan(0, count).ToArray();
                // A stream keeps its order: nothing overtakes.
                latest = Math.Max(latest, Stopwatch.GetTimestamp() + Ticks(Delay(link)));
                Add(latest, () => Send(to, part));
            }
            while (count > 0);
        }
        catch (Exception e) when (IsEnd(e))
        {
            Add(Math.Max(latest, Stopwatch.GetTimestamp()), () => Send(to, []));
        }
    }

    private async Task RelayAsync(Socket socket, IPEndPoint target, VirtualLink link)
    {
        byte[] buffer = new byte[DatagramBytesMax];
        EndPoint other = target;
        while (!end.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult came = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), end.Token).ConfigureAwait(false);
                if (!came.RemoteEndPoint.Equals(target)) other = came.RemoteEndPoint;
                else if (other == target) continue;
                EndPoint to = came.RemoteEndPoint.Equals(target) ? other : target;
                if (Lost(link) || IsFull()) continue;
                byte[] datagram = buffer.AsSpan(0, came.ReceivedBytes).ToArray();
                Add(Stopwatch.GetTimestamp() + Ticks(Delay(link)), () => SendTo(socket, datagram, to));
            }
            catch (SocketException)
            {
                // A port unreachable that an earlier datagram met; the next may find somebody.
            }
            catch (Exception e) when (IsEnd(e))
            {
                return;
            }
        }
    }

    /// <summary>One link serves both directions, whose reads end on threads of the pool.</summary>
    private static long Delay(VirtualLink link)
    {
        lock (link) return link.NextDelayUs();
    }

    private static bool Lost(VirtualLink link)
    {
        lock (link) return link.NextIsLost();
    }

    private bool IsFull()
    {
        lock (waiting) return waiting.Count >= WaitingMax;
    }

    private static long Ticks(long microseconds) => microseconds * Stopwatch.Frequency / 1_000_000;

    private static void Send(Socket to, byte[] part)
    {
        try
        {
            if (part.Length == 0) to.Shutdown(SocketShutdown.Send);
            else to.Send(part);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The other end is gone; its reader ends the connection.
        }
    }

    private static void SendTo(Socket socket, byte[] datagram, EndPoint to)
    {
        try
        {
            socket.SendTo(datagram, to);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // As on a real network: nobody is told.
        }
    }

    private static bool IsEnd(Exception e) => e is SocketException or OperationCanceledException or ObjectDisposedException;

    private void Keep(Socket socket)
    {
        lock (sockets)
        {
            if (sockets.Count >= SocketsMax) throw new BenchException("too many connections through the delayed links");
            sockets.Add(socket);
        }
    }

    private void Add(long atTicks, Action deliver)
    {
        lock (waiting)
        {
            waiting.Enqueue(deliver, (atTicks, order++));
            Monitor.Pulse(waiting);
        }
    }

    private void Deliver()
    {
        while (!end.IsCancellationRequested)
        {
            Action? due = null;
            lock (waiting)
            {
                if (!waiting.TryPeek(out _, out (long AtTicks, long Order) next))
                {
                    Monitor.Wait(waiting);
                }
                else if (next.AtTicks - Stopwatch.GetTimestamp() is > 0 and long left)
                {
                    Monitor.Wait(waiting, TimeSpan.FromSeconds((double)left / Stopwatch.Frequency));
                }
                else
                {
                    due = waiting.Dequeue();
                }
            }
            due?.Invoke();
        }
    }
}
