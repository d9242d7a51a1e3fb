namespace Egregore.Wasm.Tests.Suite;

/// <summary>A theory that needs the official suite's archive; skipped, with the reason, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SuiteTheoryAttribute : TheoryAttribute
{
    public SuiteTheoryAttribute()
    {
        if (SuiteArchive.Path is null) Skip = "the official suite (../shared/wasm-spec-2.0.zip) is not here";
    }
}
