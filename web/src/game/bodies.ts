import { BodyFlag, BodyKind, type Body, type FrameOutput } from '../edge/frame';

/** Bodies are played back this far behind what is known, so that there is a state on both sides of the moment. */
export const BODY_DELAY_MS = 120;
/** Physics' frames are this far apart. */
export const BODY_FRAME_MS = 100;
/** A body shown ahead of the server flies by itself for at most so long. */
export const AHEAD_MS_MAX = 800;
/** Blocks a second; below it a body does not fly ahead. */
const AHEAD_SPEED_MIN = 0.5;
/** More than the world's 1,024, for those that are told gone a frame later. */
export const BODIES_MAX = 2048;
/** As in the rules of physics, blocks a second squared. */
const GRAVITY = 20;
/** Past the newest state a body goes on along its velocity for so long. */
const EXTRAPOLATE_MS_MAX = 100;
/** How long a difference between what was shown and what is true takes to fade to a third. */
const FADE_MS = 260;
const SAMPLES_MAX = 4;
/** How fast the estimate of physics' clock follows a path that became slower, ms a frame. */
const CREEP_MS = 2;
const LATE_MS = 60;
const RESET_MS = 500;

/** Physics' clock as this page hears it: the fastest arrival sets the moment of frame 0. Frames stop while everything sleeps, and the clock begins anew. */
export class FrameClock {
  private offsetMs = NaN;
  private newest = -1;
  private late = 0;

  /** The moment of a frame of which a state arrived at `nowMs`. */
  at(frame: number, nowMs: number): number {
    if (frame !== this.newest) {
      const offset = nowMs - frame * BODY_FRAME_MS;
      const behind = offset - this.offsetMs;
      this.late = behind > LATE_MS ? this.late + 1 : 0;
      if (frame < this.newest || !(Math.abs(behind) <= RESET_MS) || this.late > 1) {
        this.offsetMs = offset;
        this.late = 0;
      } else this.offsetMs = Math.min(offset, this.offsetMs + CREEP_MS);
      this.newest = frame;
    }
    return this.offsetMs + frame * BODY_FRAME_MS;
  }
}

interface Sample {
  atMs: number;
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
}

/** Whether a place is inside something solid; the picture's own blocks answer. */
export type Solid = (x: number, y: number, z: number) => boolean;

/** One body: its last states, and where it is drawn. */
export class BodyTrack {
  readonly body: Body;
  /** Where it is drawn, as of the last {@link play}. */
  x: number;
  y: number;
  z: number;
  qx: number;
  qy: number;
  qz: number;
  qw: number;
  /** It stands where it is drawn until the next state. */
  still = false;
  private samples: Sample[];
  private aheadFromMs: number;
  private playedMs: number;
  // What is shown minus what is true, fading.
  private dx = 0;
  private dy = 0;
  private dz = 0;

  constructor(body: Body, nowMs: number) {
    this.body = { ...body };
    this.samples = [sampleOf(body, nowMs)];
    // What was put down stays where it was put until the server says otherwise.
    this.aheadFromMs = body.flags & BodyFlag.Ahead && Math.hypot(body.vx, body.vy, body.vz) > AHEAD_SPEED_MIN ? nowMs : NaN;
    this.playedMs = nowMs;
    ({ x: this.x, y: this.y, z: this.z, qx: this.qx, qy: this.qy, qz: this.qz, qw: this.qw } = body);
  }

  /** A new state of it, which arrived at `nowMs`. */
  receive(body: Body, clock: FrameClock, nowMs: number): void {
    const moved = body.frame !== this.body.frame && body.frame !== 0;
    const touched = body.touched !== this.body.touched;
    Object.assign(this.body, body);
    this.still = false;
    if (!moved && !touched && !Number.isNaN(this.aheadFromMs)) return;
    const atMs = moved ? clock.at(body.frame, nowMs) : nowMs;
    while (this.samples.length > 0 && this.samples[this.samples.length - 1]!.atMs >= atMs) this.samples.pop();
    // It lay still until a frame ago: what is old is no beginning of this movement.
    const last = this.samples[this.samples.length - 1];
    if (last && atMs - last.atMs > 2 * BODY_FRAME_MS) last.atMs = atMs - BODY_FRAME_MS;
    this.samples.push(sampleOf(body, atMs));
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
    if (Number.isNaN(this.aheadFromMs)) return;
    // The server's own states have come: what was flown ahead of them fades away.
    this.aheadFromMs = NaN;
    const { x, y, z } = this;
    this.sample(nowMs - BODY_DELAY_MS, 0);
    this.dx = x - this.x;
    this.dy = y - this.y;
    this.dz = z - this.z;
  }

  /** Moves what is drawn to the moment `nowMs`. */
  play(nowMs: number, solid: Solid): void {
    const deltaMs = Math.max(0, nowMs - this.playedMs);
    this.playedMs = nowMs;
    if (!Number.isNaN(this.aheadFromMs)) {
      this.fly(nowMs, deltaMs, solid);
      return;
    }
    const fade = Math.exp(-deltaMs / FADE_MS);
    this.dx *= fade;
    this.dy *= fade;
    this.dz *= fade;
    const away = Math.abs(this.dx) + Math.abs(this.dy) + Math.abs(this.dz);
    // A turn that was shown ahead is turned back as softly as the place is moved back.
    this.sample(nowMs - BODY_DELAY_MS, away > 0.01 ? 1 - fade : 1);
    this.x += this.dx;
    this.y += this.dy;
    this.z += this.dz;
    const asleep = (this.body.flags & BodyFlag.Awake) === 0;
    this.still = asleep && away < 0.002 && nowMs - BODY_DELAY_MS >= this.samples[this.samples.length - 1]!.atMs;
  }

  /** In free fall from the first state, and no farther than into a wall. */
  private fly(nowMs: number, deltaMs: number, solid: Solid): void {
    const from = this.samples[this.samples.length - 1]!;
    const t = Math.min(nowMs - this.aheadFromMs, AHEAD_MS_MAX) / 1000;
    const x = from.x + from.vx * t;
    const y = from.y + (from.vy - (GRAVITY * t) / 2) * t;
    const z = from.z + from.vz * t;
    if (solid(x, y, z) || solid(x, y - this.body.hy * 0.9, z)) return;
    this.x = x;
    this.y = y;
    this.z = z;
    if (nowMs - this.aheadFromMs >= AHEAD_MS_MAX) return;
    const { wx, wy, wz } = this.body;
    const half = deltaMs / 2000;
    const { qx, qy, qz, qw } = this;
    this.turn(
      qx + (wx * qw + wy * qz - wz * qy) * half,
      qy + (wy * qw + wz * qx - wx * qz) * half,
      qz + (wz * qw + wx * qy - wy * qx) * half,
      qw - (wx * qx + wy * qy + wz * qz) * half,
    );
  }

  /** Takes the place at a moment, and so much of the turn there, 0 to 1. */
  private sample(atMs: number, turned: number): void {
    const { samples } = this;
    let after = samples.length - 1;
    while (after > 0 && samples[after - 1]!.atMs >= atMs) after--;
    const to = samples[after]!;
    const from = samples[after - 1] ?? to;
    const span = to.atMs - from.atMs;
    const t = span > 0 ? Math.max(0, Math.min(1, (atMs - from.atMs) / span)) : 1;
    // Past the newest one: a frame is late.
    const past = this.body.flags & BodyFlag.Awake && after === samples.length - 1 && this.body.frame !== 0 ? Math.max(0, Math.min(EXTRAPOLATE_MS_MAX, atMs - to.atMs)) / 1000 : 0;
    this.x = from.x + (to.x - from.x) * t + to.vx * past;
    this.y = from.y + (to.y - from.y) * t + to.vy * past;
    this.z = from.z + (to.z - from.z) * t + to.vz * past;
    const near = from.qx * to.qx + from.qy * to.qy + from.qz * to.qz + from.qw * to.qw < 0 ? -t : t;
    const qx = from.qx * (1 - t) + to.qx * near;
    const qy = from.qy * (1 - t) + to.qy * near;
    const qz = from.qz * (1 - t) + to.qz * near;
    const qw = from.qw * (1 - t) + to.qw * near;
    if (turned === 1) {
      this.turn(qx, qy, qz, qw);
      return;
    }
    const side = this.qx * qx + this.qy * qy + this.qz * qz + this.qw * qw < 0 ? -turned : turned;
    this.turn(this.qx * (1 - turned) + qx * side, this.qy * (1 - turned) + qy * side, this.qz * (1 - turned) + qz * side, this.qw * (1 - turned) + qw * side);
  }

  private turn(qx: number, qy: number, qz: number, qw: number): void {
    const length = Math.hypot(qx, qy, qz, qw);
    if (!(length > 1e-6)) return;
    this.qx = qx / length;
    this.qy = qy / length;
    this.qz = qz / length;
    this.qw = qw / length;
  }
}

/** All bodies that C# has told of, by handle. */
export class BodyTracks {
  readonly tracks = new Map<number, BodyTrack>();
  private readonly clock = new FrameClock();

  /**
   * Takes the bodies of a frame. Gives the middle of a blast that has just made rubble, or null: the mean place of what broke loose in this frame.
   */
  receive(frame: Pick<FrameOutput, 'bodies' | 'bodyCount'>, nowMs: number): { x: number; y: number; z: number; count: number } | null {
    const blast = { x: 0, y: 0, z: 0, count: 0 };
    for (let i = 0; i < frame.bodyCount; i++) {
      const body = frame.bodies[i]!;
      const known = this.tracks.get(body.handle);
      if (body.flags & BodyFlag.Gone) this.tracks.delete(body.handle);
      else if (known) known.receive(body, this.clock, nowMs);
      else if (this.tracks.size < BODIES_MAX) {
        this.tracks.set(body.handle, new BodyTrack(body, nowMs));
        if (body.kind !== BodyKind.Rubble || body.frame !== 0 || (body.flags & BodyFlag.Awake) === 0) continue;
        blast.x += body.x;
        blast.y += body.y;
        blast.z += body.z;
        blast.count++;
      }
    }
    if (blast.count === 0) return null;
    blast.x /= blast.count;
    blast.y /= blast.count;
    blast.z /= blast.count;
    return blast;
  }
}

function sampleOf(body: Body, atMs: number): Sample {
  return { atMs, x: body.x, y: body.y, z: body.z, qx: body.qx, qy: body.qy, qz: body.qz, qw: body.qw, vx: body.vx, vy: body.vy, vz: body.vz };
}
