namespace Egregore.Wasm.Tests;

/// <summary>The generator of modules, held against V8's validator.</summary>
public sealed class FuzzGeneratorTests
{
    [Fact]
    public async Task Generated_modules_are_valid()
    {
        await using var node = new FuzzNode();
        byte[][] modules = [.. Enumerable.Range(0, 300).Select(seed => FuzzGenerator.Make((ulong)seed).Bytes)];
        string[] answers = await node.AskAsync('v', modules);
        Assert.All(answers.Index(), answer => Assert.True(answer.Item == "1", $"seed {answer.Index}: {answer.Item}"));
    }
}
