namespace Egregore.Wasm.Binary;

/// <summary>
/// The names of a module and its functions (specification, appendix 7.4). A name section that is malformed says nothing from there on: it never makes a module
/// invalid.
/// </summary>
internal sealed class NameSection
{
    private const byte ModuleSubsection = 0;
    private const byte FunctionSubsection = 1;

    private readonly Dictionary<int, string> functions = [];

    private NameSection()
    {
    }

    public string? ModuleName { get; private set; }

    /// <summary>The name of a function, imports counted, or null.</summary>
    public string? FunctionName(int function) => functions.GetValueOrDefault(function);

    public static NameSection Read(ModuleDefinition module)
    {
        var names = new NameSection();
        foreach (CustomSection section in module.CustomSections)
        {
            if (section.Name != "name") continue;
            try
            {
                names.Read(section.Contents.Span, module.FunctionTypes.Length);
            }
            catch (MalformedModuleException)
            {
                // What was read up to here stands.
            }

            break;
        }

        return names;
    }

    private void Read(ReadOnlySpan<byte> bytes, int functionsMax)
    {
        var reader = new ByteReader(bytes, 0, bytes.Length);
        while (!reader.AtEnd)
        {
            byte id = reader.Byte();
            uint size = reader.U32();
            if (size > (uint)reader.Left) return;
            int end = reader.Position + (int)size;
            if (id == ModuleSubsection) ModuleName = reader.Name();
            if (id == FunctionSubsection)
            {
                uint count = reader.U32();
                for (uint i = 0; i < count && reader.Position < end; i++)
                {
                    uint function = reader.U32();
                    string name = reader.Name();
                    if (function < (uint)functionsMax) functions[(int)function] = name;
                }
            }

            reader.Position = end;
        }
    }
}
