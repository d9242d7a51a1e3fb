#:project ../src/Egregore.Wasm/Egregore.Wasm.csproj
#:property PublishAot=false

// Meters compiled kernels: IN OUT [IN OUT ...]. The options are part of what every kernel's hash names (docs/kernels.md); the tests hold the files against them.
using Egregore.Wasm.Metering;

for (int i = 0; i + 1 < args.Length; i += 2)
    File.WriteAllBytes(args[i + 1], Meter.Instrument(File.ReadAllBytes(args[i]), new MeterOptions { CallDepthMax = 256, CanonicalizeNaN = true }));
