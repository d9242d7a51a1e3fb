using System.Diagnostics;
using Egregore.Storage.Sqlite;
using Egregore.World.Journal;

namespace Egregore.Server.Work;

/// <summary>
/// Keeps helpers' trust, bans and balances beside the journal (<c>work.db</c>), all of them in one transaction: every few seconds when something changed, and at the end. A thread of its own, since a
/// disk takes its time.
/// </summary>
internal sealed partial class StandingKeeper : IDisposable
{
    private const string FileName = "work.db";

    /// <summary>Writing takes at most one part in so many of the time, however many helpers there are; but no pause is longer.</summary>
    private const int PauseShare = 20, PauseMsMax = 60_000;

    private readonly string _path;
    private readonly int _everyMs;
    private readonly Func<ulong> _version;
    private readonly Func<byte[]> _export;
    private readonly ILogger _log;
    private readonly SqliteValueStore _store;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private ulong _kept;
    private bool _failed;

    /// <param name="folder">Of the journal, whose lock keeps other processes out.</param>
    /// <param name="everySeconds">Between two writes, at least.</param>
    /// <param name="version">Rises with each change; from any thread.</param>
    /// <param name="export">What is to be kept; from any thread.</param>
    /// <param name="log">Told when it cannot be written.</param>
    /// <exception cref="EgregoreEnvironmentException">The file is there and cannot be used.</exception>
    public StandingKeeper(string folder, int everySeconds, Func<ulong> version, Func<byte[]> export, ILogger log)
    {
        (_path, _everyMs, _version, _export, _log) = (Path.Combine(folder, FileName), everySeconds * 1_000, version, export, log);
        _thread = new Thread(Run) { IsBackground = true, Name = "standing" };
        try
        {
            Directory.CreateDirectory(folder);
            _store = new SqliteValueStore(_path);
        }
        catch (JournalStoreException e)
        {
            throw Refused(e.Damaged ? "it is damaged" : e.Message, e);
        }
    }

    /// <summary>Hands over what was kept, where something was.</summary>
    /// <param name="import">Takes it; gives null, or why it cannot.</param>
    /// <exception cref="EgregoreEnvironmentException">It cannot be taken over.</exception>
    public void Load(Func<byte[], string?> import)
    {
        try
        {
            if (_store.Read() is { } bytes && import(bytes) is { } problem)
                throw Refused(problem, null);
        }
        catch (JournalStoreException e)
        {
            throw Refused(e.Damaged ? "it is damaged" : e.Message, e);
        }

        _kept = _version();
    }

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _stop.Set();
        if (_thread.IsAlive)
            _thread.Join();
        else
            Keep();
        _store.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        var pauseMs = _everyMs;
        while (!_stop.Wait(pauseMs))
        {
            var started = Stopwatch.GetTimestamp();
            Keep();
            pauseMs = Math.Max(_everyMs, Math.Min(PauseMsMax, (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds * PauseShare));
        }

        Keep();
    }

    private void Keep()
    {
        var version = _version();
        if (version == _kept)
            return;
        try
        {
            _store.Write(_export());
            _kept = version;
            _failed = false;
        }
        catch (JournalStoreException e)
        {
            // A full disk: helpers go on, and the next write tries again.
            if (!_failed)
                LogFailed(_log, _path, e.Message);
            _failed = true;
        }
    }

    private EgregoreEnvironmentException Refused(string why, Exception? inner)
    {
        var text = $"helpers' trust and balances cannot be read from {_path}: {why}; move the file away to begin without them";
        return inner is null ? new EgregoreEnvironmentException(text) : new EgregoreEnvironmentException(text, inner);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "helpers' trust and balances are not kept: {Path}: {Why}")]
    private static partial void LogFailed(ILogger log, string path, string why);
}
