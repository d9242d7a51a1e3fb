import { describe, expect, it } from 'vitest';
import { DEFAULT_KINDS, lookTable } from '../src/game/blocks';
import { fillRegion, HEIGHT, MARGIN, meshChunk, REGION_BYTES, regionIndex, SIZE, SURFACE_BIT, VERTEX_BYTES } from '../src/game/mesher';
import { changedReach } from '../src/game/chunks';
import { tileNumber } from '../src/game/tiles';

const looks = lookTable(DEFAULT_KINDS, tileNumber);
const [GRASS, STONE, WATER, GLASS, LAMP] = [4, 2, 6, 13, 14];

const region = (...blocks: [number, number, number, number][]) => {
  const made = new Uint8Array(REGION_BYTES);
  for (const [x, y, z, kind] of blocks) made[regionIndex(x, y, z)] = kind;
  return made;
};

interface Vertex { x: number; y: number; z: number; face: number; surface: boolean; tile: number; occlusion: number; sky: number; lamp: number }

const vertices = (bytes: Uint8Array): Vertex[] =>
  Array.from({ length: bytes.length / VERTEX_BYTES }, (_, i) => {
    const v = bytes.subarray(i * VERTEX_BYTES);
    return { x: v[0]!, y: v[1]!, z: v[2]!, face: v[3]! & 7, surface: (v[3]! & SURFACE_BIT) !== 0, tile: v[4]!, occlusion: v[5]! / 85, sky: v[6]!, lamp: v[7]! };
  });
const faces = (bytes: Uint8Array) => bytes.length / (4 * VERTEX_BYTES);
const floor = (kind = STONE) => {
  const made = new Uint8Array(REGION_BYTES);
  made.fill(kind, 0, REGION_BYTES / HEIGHT);
  return made;
};

describe('faces', () => {
  it('draws six of a lone block, with its tiles', () => {
    const mesh = meshChunk(region([5, 10, 5, GRASS]), looks);
    expect(faces(mesh.opaque)).toBe(6);
    const by = (face: number) => vertices(mesh.opaque).find((v) => v.face === face)!.tile;
    expect([by(2), by(0), by(3)]).toEqual(['grass', 'grassSide', 'dirt'].map(tileNumber));
    expect([mesh.minY, mesh.maxY]).toEqual([10, 11]);
  });

  it('hides what touches: ten of two blocks, none of a buried one', () => {
    expect(faces(meshChunk(region([5, 10, 5, STONE], [6, 10, 5, GRASS]), looks).opaque)).toBe(10);
    const cube: [number, number, number, number][] = [];
    for (let x = 4; x < 7; x++) for (let y = 9; y < 12; y++) for (let z = 4; z < 7; z++) cube.push([x, y, z, STONE]);
    expect(faces(meshChunk(region(...cube), looks).opaque)).toBe(54);
  });

  it('draws only the chunk itself, and sees the neighbours', () => {
    expect(faces(meshChunk(region([-1, 10, 5, STONE]), looks).opaque)).toBe(0);
    expect(faces(meshChunk(region([0, 10, 5, STONE], [-1, 10, 5, STONE]), looks).opaque)).toBe(5);
  });

  it('draws no underside of the world and closes its top', () => {
    expect(faces(meshChunk(region([5, 0, 5, STONE]), looks).opaque)).toBe(5);
    expect(faces(meshChunk(region([5, HEIGHT - 1, 5, STONE]), looks).opaque)).toBe(6);
  });

  it('keeps a flat floor at one face a column', () => {
    expect(faces(meshChunk(floor(), looks).opaque)).toBe(SIZE * SIZE);
  });

  it('puts water and glass in the translucent part, without inner faces', () => {
    const mesh = meshChunk(region([5, 10, 5, WATER], [5, 11, 5, WATER], [9, 10, 5, GLASS], [10, 10, 5, STONE]), looks);
    expect(faces(mesh.translucent)).toBe(10 + 5);
    expect(faces(mesh.opaque)).toBe(6);
    const water = vertices(mesh.translucent).filter((v) => v.tile === tileNumber('water'));
    expect(water.filter((v) => v.surface).every((v) => v.y === 12)).toBe(true);
    expect(water.some((v) => v.surface)).toBe(true);
  });

  it('winds every face counter-clockwise from outside', () => {
    const out = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
    const all = vertices(meshChunk(region([5, 10, 5, STONE]), looks).opaque);
    for (let q = 0; q < all.length; q += 4) {
      const [a, b, c] = [all[q]!, all[q + 1]!, all[q + 2]!];
      const u = [b.x - a.x, b.y - a.y, b.z - a.z] as const;
      const v = [c.x - a.x, c.y - a.y, c.z - a.z] as const;
      const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]].map((n) => n || 0);
      expect(normal).toEqual(out[a.face]);
    }
  });
});

describe('occlusion', () => {
  const top = (bytes: Uint8Array, x: number, z: number) => vertices(bytes).filter((v) => v.face === 2 && v.y === 1 && Math.abs(v.x - x - 0.5) < 1 && Math.abs(v.z - z - 0.5) < 1);

  it('is full on an open floor', () => {
    expect(new Set(vertices(meshChunk(floor(), looks).opaque).map((v) => v.occlusion))).toEqual(new Set([3]));
  });

  it('darkens two vertices beside a wall and one beside a corner', () => {
    const world = floor();
    world[regionIndex(6, 1, 5)] = STONE;
    const mesh = meshChunk(world, looks);
    const beside = vertices(mesh.opaque).filter((v) => v.face === 2 && v.y === 1);
    const ofCell = (x: number, z: number) => {
      for (let q = 0; q < beside.length; q += 4) {
        const quad = beside.slice(q, q + 4);
        if (Math.min(...quad.map((v) => v.x)) === x && Math.min(...quad.map((v) => v.z)) === z) return quad.map((v) => v.occlusion).sort();
      }
      return [];
    };
    expect(ofCell(5, 5)).toEqual([2, 2, 3, 3]);
    expect(ofCell(5, 4)).toEqual([2, 3, 3, 3]);
    expect(ofCell(2, 2)).toEqual([3, 3, 3, 3]);
    expect(top(mesh.opaque, 6, 5).length).toBe(12);
  });

  it('is darkest in a notch between two walls', () => {
    const world = floor();
    world[regionIndex(6, 1, 5)] = STONE;
    world[regionIndex(5, 1, 6)] = STONE;
    const corner = vertices(meshChunk(world, looks).opaque).filter((v) => v.face === 2 && v.x === 6 && v.y === 1 && v.z === 6).map((v) => v.occlusion);
    expect(Math.min(...corner)).toBe(0);
  });
});

describe('light', () => {
  const roofed = () => {
    const world = floor();
    for (let x = -MARGIN; x < SIZE + MARGIN; x++) for (let z = -MARGIN; z < SIZE + MARGIN; z++) world[regionIndex(x, 4, z)] = STONE;
    return world;
  };

  it('is full under the sky and gone in a closed room', () => {
    expect(new Set(vertices(meshChunk(floor(), looks).opaque).map((v) => v.sky))).toEqual(new Set([255]));
    const inside = vertices(meshChunk(roofed(), looks).opaque).filter((v) => v.face === 2 && v.y === 1);
    expect(new Set(inside.map((v) => v.sky))).toEqual(new Set([0]));
  });

  it('fades from a hole in the roof', () => {
    const world = roofed();
    world[regionIndex(8, 4, 8)] = 0;
    const ground = vertices(meshChunk(world, looks).opaque).filter((v) => v.face === 2 && v.y === 1);
    const at = (x: number) => Math.max(...ground.filter((v) => v.x === x && v.z === 8).map((v) => v.sky));
    expect(at(8)).toBeGreaterThan(at(11));
    expect(at(11)).toBeGreaterThan(at(14));
    expect(at(0)).toBe(0);
  });

  it('comes from a lamp next door', () => {
    const world = roofed();
    world[regionIndex(-3, 1, 8)] = LAMP;
    const ground = vertices(meshChunk(world, looks).opaque).filter((v) => v.face === 2 && v.y === 1 && v.z === 8);
    expect(Math.max(...ground.filter((v) => v.x === 0).map((v) => v.lamp))).toBeGreaterThan(100);
    expect(Math.max(...ground.filter((v) => v.x === 12).map((v) => v.lamp))).toBe(0);
  });
});

describe('regions and changes', () => {
  it('copies the right edges of eight neighbours', () => {
    const chunk = (dx: number, dz: number) => new Uint8Array(SIZE * SIZE * HEIGHT).fill(5 + dx * 3 + dz);
    const made = new Uint8Array(REGION_BYTES);
    fillRegion(made, chunk);
    for (const [x, z, dx, dz] of [[-8, -8, -1, -1], [0, 0, 0, 0], [15, 15, 0, 0], [16, 3, 1, 0], [23, 23, 1, 1], [4, -1, 0, -1]] as const) {
      expect(made[regionIndex(x, 63, z)]).toBe(5 + dx * 3 + dz);
    }
    fillRegion(made, (dx, dz) => (dx === 0 && dz === 0 ? chunk(0, 0) : undefined));
    expect(made[regionIndex(-1, 10, 0)]).toBe(0);
  });

  it('knows which neighbours see a change', () => {
    const before = new Uint8Array(SIZE * SIZE * HEIGHT);
    const after = before.slice();
    expect(changedReach(before, after).any).toBe(false);
    after[(10 * SIZE + 15) * SIZE + 0] = 1;
    expect(changedReach(before, after)).toEqual({ any: true, west: true, east: false, north: false, south: true });
  });
});
