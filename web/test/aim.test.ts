import { Quaternion, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';
import { AIM_BLOCKS, aimedBody, wayToBlock, wayToBox, type Placed, type Ray } from '../src/game/aim';

const ray = (from: [number, number, number], to: [number, number, number]): Ray => {
  const d = new Vector3(...to).sub(new Vector3(...from)).normalize();
  return { x: from[0], y: from[1], z: from[2], dx: d.x, dy: d.y, dz: d.z };
};
const placed = (x: number, y: number, z: number, q = new Quaternion()): Placed => ({ x, y, z, qx: q.x, qy: q.y, qz: q.z, qw: q.w });
const about = (x: number, y: number, z: number, degrees: number) => new Quaternion().setFromAxisAngle(new Vector3(x, y, z).normalize(), (degrees * Math.PI) / 180);
const body = (x: number, y: number, z: number, half = 0.45) => ({ ...placed(x, y, z), body: { hx: half, hy: half, hz: half } });

describe('wayToBox', () => {
  it('meets a box that stands straight at its near side', () => {
    expect(wayToBox(ray([0, 0, 0], [0, 0, -1]), placed(0, 0, -5), 1, 1, 0.5)).toBeCloseTo(4.5, 12);
    expect(wayToBox(ray([0.99, 0, 0], [0.99, 0, -1]), placed(0, 0, -5), 1, 1, 0.5)).toBeCloseTo(4.5, 12);
    expect(wayToBox(ray([1.01, 0, 0], [1.01, 0, -1]), placed(0, 0, -5), 1, 1, 0.5)).toBe(Infinity);
  });

  it('meets nothing behind, and is there from inside', () => {
    expect(wayToBox(ray([0, 0, 0], [0, 0, 1]), placed(0, 0, -5), 1, 1, 1)).toBe(Infinity);
    expect(wayToBox(ray([0.2, 0.1, -5], [1, 2, 3]), placed(0, 0, -5), 1, 1, 1)).toBe(0);
  });

  it('turns with the box', () => {
    // A cube on its edge is wider by the square root of two, and meets the ray earlier.
    const edge = about(0, 1, 0, 45);
    expect(wayToBox(ray([0, 0, 0], [0, 0, -1]), placed(0, 0, -5, edge), 1, 1, 1)).toBeCloseTo(5 - Math.SQRT2, 12);
    expect(wayToBox(ray([1.3, 0, 0], [1.3, 0, -1]), placed(0, 0, -5, edge), 1, 1, 1)).toBeCloseTo(5 - (Math.SQRT2 - 1.3), 12);
    // A long plank: only its quaternion, and not the reverse of it, lies along the diagonal that rises to the right.
    const plank = about(0, 0, 1, 45);
    expect(wayToBox(ray([1, 1, 0], [1, 1, -1]), placed(0, 0, -5, plank), 2, 0.1, 0.1)).toBeCloseTo(4.9, 12);
    expect(wayToBox(ray([1, -1, 0], [1, -1, -1]), placed(0, 0, -5, plank), 2, 0.1, 0.1)).toBe(Infinity);
  });

  it('agrees with points that are taken along the ray, however box and ray are turned', () => {
    let state = 1;
    const random = () => ((state = (state * 48271) % 0x7fffffff) / 0x7fffffff) * 2 - 1;
    let met = 0;
    for (let i = 0; i < 300; i++) {
      const turn = new Quaternion(random(), random(), random(), random()).normalize();
      const box = placed(random(), random(), random(), turn);
      const half: [number, number, number] = [0.2 + Math.abs(random()), 0.2 + Math.abs(random()), 0.2 + Math.abs(random())];
      const from: [number, number, number] = [4 * random(), 4 * random(), 4 * random()];
      const line = ray(from, [random(), random(), random()]);
      const depth = (way: number) => {
        const p = new Vector3(line.x + line.dx * way - box.x, line.y + line.dy * way - box.y, line.z + line.dz * way - box.z).applyQuaternion(turn.clone().invert());
        return Math.min(half[0] - Math.abs(p.x), half[1] - Math.abs(p.y), half[2] - Math.abs(p.z));
      };
      const way = wayToBox(line, box, ...half);
      const before = way === Infinity ? 12 : way;
      let deepest = -Infinity;
      for (let at = 0; at < before - 1e-6; at += 0.02) deepest = Math.max(deepest, depth(at));
      expect(deepest).toBeLessThan(1e-6);
      if (way === Infinity) continue;
      met++;
      expect(depth(way)).toBeGreaterThan(-1e-9);
    }
    expect(met).toBeGreaterThan(100);
  });
});

describe('aimedBody', () => {
  const forward = ray([0, 0, 0], [0, 0, -1]);

  it('is the nearest one within reach', () => {
    const bodies = [body(0, 0, -5), body(0.2, 0.1, -3), body(1, 0, -1), body(0, 0, 2)];
    expect(aimedBody(forward, bodies, AIM_BLOCKS)).toBe(bodies[1]);
    expect(aimedBody(forward, bodies, 2.5)).toBeNull();
    expect(aimedBody(forward, [body(0, 0, -6.5)], AIM_BLOCKS)).toBeNull();
    expect(aimedBody(forward, [], AIM_BLOCKS)).toBeNull();
  });

  it('is none behind the block that is looked at, and one before it', () => {
    const wall = wayToBlock(forward, { x: 0, y: 0, z: -4 });
    expect(wall).toBeCloseTo(3, 12);
    expect(aimedBody(forward, [body(0, 0, -4.2)], wall)).toBeNull();
    const before = body(0, 0, -2.5);
    expect(aimedBody(forward, [body(0, 0, -4.2), before], wall)).toBe(before);
  });

  it('takes a block that the ray just misses for as far away as it is', () => {
    expect(wayToBlock(forward, { x: 1, y: 0, z: -4 })).toBeCloseTo(3.5, 12);
  });
});
