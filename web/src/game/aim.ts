import type { Body } from '../edge/frame';

/** As far as blocks are dug: `VoxelArenaGame.ReachBlocks`. */
export const AIM_BLOCKS = 6;
/** Slower than this along an axis, a ray counts as parallel to that axis' sides. */
const PARALLEL = 1e-9;

/** Where one looks from, and a unit vector of where to; blocks. */
export interface Ray {
  x: number;
  y: number;
  z: number;
  dx: number;
  dy: number;
  dz: number;
}

/** A box by its centre and a unit quaternion that turns it. */
export type Placed = Pick<Body, 'x' | 'y' | 'z' | 'qx' | 'qy' | 'qz' | 'qw'>;

/** A body as it is drawn, with half its sides. */
export interface Aimable extends Placed {
  body: Pick<Body, 'hx' | 'hy' | 'hz'>;
}

/** The way along a ray to a box with these half sides, in blocks: 0 from inside, Infinity where it is not met. */
export function wayToBox(ray: Ray, box: Placed, hx: number, hy: number, hz: number): number {
  const { qx, qy, qz, qw } = box;
  // Into the box's own axes: turned back by its quaternion.
  const turn = (x: number, y: number, z: number): [number, number, number] => {
    const tx = 2 * (y * qz - z * qy);
    const ty = 2 * (z * qx - x * qz);
    const tz = 2 * (x * qy - y * qx);
    return [x + qw * tx + ty * qz - tz * qy, y + qw * ty + tz * qx - tx * qz, z + qw * tz + tx * qy - ty * qx];
  };
  const from = turn(ray.x - box.x, ray.y - box.y, ray.z - box.z);
  const along = turn(ray.dx, ray.dy, ray.dz);
  const half = [hx, hy, hz];
  let enter = 0;
  let leave = Infinity;
  for (let axis = 0; axis < 3; axis++) {
    const [o, d, h] = [from[axis]!, along[axis]!, half[axis]!];
    if (Math.abs(d) < PARALLEL) {
      if (Math.abs(o) > h) return Infinity;
      continue;
    }
    const a = (-h - o) / d;
    const b = (h - o) / d;
    enter = Math.max(enter, Math.min(a, b));
    leave = Math.min(leave, Math.max(a, b));
  }
  return enter <= leave ? enter : Infinity;
}

/** The way along a ray to the block that C# names as its target: it looks from where the last tick was, so the ray drawn may just miss that block. */
export function wayToBlock(ray: Ray, block: { x: number; y: number; z: number }): number {
  const box = { x: block.x + 0.5, y: block.y + 0.5, z: block.z + 0.5, qx: 0, qy: 0, qz: 0, qw: 1 };
  const way = wayToBox(ray, box, 0.5, 0.5, 0.5);
  return way < Infinity ? way : Math.max(0, (box.x - ray.x) * ray.dx + (box.y - ray.y) * ray.dy + (box.z - ray.z) * ray.dz);
}

/** The first body that a ray meets nearer than `within` blocks, or null. */
export function aimedBody<T extends Aimable>(ray: Ray, bodies: Iterable<T>, within: number): T | null {
  let nearest = within;
  let found: T | null = null;
  for (const body of bodies) {
    const { hx, hy, hz } = body.body;
    // Most bodies are farther away than one can reach.
    const far = nearest + hx + hy + hz;
    if (Math.abs(body.x - ray.x) > far || Math.abs(body.y - ray.y) > far || Math.abs(body.z - ray.z) > far) continue;
    const way = wayToBox(ray, body, hx, hy, hz);
    if (way >= nearest) continue;
    nearest = way;
    found = body;
  }
  return found;
}
