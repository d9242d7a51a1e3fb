using System.Buffers.Binary;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Turn;

/// <summary>What comes from the server: answers, challenges, and peers' data.</summary>
internal sealed partial class TurnClient
{
    /// <summary>Takes one message. Never throws; what does not fit is counted in <see cref="Dropped"/>.</summary>
    public void Receive(ReadOnlySpan<byte> message, long nowUs)
    {
        if (State is not (TurnState.Allocating or TurnState.Ready) || message.Length < 4)
        {
            Dropped++;
            return;
        }

        if (message[0] is >= 0x40 and < 0x50)
        {
            ReceiveChannelData(message);
            return;
        }

        if (StunMessage.TryParse(message, out var stun) != StunParseResult.Ok)
        {
            Dropped++;
            return;
        }

        if (stun.Class == StunClass.Indication)
            ReceiveIndication(stun);
        else if (stun.Class != StunClass.Request)
            ReceiveResponse(stun, nowUs);
    }

    private void ReceiveChannelData(ReadOnlySpan<byte> message)
    {
        var number = BinaryPrimitives.ReadUInt16BigEndian(message);
        var length = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if (length <= message.Length - 4)
        {
            foreach (var channel in _channels)
            {
                if (channel.Number != number)
                    continue;
                _output.OnData(channel.Peer, message.Slice(4, length));
                return;
            }
        }

        Dropped++;
    }

    private void ReceiveIndication(in StunMessage stun)
    {
        if (stun.Method == StunMethod.Data && stun.TryGetAddress(StunAttribute.XorPeerAddress, out var peer) && stun.TryGet(StunAttribute.Data, out var data)
            && _permissions.ContainsKey(peer.WithPort(0)))
            _output.OnData(peer, data);
        else
            Dropped++;
    }

    private void ReceiveResponse(in StunMessage stun, long nowUs)
    {
        var id = stun.TransactionId;
        var index = _transactions.FindIndex(transaction => transaction.Id == id);
        if (index < 0 || _transactions[index].Method != stun.Method)
        {
            Dropped++;
            return;
        }

        var transaction = _transactions[index];
        var code = stun.ErrorCode;
        // Only a challenge may come without a code: the server cannot make one before it knows who asks.
        var challenge = stun.Class == StunClass.Error && code is 401 or 438 or 300 or 400;
        if (transaction.WasAuthenticated && !challenge && !(_sha256 ? stun.CheckIntegritySha256(_key) : stun.CheckIntegrity(_key)))
        {
            Dropped++;
            return;
        }

        _transactions.RemoveAt(index);
        if (stun.Class == StunClass.Success)
            OnSuccess(transaction, stun, nowUs);
        else if (code is 401 or 438)
            OnChallenge(transaction, stun, code, nowUs);
        else if (code == 300 && transaction.Method == StunMethod.Allocate && stun.TryGetAddress(StunAttribute.AlternateServer, out var server))
        {
            State = TurnState.Closed;
            _transactions.Clear();
            _output.OnRedirect(server);
        }
        else
            OnError(transaction, code);
    }

    private void OnSuccess(TurnTransaction transaction, in StunMessage stun, long nowUs)
    {
        var lifetime = stun.TryGetUInt32(StunAttribute.Lifetime, out var seconds) ? Math.Clamp(seconds, 60, 3600) : LifetimeSeconds;
        switch (transaction.Method)
        {
            case StunMethod.Allocate:
                if (!stun.TryGetAddress(StunAttribute.XorRelayedAddress, out var relayed) || relayed.IsUnusable || relayed.Port == 0)
                {
                    Fail("the TURN server named no relayed address");
                    return;
                }

                stun.TryGetAddress(StunAttribute.XorMappedAddress, out var mapped);
                State = TurnState.Ready;
                _refreshAtUs = nowUs + ((lifetime - Math.Min(60, lifetime / 2)) * Second);
                _output.OnAllocated(relayed, mapped);
                break;
            case StunMethod.Refresh:
                _refreshAtUs = nowUs + ((lifetime - Math.Min(60, lifetime / 2)) * Second);
                break;
            case StunMethod.CreatePermission:
                if (!_permissions.TryGetValue(transaction.Peer, out var permission))
                    return;
                permission.Ready = true;
                permission.RefreshAtUs = nowUs + PermissionRefreshUs;
                if (permission.Held is { } held)
                    SendIndication(permission.HeldFor, held);
                permission.Held = null;
                break;
            case StunMethod.ChannelBind:
                foreach (var channel in _channels)
                {
                    if (channel.Number != transaction.Channel)
                        continue;
                    channel.Ready = true;
                    channel.RefreshAtUs = nowUs + ChannelRefreshUs;
                }

                break;
        }
    }

    private void OnChallenge(TurnTransaction transaction, in StunMessage stun, int code, long nowUs)
    {
        if (code == 401 && transaction.WasAuthenticated)
        {
            if (transaction.Method is StunMethod.Allocate or StunMethod.Refresh)
                Fail("the TURN server does not take the user name and password");
            else
                OnTimeout(transaction);
            return;
        }

        if (!stun.TryGet(StunAttribute.Nonce, out var nonce) || nonce.Length is 0 or > TextBytesMax || ++transaction.NonceRetries > NonceRetriesMax
            || Text(stun.TryGet(StunAttribute.Realm, out var realmBytes) ? realmBytes : []) is not { } realm && (realm = _realm) is null)
        {
            Fail("the TURN server's challenge cannot be answered");
            return;
        }

        _nonce = nonce.ToArray();
        if (_key is null || realm != _realm)
        {
            ChooseAlgorithm(stun, nonce);
            _realm = realm;
            _key = StunIntegrity.LongTermKey(_username, realm, _password, _sha256);
        }

        Renew(transaction);
        _transactions.Add(transaction);
        Send(transaction, nowUs);
    }

    /// <summary>The nonce's cookie and first bit say that the list of algorithms is the server's own (RFC 8489 section 9.2.1).</summary>
    private void ChooseAlgorithm(in StunMessage stun, ReadOnlySpan<byte> nonce)
    {
        _algorithms = null;
        _sha256 = false;
        if (nonce.Length < 13 || !nonce.StartsWith("obMatJos2"u8) || !stun.TryGet(StunAttribute.PasswordAlgorithms, out var offered) || offered.Length > 64)
            return;
        Span<byte> features = stackalloc byte[3];
        if (System.Buffers.Text.Base64.DecodeFromUtf8(nonce.Slice(9, 4), features, out _, out var written) != System.Buffers.OperationStatus.Done || written != 3
            || (features[0] & 0x80) == 0)
            return;
        for (var at = 0; at + 4 <= offered.Length;)
        {
            var algorithm = BinaryPrimitives.ReadUInt16BigEndian(offered[at..]);
            _sha256 |= algorithm == 2;
            at += 4 + ((BinaryPrimitives.ReadUInt16BigEndian(offered[(at + 2)..]) + 3) & ~3);
        }

        _algorithms = offered.ToArray();
    }

    private void OnError(TurnTransaction transaction, int code)
    {
        switch (transaction.Method)
        {
            case StunMethod.Allocate:
                Fail(code switch
                {
                    403 => "the TURN server forbids it (403)",
                    437 => "the TURN server has another allocation for this address (437)",
                    486 => "the TURN server's quota for this user is used up (486)",
                    508 => "the TURN server has no more room (508)",
                    _ => $"the TURN server said {code}",
                });
                break;
            case StunMethod.Refresh:
                Fail($"the TURN server ended the allocation ({code})");
                break;
            case StunMethod.CreatePermission:
                _permissions.Remove(transaction.Peer);
                break;
            default:
                RemoveChannel(transaction.Channel);
                break;
        }
    }
}
