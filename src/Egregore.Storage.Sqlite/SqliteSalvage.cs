using System.Buffers.Binary;
using Egregore.World.Journal;

namespace Egregore.Storage.Sqlite;

/// <summary>
/// Reads what is left of a damaged database: on a copy, with SQLite's own checks of the file's length and schema relaxed, and, when that is not enough, with a
/// first page (header and schema) as a new journal has it. Every group and snapshot part still has its own checksum, so nothing wrong is taken for good.
/// </summary>
internal static class SqliteSalvage
{
    private const int PageBytes = 4096;

    /// <summary>A connection to the salvaged copy, or null when no snapshot can be reached in it.</summary>
    public static SqliteConnection? TryOpen(string path, string copy, Action<string> createFresh)
    {
        foreach (bool newFirstPage in (bool[])[false, true])
        {
            Delete(copy);
            Copy(path, copy);
            Copy(path + "-wal", copy + "-wal");
            SqliteConnection? connection = null;
            try
            {
                if (newFirstPage)
                {
                    ReplaceFirstPage(copy, createFresh);
                }
                connection = new SqliteConnection(copy, readOnly: false);
                connection.Execute("PRAGMA writable_schema = ON");
                if (connection.Scalar("SELECT count(*) FROM snapshots") > 0)
                {
                    return connection;
                }
                connection.Dispose();
            }
            catch (JournalStoreException)
            {
                connection?.Dispose();
            }
        }
        Delete(copy);
        return null;
    }

    /// <summary>Removes a copy.</summary>
    public static void Delete(string copy)
    {
        foreach (string suffix in (string[])["", "-wal", "-shm", ".fresh", ".fresh-journal"])
        {
            File.Delete(copy + suffix);
        }
    }

    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            File.Copy(from, to, overwrite: true);
        }
    }

    /// <summary>The tables' roots stand at the same pages in every journal, since all are made by the same statements.</summary>
    private static void ReplaceFirstPage(string copy, Action<string> createFresh)
    {
        createFresh(copy + ".fresh");
        byte[] page = new byte[PageBytes];
        using (FileStream fresh = File.OpenRead(copy + ".fresh"))
        {
            fresh.ReadExactly(page);
        }
        using FileStream file = File.Open(copy, FileMode.Open, FileAccess.ReadWrite);
        // File format, section 1.3: the size of the database in pages stands at byte 28.
        BinaryPrimitives.WriteUInt32BigEndian(page.AsSpan(28), (uint)(file.Length / PageBytes));
        file.Write(page);
    }
}
