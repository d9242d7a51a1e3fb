using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Egregore.Storage.Sqlite;

/// <summary>Loads SQLite once: the system's library where it is there (it is newer and gets security updates), else the one in the package.</summary>
internal static class SqliteLibrary
{
    private static readonly string[] SystemNames = ["libsqlite3.so.0", "libsqlite3.dylib"];
    private static readonly Lazy<bool> Loaded = new(Load);

    public static void Ensure() => _ = Loaded.Value;

    private static bool Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        Batteries_V2.Init();
        return true;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name == "e_sqlite3" && !OperatingSystem.IsWindows())
        {
            foreach (string system in SystemNames)
            {
                if (NativeLibrary.TryLoad(system, out nint handle))
                {
                    return handle;
                }
            }
        }
        return NativeLibrary.TryLoad(name, assembly, path, out nint own) ? own : 0;
    }
}
