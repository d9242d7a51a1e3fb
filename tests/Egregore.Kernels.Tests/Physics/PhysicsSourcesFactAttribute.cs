namespace Egregore.Kernels.Tests.Physics;

/// <summary>A fact that links the kernel again; without the packages of kernels/physics it is skipped and says so.</summary>
public sealed class PhysicsSourcesFactAttribute : FactAttribute
{
    public PhysicsSourcesFactAttribute()
    {
        if (!Directory.Exists(Path.Combine(PhysicsRun.Folder, "node_modules"))) Skip = "kernels/physics has no packages: npm ci there";
    }
}
