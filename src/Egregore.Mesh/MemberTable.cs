using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>The members a node knows, in the order it met them, at most <see cref="MeshOptions.MembersMax"/>.</summary>
internal sealed class MemberTable(MeshContext context)
{
    private readonly List<Member> _list = [];
    private readonly Dictionary<PeerId, Member> _byId = [];

    public int Count => _list.Count;

    public Member this[int index] => _list[index];

    public Member? Find(PeerId id) => _byId.GetValueOrDefault(id);

    /// <summary>The member of that id, new when it was not known; the one heard of longest ago makes room.</summary>
    public Member Meet(PeerId id, string name, long nowMs)
    {
        if (!_byId.TryGetValue(id, out var member))
        {
            if (_list.Count >= context.Options.MembersMax)
                ForgetOldest();
            member = new Member(id, name);
            _byId.Add(id, member);
            _list.Add(member);
            member.HeardMs = nowMs;
            context.Output.MemberJoined(id, name);
        }
        else
        {
            member.HeardMs = Math.Max(member.HeardMs, nowMs);
            if (name.Length > 0)
                member.Name = name;
        }

        return member;
    }

    public void Forget(Member member)
    {
        _byId.Remove(member.Id);
        _list.Remove(member);
        context.Output.MemberLeft(member.Id);
    }

    /// <summary>Forgets members of whom nothing was heard for too long.</summary>
    public void ForgetSilent(long nowMs)
    {
        for (var i = _list.Count - 1; i >= 0; i--)
        {
            var member = _list[i];
            if (member.Link is null && member.Dial == DialState.None && nowMs - member.HeardMs > context.Options.MemberForgetMs && nowMs >= member.BannedUntilMs)
                Forget(member);
        }
    }

    private void ForgetOldest()
    {
        Member? oldest = null;
        foreach (var member in _list)
        {
            if (member.Link is null && (oldest is null || member.HeardMs < oldest.HeardMs))
                oldest = member;
        }

        if (oldest is not null)
            Forget(oldest);
    }
}
