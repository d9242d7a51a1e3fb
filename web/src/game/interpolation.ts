/** A place and a view at a moment of the sender's clock. */
export interface Pose {
  x: number;
  y: number;
  z: number;
  yaw: number;
  pitch: number;
  speed: number;
}

interface Sample extends Pose {
  atMs: number;
}

export const DELAY_MS = 100;
export const EXTRAPOLATE_MS_MAX = 250;
const SAMPLES_MAX = 32;
/** Farther in one step than anyone walks: a teleport is drawn as one. */
const JUMP_BLOCKS = 8;
/** How fast the estimate of the sender's clock follows a path that became slower, in ms a sample. */
const CREEP_MS = 0.2;

/**
 * Plays another player's states back smoothly: {@link DELAY_MS} behind the sender's clock, between the two states around that moment, and past the newest
 * one for at most {@link EXTRAPOLATE_MS_MAX} along its last movement. The sender's clock is its tick count; the fastest arrival sets its offset.
 */
export class PoseBuffer {
  private samples: Sample[] = [];
  private offsetMs = NaN;
  private newestTick = -1;

  /** A state that arrived at `nowMs`. Repeated and older ticks are ignored. */
  add(tick: number, tickMs: number, pose: Pose, nowMs: number): void {
    if (tick <= this.newestTick && this.newestTick - tick < 1000) return;
    const atMs = tick * tickMs;
    const offset = nowMs - atMs;
    if (Number.isNaN(this.offsetMs) || Math.abs(offset - this.offsetMs) > 1000) {
      this.samples = [];
      this.offsetMs = offset;
    } else {
      this.offsetMs = Math.min(offset, this.offsetMs + CREEP_MS);
    }
    this.newestTick = tick;
    const last = this.samples.at(-1);
    if (last && Math.hypot(pose.x - last.x, pose.y - last.y, pose.z - last.z) > JUMP_BLOCKS) this.samples = [];
    this.samples.push({ atMs, x: pose.x, y: pose.y, z: pose.z, yaw: pose.yaw, pitch: pose.pitch, speed: pose.speed });
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }

  /** Writes the pose to draw at `nowMs` into `out`; false while nothing is known. */
  sample(nowMs: number, out: Pose): boolean {
    const newest = this.samples.at(-1);
    if (!newest) return false;
    const at = nowMs - this.offsetMs - DELAY_MS;
    let after = this.samples.length - 1;
    while (after > 0 && this.samples[after - 1]!.atMs >= at) after--;
    const to = this.samples[after]!;
    const from = this.samples[after - 1];
    if (!from) {
      mixPose(out, to, to, 0);
    } else {
      const span = to.atMs - from.atMs;
      const past = to === newest ? EXTRAPOLATE_MS_MAX / span : 0;
      mixPose(out, from, to, Math.max(0, Math.min((at - from.atMs) / span, 1 + past)));
      if (at - newest.atMs >= EXTRAPOLATE_MS_MAX) out.speed = 0;
    }
    return true;
  }
}

function mixPose(out: Pose, a: Pose, b: Pose, t: number): void {
  const turn = Math.min(t, 1);
  out.x = a.x + (b.x - a.x) * t;
  out.y = a.y + (b.y - a.y) * t;
  out.z = a.z + (b.z - a.z) * t;
  out.yaw = mixAngle(a.yaw, b.yaw, turn);
  out.pitch = a.pitch + (b.pitch - a.pitch) * turn;
  out.speed = a.speed + (b.speed - a.speed) * turn;
}

/** The short way around. */
export function mixAngle(a: number, b: number, t: number): number {
  const turn = 2 * Math.PI;
  const difference = ((((b - a) % turn) + turn * 1.5) % turn) - Math.PI;
  return a + difference * t;
}
