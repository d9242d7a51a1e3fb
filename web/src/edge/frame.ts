/**
 * The frame: what crosses between C# and TypeScript once a frame, as bytes. Little-endian. Angles are radians in output, fractions of a turn in input.
 * Axes: x east, y up, z south; yaw 0 looks to -z (north) and grows to the left (counter-clockwise from above): forward = (-sin yaw, 0, -cos yaw).
 * Positions are in blocks, of the feet (bottom centre of the body); the eye is {@link EYE_HEIGHT} above.
 *
 * `exports.Frame.step(nowMs: number, input: Uint8Array): Uint8Array` takes the input and returns the output.
 * `nowMs` is `clockNow()`: milliseconds since the Unix epoch, monotonic within the page.
 *
 * INPUT, 16 bytes
 * | at | type | what |
 * |---|---|---|
 * | 0 | u8 | version, {@link FRAME_VERSION} |
 * | 1 | u8 | {@link Action}; once for each action (TypeScript repeats digging and placing while a button is held) |
 * | 2 | u16 | {@link Button} bits |
 * | 4 | u16 | yaw, 65,536 to a turn |
 * | 6 | i16 | pitch, 32,767 straight up, -32,767 straight down |
 * | 8 | u8 | block kind to place |
 * | 9 | u8 | {@link InputFlag} bits |
 * | 10 | u8 | view distance in chunks: chunks within this Chebyshev distance, plus one, are wanted |
 * | 11 | u8 | {@link QueueFlag} bits: queues that hold something, the others are not asked |
 * | 12 | u32 | 0 |
 *
 * OUTPUT, 104 bytes, then others, then chunks, then bodies
 * | at | type | what |
 * |---|---|---|
 * | 0 | u8 | version, {@link FRAME_VERSION} |
 * | 1 | u8 | {@link Connection} |
 * | 2 | u16 | {@link FrameFlag} bits |
 * | 4 | u32 | movement tick of the current own state |
 * | 8 | f32 | fraction: where between the previous and the current own state this frame is, 0 to 1 |
 * | 12 | f32 x3 | previous own position x, y, z |
 * | 24 | f32 x3 | current own position x, y, z |
 * | 36 | f32 x3 | own velocity, blocks a second |
 * | 48 | f32 | own yaw as the rules hold it |
 * | 52 | f32 | own pitch as the rules hold it |
 * | 56 | i32 x3 | block under the crosshair, within reach: x, y, z |
 * | 68 | u8 | face of that block that was hit: 0 +x, 1 -x, 2 +y, 3 -y, 4 +z, 5 -z |
 * | 69 | u8 | kind of that block |
 * | 70 | u8 | authority of the world: 0 server, 1 hybrid, 2 mesh |
 * | 71 | u8 | movement ticks a second |
 * | 72 | u16 | neighbours over a direct link |
 * | 74 | u16 | neighbours over a relay |
 * | 76 | f32 | round trip to neighbours over direct links, median, ms; NaN: none |
 * | 80 | f32 | round trip to neighbours by way of the server, median, ms; NaN: unknown |
 * | 84 | f32 | round trip to the server, ms; NaN: unknown |
 * | 88 | u16 | own actions shown but not confirmed |
 * | 90 | u16 | people version: call `exports.Frame.people()` when it changes |
 * | 92 | u32 | ms until the next attempt to reach the server; 0: none is planned |
 * | 96 | u16 | others |
 * | 98 | u16 | chunks |
 * | 100 | u16 | bodies |
 * | 102 | u16 | 0 |
 *
 * OTHER, 40 bytes each, at 104
 * | at | type | what |
 * |---|---|---|
 * | 0 | u32 | handle, the same for as long as that player is near |
 * | 4 | u32 | movement tick of this state, of that player's own stream |
 * | 8 | f32 x3 | position x, y, z |
 * | 20 | f32 | yaw |
 * | 24 | f32 | pitch |
 * | 28 | f32 | horizontal speed, blocks a second |
 * | 32 | u32 | {@link OtherFlag} bits |
 * | 36 | f32 | round trip to that player, ms; NaN: unknown |
 *
 * CHUNK, 8 bytes each: i32 chunk x, i32 chunk z (a chunk is 16 x 64 x 16 blocks, from block 16 * chunk). Named once when it comes into the wanted
 * distance and again at each change; at most 64 in a frame. TypeScript then calls `exports.Frame.chunk(x, z)`. It keeps a chunk until its Chebyshev distance from
 * the player's own chunk is over the view distance plus 3, and C# names it anew when it comes back.
 *
 * BODY, 84 bytes each, behind the chunks: a rigid body that came, changed or went since the frame before; at most 512 in a frame, the others follow in the next.
 * The world has at most 1,024, and those in the wanted distance are told. TypeScript keeps them and plays their states back (game/bodies.ts).
 * | at | type | what |
 * |---|---|---|
 * | 0 | u32 | handle, the same for as long as the body is there; a body that was shown ahead of the server keeps it when the server has confirmed it |
 * | 4 | u8 | kind: 0 crate, 1 rubble |
 * | 5 | u8 | block kind it is made of |
 * | 6 | u16 | {@link BodyFlag} bits |
 * | 8 | u32 | physics' frame of this state, 100 ms to a frame; 0: physics has not moved it yet |
 * | 12 | u32 | touched: rises with each change that did not come from physics |
 * | 16 | f32 x3 | position of the centre |
 * | 28 | f32 x4 | rotation, a unit quaternion x, y, z, w |
 * | 44 | f32 x3 | velocity, blocks a second |
 * | 56 | f32 x3 | spin, radians a second |
 * | 68 | f32 x3 | half extents, blocks |
 * | 80 | u32 | 0 |
 *
 * Rarely called besides:
 * - `exports.Frame.start(json, nowMs)`: {@link StartOptions}, once, when the player walks in; connects and lets the player appear.
 * - `exports.Frame.receive(nowMs, queues)`: between two steps, when something has come (queue.ts): it is read, and answered where an answer is due, at once.
 * - `exports.Frame.trace()`: JSON of when own states left and when others' were read since the last call (debug.ts); the first call turns it on.
 * - `exports.Frame.chunk(x, z): Uint8Array`: 16,384 block kinds, index `(y * 16 + z) * 16 + x`; empty when it is not there.
 * - `exports.Frame.photoAsk(json)`, `photoCancel(photo)`, `photoTake()`: a picture that helpers trace (photo.ts).
 * - `exports.Frame.people()`: JSON of {@link Person}[].
 * - `exports.Frame.blocks()`: JSON of {@link BlockKind}[], once after start-up.
 */
export const FRAME_VERSION = 2;
export const INPUT_BYTES = 16;
export const OUTPUT_HEAD_BYTES = 104;
export const OTHER_BYTES = 40;
export const CHUNK_REF_BYTES = 8;
export const BODY_BYTES = 84;
export const EYE_HEIGHT = 1.62;
export const CHUNK_SIZE = 16;
export const CHUNK_HEIGHT = 64;
export const CHUNK_BYTES = CHUNK_SIZE * CHUNK_SIZE * CHUNK_HEIGHT;

export const Button = { Forward: 1, Back: 2, Left: 4, Right: 8, Jump: 16, Run: 32, Sneak: 64 } as const;
export const Action = { None: 0, Dig: 1, Place: 2, Throw: 3, Blast: 4, Crate: 5 } as const;
/** `Hidden`: the tab is in the background, steps come every 50 ms and nothing is drawn. `Menu`: a menu is open, no movement is meant. */
export const InputFlag = { Hidden: 1, Menu: 2 } as const;
export const QueueFlag = { Socket: 1, Links: 2 } as const;
export const Connection = { Offline: 0, Connecting: 1, Online: 2, Reconnecting: 3, Refused: 4 } as const;
export const FrameFlag = {
  /** The target fields name a block. */
  Target: 1,
  /** The server cannot be reached; neighbours may still be. */
  ServerGone: 2,
  /** The own state is valid: the player is in the world. */
  Spawned: 4,
  OnGround: 8,
  InWater: 16,
  /** The own position jumped (spawn, correction): do not draw a movement between previous and current. */
  Snap: 32,
  /** The ground around the player is loaded; before it the picture shows a loading note. */
  Ready: 64,
} as const;
export const OtherFlag = {
  Direct: 1,
  Relay: 2,
  /** Nothing was heard of this player for a second or more. */
  Stale: 4,
  /** C# has already played the position back in time (delayed and interpolated): draw it as it stands. */
  Played: 8,
  OnGround: 16,
} as const;

export const BodyFlag = {
  /** It is there no more; the other fields are 0. */
  Gone: 1,
  Awake: 2,
  /** Shown ahead of the server. */
  Ahead: 4,
} as const;
export const BodyKind = { Crate: 0, Rubble: 1 } as const;

export interface StartOptions {
  name: string;
  /** Path or address of the server's WebSocket. */
  socket: string;
  /** The world's seed, as decimal text. */
  seed: string;
  tickRateHz: number;
}

export interface Person {
  handle: number;
  /** 32 hex digits. */
  peer: string;
  name: string;
  /** True for the player's own entry. */
  self?: boolean;
}

export interface BlockKind {
  id: number;
  name: string;
  /** One of the picture's textures (game/blocks.ts), e.g. "grass". */
  texture: string;
  /** Whether the hotbar offers it. */
  placeable: boolean;
}

/** What C# exports; `boot.ts` takes the methods with C#'s capital initials. */
export interface FrameExports {
  start(optionsJson: string, nowMs: number): void;
  step(nowMs: number, input: Uint8Array): Uint8Array;
  receive(nowMs: number, queues: number): void;
  trace(): string;
  photoAsk(json: string): boolean;
  photoCancel(photo: number): void;
  photoTake(): Uint8Array;
  chunk(x: number, z: number): Uint8Array;
  people(): string;
  blocks(): string;
}

export interface FrameInput {
  action: number;
  buttons: number;
  /** Radians, any range. */
  yaw: number;
  /** Radians, -pi/2 to pi/2. */
  pitch: number;
  block: number;
  flags: number;
  viewDistance: number;
  /** {@link QueueFlag} bits. */
  queues: number;
}

/** Writes the input into `bytes` (at least {@link INPUT_BYTES}). */
export function writeInput(bytes: Uint8Array, input: FrameInput): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, INPUT_BYTES);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, input.action);
  view.setUint16(2, input.buttons, true);
  view.setUint16(4, Math.round((input.yaw / (2 * Math.PI)) * 65536) & 0xffff, true);
  view.setInt16(6, Math.round(Math.max(-1, Math.min(1, input.pitch / (Math.PI / 2))) * 32767), true);
  view.setUint8(8, input.block);
  view.setUint8(9, input.flags);
  view.setUint8(10, input.viewDistance);
  view.setUint8(11, input.queues);
  view.setUint32(12, 0, true);
}

/** Reads an input back; the development source and tests do what C# does. */
export function readInput(bytes: Uint8Array): FrameInput {
  const view = new DataView(bytes.buffer, bytes.byteOffset, INPUT_BYTES);
  return {
    action: view.getUint8(1),
    buttons: view.getUint16(2, true),
    yaw: (view.getUint16(4, true) / 65536) * 2 * Math.PI,
    pitch: (view.getInt16(6, true) / 32767) * (Math.PI / 2),
    block: view.getUint8(8),
    flags: view.getUint8(9),
    viewDistance: view.getUint8(10),
    queues: view.getUint8(11),
  };
}

export interface Other {
  handle: number;
  tick: number;
  x: number;
  y: number;
  z: number;
  yaw: number;
  pitch: number;
  speed: number;
  flags: number;
  rttMs: number;
}

export interface Body {
  handle: number;
  kind: number;
  block: number;
  flags: number;
  frame: number;
  touched: number;
  x: number;
  y: number;
  z: number;
  qx: number;
  qy: number;
  qz: number;
  qw: number;
  vx: number;
  vy: number;
  vz: number;
  wx: number;
  wy: number;
  wz: number;
  hx: number;
  hy: number;
  hz: number;
}

/** The floats of a body in their order, from byte 16. */
const BODY_FLOATS = ['x', 'y', 'z', 'qx', 'qy', 'qz', 'qw', 'vx', 'vy', 'vz', 'wx', 'wy', 'wz', 'hx', 'hy', 'hz'] as const;

export function emptyBody(): Body {
  return { handle: 0, kind: 0, block: 0, flags: 0, frame: 0, touched: 0, x: 0, y: 0, z: 0, qx: 0, qy: 0, qz: 0, qw: 0, vx: 0, vy: 0, vz: 0, wx: 0, wy: 0, wz: 0, hx: 0, hy: 0, hz: 0 };
}

/** Why a frame was not taken. */
export type FrameError = 'none' | 'too-short' | 'version' | 'length';

/**
 * The output of one step, decoded in place: one instance is kept and read into each frame, so that a frame allocates nothing.
 * `others` has `otherCount` valid entries at its start, `chunks` has `chunkCount` pairs,
 * `bodies` `bodyCount` entries.
 */
export class FrameOutput {
  connection: number = Connection.Offline;
  flags = 0;
  tick = 0;
  fraction = 0;
  readonly previous = { x: 0, y: 0, z: 0 };
  readonly current = { x: 0, y: 0, z: 0 };
  readonly velocity = { x: 0, y: 0, z: 0 };
  yaw = 0;
  pitch = 0;
  readonly target = { x: 0, y: 0, z: 0, face: 0, kind: 0 };
  authority = 0;
  tickRateHz = 20;
  peersDirect = 0;
  peersRelay = 0;
  directRttMs = NaN;
  viaServerRttMs = NaN;
  serverRttMs = NaN;
  pendingActions = 0;
  peopleVersion = 0;
  retryInMs = 0;
  otherCount = 0;
  readonly others: Other[] = [];
  chunkCount = 0;
  readonly chunks: number[] = [];
  bodyCount = 0;
  readonly bodies: Body[] = [];

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** Reads `bytes`. On an error nothing is changed. */
  read(bytes: Uint8Array): FrameError {
    if (bytes.byteLength < OUTPUT_HEAD_BYTES) return 'too-short';
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint8(0) !== FRAME_VERSION) return 'version';
    const otherCount = view.getUint16(96, true);
    const chunkCount = view.getUint16(98, true);
    const bodyCount = view.getUint16(100, true);
    if (bytes.byteLength < OUTPUT_HEAD_BYTES + otherCount * OTHER_BYTES + chunkCount * CHUNK_REF_BYTES + bodyCount * BODY_BYTES) return 'length';

    this.connection = view.getUint8(1);
    this.flags = view.getUint16(2, true);
    this.tick = view.getUint32(4, true);
    this.fraction = view.getFloat32(8, true);
    readVector(view, 12, this.previous);
    readVector(view, 24, this.current);
    readVector(view, 36, this.velocity);
    this.yaw = view.getFloat32(48, true);
    this.pitch = view.getFloat32(52, true);
    this.target.x = view.getInt32(56, true);
    this.target.y = view.getInt32(60, true);
    this.target.z = view.getInt32(64, true);
    this.target.face = view.getUint8(68);
    this.target.kind = view.getUint8(69);
    this.authority = view.getUint8(70);
    this.tickRateHz = view.getUint8(71);
    this.peersDirect = view.getUint16(72, true);
    this.peersRelay = view.getUint16(74, true);
    this.directRttMs = view.getFloat32(76, true);
    this.viaServerRttMs = view.getFloat32(80, true);
    this.serverRttMs = view.getFloat32(84, true);
    this.pendingActions = view.getUint16(88, true);
    this.peopleVersion = view.getUint16(90, true);
    this.retryInMs = view.getUint32(92, true);

    this.otherCount = otherCount;
    let at = OUTPUT_HEAD_BYTES;
    for (let i = 0; i < otherCount; i++, at += OTHER_BYTES) {
      const other = (this.others[i] ??= { handle: 0, tick: 0, x: 0, y: 0, z: 0, yaw: 0, pitch: 0, speed: 0, flags: 0, rttMs: NaN });
      other.handle = view.getUint32(at, true);
      other.tick = view.getUint32(at + 4, true);
      readVector(view, at + 8, other);
      other.yaw = view.getFloat32(at + 20, true);
      other.pitch = view.getFloat32(at + 24, true);
      other.speed = view.getFloat32(at + 28, true);
      other.flags = view.getUint32(at + 32, true);
      other.rttMs = view.getFloat32(at + 36, true);
    }
    this.chunkCount = chunkCount;
    for (let i = 0; i < chunkCount * 2; i++, at += 4) this.chunks[i] = view.getInt32(at, true);
    this.bodyCount = bodyCount;
    for (let i = 0; i < bodyCount; i++, at += BODY_BYTES) {
      const body = (this.bodies[i] ??= emptyBody());
      body.handle = view.getUint32(at, true);
      body.kind = view.getUint8(at + 4);
      body.block = view.getUint8(at + 5);
      body.flags = view.getUint16(at + 6, true);
      body.frame = view.getUint32(at + 8, true);
      body.touched = view.getUint32(at + 12, true);
      for (let k = 0; k < BODY_FLOATS.length; k++) body[BODY_FLOATS[k]!] = view.getFloat32(at + 16 + 4 * k, true);
    }
    return 'none';
  }
}

/** Writes an output: what C# does, in TypeScript for tests and the development source. Returns the bytes. */
export function writeOutput(frame: FrameOutput): Uint8Array {
  const bytes = new Uint8Array(OUTPUT_HEAD_BYTES + frame.otherCount * OTHER_BYTES + frame.chunkCount * CHUNK_REF_BYTES + frame.bodyCount * BODY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, frame.connection);
  view.setUint16(2, frame.flags, true);
  view.setUint32(4, frame.tick, true);
  view.setFloat32(8, frame.fraction, true);
  writeVector(view, 12, frame.previous);
  writeVector(view, 24, frame.current);
  writeVector(view, 36, frame.velocity);
  view.setFloat32(48, frame.yaw, true);
  view.setFloat32(52, frame.pitch, true);
  view.setInt32(56, frame.target.x, true);
  view.setInt32(60, frame.target.y, true);
  view.setInt32(64, frame.target.z, true);
  view.setUint8(68, frame.target.face);
  view.setUint8(69, frame.target.kind);
  view.setUint8(70, frame.authority);
  view.setUint8(71, frame.tickRateHz);
  view.setUint16(72, frame.peersDirect, true);
  view.setUint16(74, frame.peersRelay, true);
  view.setFloat32(76, frame.directRttMs, true);
  view.setFloat32(80, frame.viaServerRttMs, true);
  view.setFloat32(84, frame.serverRttMs, true);
  view.setUint16(88, frame.pendingActions, true);
  view.setUint16(90, frame.peopleVersion, true);
  view.setUint32(92, frame.retryInMs, true);
  view.setUint16(96, frame.otherCount, true);
  view.setUint16(98, frame.chunkCount, true);
  view.setUint16(100, frame.bodyCount, true);
  let at = OUTPUT_HEAD_BYTES;
  for (const other of frame.others.slice(0, frame.otherCount)) {
    view.setUint32(at, other.handle, true);
    view.setUint32(at + 4, other.tick, true);
    writeVector(view, at + 8, other);
    view.setFloat32(at + 20, other.yaw, true);
    view.setFloat32(at + 24, other.pitch, true);
    view.setFloat32(at + 28, other.speed, true);
    view.setUint32(at + 32, other.flags, true);
    view.setFloat32(at + 36, other.rttMs, true);
    at += OTHER_BYTES;
  }
  for (const part of frame.chunks.slice(0, frame.chunkCount * 2)) {
    view.setInt32(at, part, true);
    at += 4;
  }
  for (const body of frame.bodies.slice(0, frame.bodyCount)) {
    view.setUint32(at, body.handle, true);
    view.setUint8(at + 4, body.kind);
    view.setUint8(at + 5, body.block);
    view.setUint16(at + 6, body.flags, true);
    view.setUint32(at + 8, body.frame, true);
    view.setUint32(at + 12, body.touched, true);
    BODY_FLOATS.forEach((name, k) => view.setFloat32(at + 16 + 4 * k, body[name], true));
    at += BODY_BYTES;
  }
  return bytes;
}

interface Vector {
  x: number;
  y: number;
  z: number;
}

function readVector(view: DataView, at: number, into: Vector): void {
  into.x = view.getFloat32(at, true);
  into.y = view.getFloat32(at + 4, true);
  into.z = view.getFloat32(at + 8, true);
}

function writeVector(view: DataView, at: number, from: Vector): void {
  view.setFloat32(at, from.x, true);
  view.setFloat32(at + 4, from.y, true);
  view.setFloat32(at + 8, from.z, true);
}
