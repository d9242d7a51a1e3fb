using System.Buffers.Binary;

namespace Egregore.World.Movement;

/// <summary>What a player holds down. The values are on the wire.</summary>
[Flags]
public enum MoveButtons : byte
{
    None = 0,
    Forward = 1,
    Back = 2,
    Left = 4,
    Right = 8,
    Jump = 16,
    Sprint = 32,
    Crouch = 64,
}

/// <summary>What a step left the body doing; computed by it, never an input.</summary>
[Flags]
public enum MoveFlags : byte
{
    None = 0,

    /// <summary>Stands on something.</summary>
    Grounded = 1,

    /// <summary>The middle of the body is in a liquid.</summary>
    Swimming = 2,
}

/// <summary>A player's wish for one tick.</summary>
/// <param name="Buttons">What is held down.</param>
/// <param name="Yaw">Heading, 65,536 to the turn: 0 looks to -z, a quarter turn to -x (anticlockwise from above).</param>
/// <param name="Pitch">-127 straight down to 127 straight up; -128 is not used.</param>
public readonly record struct MoveInput(MoveButtons Buttons, ushort Yaw, sbyte Pitch);

/// <summary>A body's whole state after a tick, with the input that led to it: 24 bytes on the wire, and the state itself, not a rounding of it.</summary>
/// <param name="X">Middle of the feet, in 1/4096 block.</param>
/// <param name="Y">Under the feet, in 1/4096 block; up.</param>
/// <param name="Z">Middle of the feet, in 1/4096 block.</param>
/// <param name="VelocityX">In 1/4096 block a tick.</param>
/// <param name="VelocityY">In 1/4096 block a tick.</param>
/// <param name="VelocityZ">In 1/4096 block a tick.</param>
/// <param name="Yaw">As in <see cref="MoveInput"/>.</param>
/// <param name="Pitch">As in <see cref="MoveInput"/>.</param>
/// <param name="Buttons">The input of the step that made this state.</param>
/// <param name="Flags">What the step left the body doing.</param>
public readonly record struct MoveState(
    int X, int Y, int Z, short VelocityX, short VelocityY, short VelocityZ, ushort Yaw, sbyte Pitch, MoveButtons Buttons, MoveFlags Flags)
{
    /// <summary>Bytes on the wire; the last one is spare and 0.</summary>
    public const int SizeBytes = 24;

    /// <summary>Units of a block.</summary>
    public const int BlockUnits = 1 << BlockShift;

    internal const int BlockShift = 12;

    /// <summary>The input of the step that made this state.</summary>
    public MoveInput Input => new(Buttons, Yaw, Pitch);

    /// <summary>Standing still in the middle of a block's floor.</summary>
    public static MoveState AtBlock(int x, int y, int z) =>
        new((x << BlockShift) + (BlockUnits / 2), y << BlockShift, (z << BlockShift) + (BlockUnits / 2), 0, 0, 0, 0, 0, MoveButtons.None, MoveFlags.None);

    // int x, y, z | short vx, vy, vz | ushort yaw | sbyte pitch | byte buttons | byte flags | byte spare; little-endian.

    /// <summary>Reads any 24 bytes; whether they are a possible state is for <see cref="VoxelMovement.Check"/> to say. False: another length, or a spare that is not 0.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MoveState state)
    {
        state = default;
        if (bytes.Length != SizeBytes)
            return false;
        state = new MoveState(
            BinaryPrimitives.ReadInt32LittleEndian(bytes),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt16LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt16LittleEndian(bytes[14..]),
            BinaryPrimitives.ReadInt16LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]),
            (sbyte)bytes[20],
            (MoveButtons)bytes[21],
            (MoveFlags)bytes[22]);
        return bytes[23] == 0;
    }

    /// <summary>Writes <see cref="SizeBytes"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination[23] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(destination, X);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], Y);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], Z);
        BinaryPrimitives.WriteInt16LittleEndian(destination[12..], VelocityX);
        BinaryPrimitives.WriteInt16LittleEndian(destination[14..], VelocityY);
        BinaryPrimitives.WriteInt16LittleEndian(destination[16..], VelocityZ);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[18..], Yaw);
        destination[20] = (byte)Pitch;
        destination[21] = (byte)Buttons;
        destination[22] = (byte)Flags;
    }
}
