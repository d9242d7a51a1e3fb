using System.Globalization;
using Egregore.Wire;

namespace Egregore.Work.Credits;

/// <summary>Whose an account is.</summary>
public enum AccountKind : byte
{
    /// <summary>Where credits come from and go to; below zero by all there are.</summary>
    Mint,

    /// <summary>The operator: pays for ringers.</summary>
    Operator,

    /// <summary>A world.</summary>
    World,

    /// <summary>A helper's owner.</summary>
    Owner,
}

/// <summary>One account's name.</summary>
/// <param name="Kind">Whose.</param>
/// <param name="World">Which world.</param>
/// <param name="Owner">Which owner.</param>
public readonly record struct AccountId(AccountKind Kind, WorldId World, PeerId Owner)
{
    /// <summary>The mint.</summary>
    public static AccountId Mint => new(AccountKind.Mint, default, default);

    /// <summary>The operator.</summary>
    public static AccountId Operator => new(AccountKind.Operator, default, default);

    /// <summary>A world's.</summary>
    public static AccountId Of(WorldId world) => new(AccountKind.World, world, default);

    /// <summary>An owner's.</summary>
    public static AccountId Of(PeerId owner) => new(AccountKind.Owner, default, owner);

    /// <summary>As it stands in the export: mint, operator, world:N, owner:HEX.</summary>
    public override string ToString() => Kind switch
    {
        AccountKind.Mint => "mint",
        AccountKind.Operator => "operator",
        AccountKind.World => string.Create(CultureInfo.InvariantCulture, $"world:{World.Value}"),
        _ => "owner:" + Owner,
    };
}

/// <summary>One transfer.</summary>
/// <param name="Number">From 1, without a gap.</param>
/// <param name="TimeUs">The host's time.</param>
/// <param name="From">Who gives.</param>
/// <param name="To">Who gets.</param>
/// <param name="Amount">Millionths of a credit, above 0.</param>
/// <param name="Kernel">For which kernel's work; none for funding.</param>
/// <param name="Fuel">For how much fuel.</param>
public readonly record struct LedgerLine(ulong Number, long TimeUs, AccountId From, AccountId To, long Amount, KernelHash Kernel, ulong Fuel);

/// <summary>
/// Credits in double entry: every line takes from one account what it gives to another, so all balances together are always zero. Integers, millionths of a credit.
/// </summary>
/// <remarks>Accounts live as long as the ledger; lines are kept for export up to a bound, the oldest go, balances stay.</remarks>
public sealed class Ledger
{
    private readonly List<(AccountId Id, long Balance)> _accounts = [];
    private readonly Dictionary<AccountId, int> _index = [];
    private readonly LedgerLine[] _lines;
    private readonly int _accountsMax;
    private ulong _next = 1;
    private ulong _first = 1;

    /// <summary>An empty ledger.</summary>
    /// <param name="linesMax">Lines kept for export.</param>
    /// <param name="accountsMax">Accounts.</param>
    public Ledger(int linesMax, int accountsMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(linesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(accountsMax, 2);
        _lines = new LedgerLine[linesMax];
        _accountsMax = accountsMax;
        TryOpen(AccountId.Mint, out _);
        TryOpen(AccountId.Operator, out var operatorAccount);
        OperatorAccount = operatorAccount;
    }

    /// <summary>Accounts, in the order in which they were opened.</summary>
    public IReadOnlyList<(AccountId Id, long Balance)> Accounts => _accounts;

    /// <summary>Lines written so far, also those that are no longer kept.</summary>
    public ulong LinesWritten => _next - 1;

    internal int OperatorAccount { get; }

    /// <summary>An account's balance; 0 where there is none.</summary>
    public long BalanceOf(AccountId account) => _index.TryGetValue(account, out var at) ? _accounts[at].Balance : 0;

    /// <summary>Moves credits.</summary>
    /// <returns>False, and nothing is changed, where there is no room for an account, or a balance would not fit 64 bits.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The amount is not above zero.</exception>
    public bool TryTransfer(AccountId from, AccountId to, long amount, long timeUs, out LedgerLine line)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(amount, 1);
        line = default;
        return TryOpen(from, out var a) && TryOpen(to, out var b) && TryPost(a, b, amount, timeUs, default, 0, out line);
    }

    /// <summary>Writes the kept lines as CSV (RFC 4180, no quoting needed): number, time_us, from, to, amount_millionths, kernel, fuel.</summary>
    public void WriteCsv(TextWriter writer)
    {
        writer.Write("number,time_us,from,to,amount_millionths,kernel,fuel\r\n");
        var first = Math.Max(_first, _next > (ulong)_lines.Length ? _next - (ulong)_lines.Length : 1);
        for (var number = first; number < _next; number++)
        {
            var line = _lines[(int)((number - 1) % (ulong)_lines.Length)];
            writer.Write(string.Create(CultureInfo.InvariantCulture,
                $"{line.Number},{line.TimeUs},{line.From},{line.To},{line.Amount},{(line.Kernel.IsNone ? "" : line.Kernel.ToString())},{line.Fuel}\r\n"));
        }
    }

    internal bool TryOpen(AccountId id, out int at)
    {
        if (_index.TryGetValue(id, out at))
            return true;
        if (_accounts.Count == _accountsMax)
            return false;
        at = _accounts.Count;
        _accounts.Add((id, 0));
        _index.Add(id, at);
        return true;
    }

    /// <summary>Opens an account with what it had before this process.</summary>
    /// <returns>False where there is no room.</returns>
    internal bool TryRestore(AccountId id, long balance)
    {
        if (!TryOpen(id, out var at))
            return false;
        _accounts[at] = (id, balance);
        return true;
    }

    /// <summary>Numbers go on behind the lines of earlier processes, which are not kept here.</summary>
    internal void Continue(ulong linesWritten) => _first = _next = linesWritten + 1;

    internal long BalanceAt(int account) => _accounts[account].Balance;

    internal bool TryPost(int from, int to, long amount, long timeUs, KernelHash kernel, ulong fuel, out LedgerLine line)
    {
        line = default;
        var (source, sourceBalance) = _accounts[from];
        var (target, targetBalance) = _accounts[to];
        if (from != to)
        {
            if (sourceBalance < long.MinValue + amount || targetBalance > long.MaxValue - amount)
                return false;
            _accounts[from] = (source, sourceBalance - amount);
            _accounts[to] = (target, targetBalance + amount);
        }

        line = new LedgerLine(_next, timeUs, source, target, amount, kernel, fuel);
        _lines[(int)((_next - 1) % (ulong)_lines.Length)] = line;
        _next++;
        return true;
    }
}
