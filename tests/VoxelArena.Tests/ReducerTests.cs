using Egregore.Wire;
using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena.Tests;

public sealed class ReducerTests : ITruthOutput
{
    private static readonly PeerId Ann = new(1, 1);
    private static readonly PeerId Bob = new(2, 2);

    private readonly VoxelArenaGame _game = new(7);
    private readonly Truth _truth;
    private long _now = 1_000_000;

    public ReducerTests()
    {
        _truth = new Truth(WorldDefinition.Of(_game), new TruthOptions(), this);
        _truth.Open(Ann, 0, 0, _now);
    }

    [Fact]
    public void A_new_player_has_a_name_and_stands_on_the_plaza()
    {
        Player ann = Player(Ann);
        Assert.True(ann.Online);
        Assert.StartsWith("Guest ", ann.Name);
        Assert.Equal((TerrainGenerator.PlazaLevel + 1) * MoveState.BlockUnits, ann.Y);
    }

    [Fact]
    public void A_block_is_placed_dug_and_leaves_no_row_where_the_land_is_as_it_was()
    {
        var at = new BlockAt(1, 21, 1);
        Assert.Equal("", Place(at));
        Assert.Equal(BlockKind.Planks, Voxels.KindAt(1, 21, 1));
        Assert.Equal(VoxelClass.Solid, Voxels.At(1, 21, 1));
        Assert.Equal("There is a block already.", Place(at));
        Assert.Equal("", Dig(at));
        Assert.Equal(0, _truth.Db.Table(_game.Blocks).Count);
        Assert.Equal("There is nothing to dig.", Dig(at));

        Assert.Equal("", Dig(new BlockAt(1, 20, 1)));
        Assert.Equal(BlockKind.Air, _truth.Db.Table(_game.Blocks).Find(new BlockAt(1, 20, 1).Packed)!.Kind);
        Assert.Equal(BlockKind.Air, Voxels.KindAt(1, 20, 1));
        byte[] chunk = new byte[TerrainGenerator.ChunkBytes];
        Voxels.CopyChunk(0, 0, chunk);
        Assert.Equal((byte)BlockKind.Air, chunk[((16 + 1) * 64) + 20]);
        Assert.Equal((byte)BlockKind.Dirt, chunk[((16 + 1) * 64) + 19]);
    }

    [Fact]
    public void What_cannot_be_is_refused_with_a_reason_and_leaves_no_trace()
    {
        byte[] before = _truth.Db.StateHash();
        Assert.Equal("That is too far away.", Place(new BlockAt(12, 21, 0)));
        Assert.Equal("That is too far away.", Place(new BlockAt(0, 30, 0)));
        Assert.Equal("You are not there.", Place(new BlockAt(200, 21, 0), feetX: 200 * MoveState.BlockUnits));
        Assert.Equal("That is outside of the world.", Place(new BlockAt(0, 64, 0)));
        Assert.Equal("That is outside of the world.", Place(new BlockAt(int.MinValue, 1, int.MaxValue), feetX: int.MaxValue));
        Assert.Equal("That cannot be built with.", Place(new BlockAt(0, 21, 0), BlockKind.Bedrock));
        Assert.Equal("That cannot be built with.", Place(new BlockAt(0, 21, 0), (BlockKind)200));
        Assert.Equal("A block needs another one to hold on to.", Place(new BlockAt(1, 24, 1)));
        Player ann = Player(Ann);
        Assert.Equal("Somebody stands there.", Place(new BlockAt(ann.X >> 12, 21, ann.Z >> 12)));
        Assert.Equal(before, _truth.Db.StateHash());
    }

    [Fact]
    public void Nobody_is_built_into_a_wall()
    {
        _truth.Open(Bob, 0, 0, _now);
        _truth.Run("player_moved", new PlayerMoved { Peer = PeerRef.Of(Bob), X = MoveState.BlockUnits / 2, Y = 21 * MoveState.BlockUnits, Z = MoveState.BlockUnits / 2 }, default, _now);
        Assert.Equal("Somebody stands there.", Place(new BlockAt(0, 21, 0)));
        _truth.Run("player_moved", new PlayerMoved { Peer = PeerRef.Of(Bob), X = 40 * MoveState.BlockUnits, Y = 21 * MoveState.BlockUnits, Z = 0 }, default, _now);
        Assert.Equal("", Place(new BlockAt(0, 21, 0)));
    }

    [Fact]
    public void Changes_are_as_fast_as_hands_are()
    {
        int placed = 0;
        for (int i = 0; i < 30; i++)
            placed += (i & 1) == 0 ? (Place(new BlockAt(1, 21, 1)) == "" ? 1 : 0) : (Dig(new BlockAt(1, 21, 1)) == "" ? 1 : 0);
        Assert.Equal(10, placed);
        Assert.Equal("Not so fast.", Place(new BlockAt(1, 21, 1)));
        _now += 100;
        Assert.Equal("", Place(new BlockAt(1, 21, 1)));
    }

    [Theory]
    [InlineData("Ann", "Ann", "")]
    [InlineData("  Zoë-9 ", "Zoë-9", "")]
    [InlineData("", null, "A name needs a letter or a digit.")]
    [InlineData("---", null, "A name is made of letters, digits, spaces, - and _.")]
    [InlineData("a\nb", null, "A name is made of letters, digits, spaces, - and _.")]
    [InlineData("<b>", null, "A name is made of letters, digits, spaces, - and _.")]
    [InlineData("123456789012345678901", null, "A name has at most 20 characters.")]
    public void A_name_is_something_that_others_can_read(string wish, string? name, string reason)
    {
        string before = Player(Ann).Name;
        ActionOutcome outcome = _truth.Run("set_name", new SetName { Name = wish }, Ann, _now);
        Assert.Equal(reason, outcome.Text);
        Assert.Equal(name ?? before, Player(Ann).Name);
    }

    [Fact]
    public void A_player_who_left_comes_back_under_the_same_name_to_the_same_place()
    {
        ulong session = _truth.Open(Bob, 0, 0, _now).Session;
        _truth.Run("set_name", new SetName { Name = "Bob", Colour = 0x00FF00 }, Bob, _now);
        _truth.Run("player_moved", new PlayerMoved { Peer = PeerRef.Of(Bob), X = 500_000, Y = 90_000, Z = -3 }, default, _now);
        _truth.Disconnected(session, _now);
        _truth.Tick(_now += 120_000);
        Assert.False(Player(Bob).Online);
        _truth.Open(Bob, 0, 0, _now);
        Player bob = Player(Bob);
        Assert.Equal((true, "Bob", 0x00FF00u, 500_000, 90_000, -3), (bob.Online, bob.Name, bob.Colour, bob.X, bob.Y, bob.Z));
    }

    [Fact]
    public void The_rules_know_what_was_built_and_what_they_do_not_know()
    {
        Assert.Equal("", Place(new BlockAt(1, 21, 1)));
        _game.Rules.NowMs = _now + 10;
        Assert.Equal(VoxelClass.Solid | VoxelClass.Uncertain, _game.Rules.Voxels(_truth.Db).At(1, 21, 1));
        _game.Rules.NowMs = _now + 5000;
        Assert.Equal(VoxelClass.Solid, _game.Rules.Voxels(_truth.Db).At(1, 21, 1));
        _game.Rules.Known = new KnownArea(new Cell(0, 0), 1);
        Assert.Equal(VoxelClass.Unknown, _game.Rules.Voxels(_truth.Db).At(40, 21, 1));

        byte[] state = new byte[MoveState.SizeBytes];
        VoxelArenaGame.Spawn(Ann).Write(state);
        Assert.Equal(Verdict.Accept, _game.Rules.Check(state, state, 1, _truth.Db));
        Assert.Equal(VerdictKind.Reject, _game.Rules.Check(state, new byte[3], 1, _truth.Db).Kind);
        Assert.Equal(21 * 256, _game.Rules.Position(state).Y);
    }

    void ITruthOutput.Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
    {
    }

    void ITruthOutput.ReducerFailed(string reducer, Exception exception) => Assert.Fail($"{reducer}: {exception}");

    private VoxelWorld Voxels => new(_game.Terrain, _truth.Db.Table(_game.Blocks));

    private Player Player(PeerId peer) => _truth.Db.Table(_game.Players).Find(peer)!;

    // Ann stands where she came in, five blocks from the middle of the plaza.
    private string Place(BlockAt at, BlockKind kind = BlockKind.Planks, int? feetX = null)
    {
        Player ann = Player(Ann);
        return _truth.Run("place_block", new PlaceBlock { X = at.X, Y = at.Y, Z = at.Z, Kind = kind, FeetX = feetX ?? ann.X, FeetY = ann.Y, FeetZ = ann.Z }, Ann, _now).Text;
    }

    private string Dig(BlockAt at)
    {
        Player ann = Player(Ann);
        return _truth.Run("dig_block", new DigBlock { X = at.X, Y = at.Y, Z = at.Z, FeetX = ann.X, FeetY = ann.Y, FeetZ = ann.Z }, Ann, _now).Text;
    }
}
