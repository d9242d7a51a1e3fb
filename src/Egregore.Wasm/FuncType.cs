namespace Egregore.Wasm;

/// <summary>A function's type: its parameters and results. Two of the same lists are equal, whichever module they come from.</summary>
public sealed class FuncType : IEquatable<FuncType>
{
    private readonly ValueType[] parameters;
    private readonly ValueType[] results;
    private readonly int hash;

    /// <summary>A type of the lists given.</summary>
    /// <param name="parameters">The parameters in order.</param>
    /// <param name="results">The results in order.</param>
    public FuncType(ReadOnlySpan<ValueType> parameters, ReadOnlySpan<ValueType> results)
    {
        this.parameters = parameters.ToArray();
        this.results = results.ToArray();
        var code = new HashCode();
        code.Add(parameters.Length);
        foreach (ValueType type in parameters) code.Add((byte)type);
        foreach (ValueType type in results) code.Add((byte)type);
        hash = code.ToHashCode();
    }

    /// <summary>The parameters in order.</summary>
    public ReadOnlySpan<ValueType> Parameters => parameters;

    /// <summary>The results in order.</summary>
    public ReadOnlySpan<ValueType> Results => results;

    /// <inheritdoc/>
    public bool Equals(FuncType? other) =>
        ReferenceEquals(this, other)
        || (other is not null && hash == other.hash && parameters.AsSpan().SequenceEqual(other.parameters) && results.AsSpan().SequenceEqual(other.results));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FuncType);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(' ', parameters)}] -> [{string.Join(' ', results)}]";
}
