using Egregore.Work;
using Egregore.Wire;

namespace Egregore.Simulation.Work;

/// <summary>How a helper behaves.</summary>
internal enum HelperKind : byte
{
    Honest,

    /// <summary>Random bytes.</summary>
    Garbage,

    /// <summary>Wrong answers that hold the invariant.</summary>
    Plausible,

    /// <summary>Answers with what it computed for an earlier task.</summary>
    Lazy,

    /// <summary>Right for long, then wrong now and then.</summary>
    Sleeper,

    /// <summary>Right output, more fuel than the run uses.</summary>
    FuelLiar,

    /// <summary>Takes tasks and does not answer.</summary>
    Staller,

    /// <summary>Right for a while, then the same wrong answers as its friends, now and then.</summary>
    Colluder,
}

/// <summary>One virtual helper: how fast, how far, how honest.</summary>
internal sealed class VirtualHelper
{
    /// <summary>High-end, mid-range, laptop, old: share of helpers, fuel a microsecond for a slot, slots, one-way delay and its jitter in microseconds.</summary>
    public static readonly (double Share, double FuelPerUs, int Slots, int DelayUs, int JitterUs)[] Classes =
    [
        (0.15, 320, 4, 12_000, 3_000),
        (0.40, 180, 4, 20_000, 6_000),
        (0.30, 110, 2, 28_000, 12_000),
        (0.15, 60, 2, 40_000, 20_000),
    ];

    /// <summary>A cloud worker: fuel a microsecond for a slot, slots, one-way delay and its jitter in microseconds.</summary>
    private static readonly (double FuelPerUs, int Slots, int DelayUs, int JitterUs) CloudClass = (300, 16, 6_000, 2_000);

    private const int SleeperHonest = 60;
    private const int ColluderHonest = 25;
    private const double SleeperLies = 0.15;
    private const double ColluderLies = 0.3;

    public required int Index { get; init; }

    public required HelperKind Kind { get; init; }

    public required int Class { get; init; }

    public required double FuelPerUs { get; init; }

    public required int Slots { get; init; }

    public required int DelayUs { get; init; }

    public required int JitterUs { get; init; }

    public required HelperProfile Profile { get; init; }

    public HelperId Id;
    public bool Online;

    /// <summary>Gone without a word: truth does not know yet.</summary>
    public bool Silent;

    /// <summary>Rises with each connection: what a former one started is void.</summary>
    public int Life;
    public bool AwayInSpike;
    public int Answered;
    public ulong LastNumber;
    public double SpikeFuel;

    /// <summary>Fuel a microsecond over all slots.</summary>
    public double Capability => FuelPerUs * Slots;

    public bool IsCloud => Profile.Tier == HelperTier.Cloud;

    public bool IsLiar => Kind is not (HelperKind.Honest or HelperKind.Staller);

    /// <summary>What it answers: fills the output, gives the fuel it claims.</summary>
    public ulong Answer(ulong number, Span<byte> output, ref SimulationRandom random)
    {
        var fuel = VirtualKernel.Fuel(number);
        Answered++;
        ulong lie = 0;
        switch (Kind)
        {
            case HelperKind.Garbage:
                for (var i = 0; i < output.Length; i++)
                    output[i] = (byte)random.Next();
                return fuel;
            case HelperKind.Plausible:
                lie = random.Next() | 1;
                break;
            case HelperKind.Lazy:
                var last = LastNumber;
                LastNumber = number;
                VirtualKernel.Output(last == 0 || Answered % 4 == 0 ? number : last, 0, output);
                return fuel;
            case HelperKind.Sleeper:
                lie = Answered > SleeperHonest && random.Chance(SleeperLies) ? random.Next() | 1 : 0;
                break;
            case HelperKind.FuelLiar:
                fuel += fuel / 2;
                break;
            case HelperKind.Colluder:
                // They agree by the task itself, so that two copies of it match.
                lie = Answered > ColluderHonest && (SimulationRandom.Of(number, 77, 77) % 1_000) < ColluderLies * 1_000 ? 0xC0111DEUL : 0;
                break;
            default:
                break;
        }

        VirtualKernel.Output(number, lie, output);
        return fuel;
    }

    /// <summary>Makes the helpers of a run: kinds spread over all classes, a third of the colluders on one address range and one cluster each.</summary>
    public static VirtualHelper[] Make(WorkSettings settings, ref SimulationRandom random)
    {
        var helpers = new VirtualHelper[settings.Helpers + settings.Cloud];
        var kinds = new HelperKind[settings.Helpers];
        var at = 0;
        HelperKind[] lies = [HelperKind.Garbage, HelperKind.Plausible, HelperKind.Lazy, HelperKind.Sleeper, HelperKind.FuelLiar];
        for (var i = 0; i < (int)(settings.Liars * settings.Helpers); i++)
            kinds[at++] = lies[i % lies.Length];
        for (var i = 0; i < (int)(settings.Stallers * settings.Helpers); i++)
            kinds[at++] = HelperKind.Staller;
        for (var i = 0; i < (int)(settings.Colluders * settings.Helpers); i++)
            kinds[at++] = HelperKind.Colluder;
        for (var i = kinds.Length - 1; i > 0; i--)
        {
            var other = random.Next(i + 1);
            (kinds[i], kinds[other]) = (kinds[other], kinds[i]);
        }

        for (var i = 0; i < settings.Helpers; i++)
            helpers[i] = Make(i, kinds[i], ref random);
        for (var i = settings.Helpers; i < helpers.Length; i++)
            helpers[i] = MakeCloud(i);
        return helpers;
    }

    private static VirtualHelper MakeCloud(int index) => new()
    {
        Index = index, Kind = HelperKind.Honest, Class = 0, FuelPerUs = CloudClass.FuelPerUs, Slots = CloudClass.Slots, DelayUs = CloudClass.DelayUs, JitterUs = CloudClass.JitterUs,
        Profile = new HelperProfile
        {
            Owner = new PeerId(SimulationRandom.Of((ulong)index, 3, 3), (ulong)index + 1), AddressRange = 1_000UL + (ulong)index, Slots = CloudClass.Slots, Tier = HelperTier.Cloud,
        },
    };

    private static VirtualHelper Make(int index, HelperKind kind, ref SimulationRandom random)
    {
        var draw = random.Next(1_000) / 1_000.0;
        var place = 0;
        while (place < Classes.Length - 1 && (draw -= Classes[place].Share) >= 0)
            place++;
        var (_, speed, slots, delay, jitter) = Classes[place];
        var together = kind == HelperKind.Colluder && index % 3 == 0;
        return new VirtualHelper
        {
            Index = index, Kind = kind, Class = place, Slots = slots, JitterUs = jitter,
            FuelPerUs = speed * (800 + random.Next(400)) / 1_000.0,
            DelayUs = delay * (700 + random.Next(600)) / 1_000,
            Profile = new HelperProfile
            {
                Owner = new PeerId(SimulationRandom.Of((ulong)index, 3, 3), (ulong)index + 1),
                AddressRange = together ? 99UL : 1_000UL + (ulong)index, Cluster = together && index % 2 == 0 ? 5UL : 0, Slots = slots,
            },
        };
    }
}
