import type { LookTable } from './blocks';

/**
 * Turns one chunk into quads: faces between a block and what does not hide it, each vertex with ambient occlusion and the light around it.
 * No merging of faces: merged quads leave pinholes where they meet finer ones, and a column's surface is some five hundred faces, which any GPU takes.
 *
 * It reads a region: the chunk and {@link MARGIN} blocks of its neighbours on each side, so that light from next door arrives.
 */
export const SIZE = 16;
export const HEIGHT = 64;
/** Light fades by {@link FADE} a block from at most 15, so this is as far as it reaches. */
export const MARGIN = 8;
export const REGION = SIZE + 2 * MARGIN;
export const REGION_BYTES = REGION * REGION * HEIGHT;
const FADE = 2;
const LIGHT_MAX = 15;

/** Bytes of a vertex: x, y, z (blocks in the chunk), face | surface << 3, tile, occlusion (0 dark to 255), sky light, lamp light. */
export const VERTEX_BYTES = 8;
/** Bit in the fourth byte: this vertex is on a liquid's surface. */
export const SURFACE_BIT = 8;

export interface ChunkMesh {
  /** Four vertices a quad, in the order of the shared index pattern 0 1 2, 0 2 3. */
  opaque: Uint8Array<ArrayBuffer>;
  translucent: Uint8Array<ArrayBuffer>;
  /** Lowest and highest block of either, for the bounding box. */
  minY: number;
  maxY: number;
}

/** Index of a cell in a region; x and z from -MARGIN. */
export function regionIndex(x: number, y: number, z: number): number {
  return (y * REGION + z + MARGIN) * REGION + x + MARGIN;
}

/**
 * Copies the chunk and its neighbours into `region`. `chunk(dx, dz)` gives the neighbour's blocks in the wire's order, or undefined (taken as air).
 */
export function fillRegion(region: Uint8Array, chunk: (dx: number, dz: number) => Uint8Array | undefined): void {
  for (let dz = -1; dz <= 1; dz++) {
    for (let dx = -1; dx <= 1; dx++) {
      const blocks = chunk(dx, dz);
      const fromX = dx < 0 ? SIZE - MARGIN : 0;
      const width = dx === 0 ? SIZE : MARGIN;
      const fromZ = dz < 0 ? SIZE - MARGIN : 0;
      const depth = dz === 0 ? SIZE : MARGIN;
      for (let y = 0; y < HEIGHT; y++) {
        for (let z = fromZ; z < fromZ + depth; z++) {
          const to = regionIndex(dx * SIZE + fromX, y, dz * SIZE + z);
          if (!blocks) {
            region.fill(0, to, to + width);
            continue;
          }
          const from = (y * SIZE + z) * SIZE + fromX;
          region.set(blocks.subarray(from, from + width), to);
        }
      }
    }
  }
}

// Neighbour offsets in a region, in the order of faces: +x, -x, +y, -y, +z, -z.
const LAYER = REGION * REGION;
const STEP = [1, -1, LAYER, -LAYER, REGION, -REGION] as const;

// For each face: the corner's cell (dx, dy, dz in 0..1) of four vertices, counter-clockwise seen from outside.
const CORNERS: readonly (readonly (readonly [number, number, number])[])[] = [
  [[1, 0, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]],
  [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]],
  [[0, 1, 1], [1, 1, 1], [1, 1, 0], [0, 1, 0]],
  [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]],
  [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
  [[1, 0, 0], [0, 0, 0], [0, 1, 0], [1, 1, 0]],
];

// For each face and vertex: offsets of the two side cells and the corner cell in the plane in front of the face.
const AROUND = CORNERS.map((corners, face) =>
  corners.map((corner) => {
    const axis = face >> 1;
    const sides = [0, 1, 2].filter((a) => a !== axis).map((a) => (corner[a]! === 1 ? 1 : -1) * [1, LAYER, REGION][a]!);
    return [sides[0]!, sides[1]!, sides[0]! + sides[1]!] as const;
  }),
);

/** Reused between calls: a worker meshes one chunk at a time. */
const sky = new Uint8Array(REGION_BYTES);
const lamp = new Uint8Array(REGION_BYTES);
let queue = new Int32Array(1 << 16);
let opaqueOut = new Uint8Array(1 << 16);
let translucentOut = new Uint8Array(1 << 14);
const occlusion = [0, 0, 0, 0];
const skyAt = [0, 0, 0, 0];
const lampAt = [0, 0, 0, 0];
let skySum = 0;
let lampSum = 0;
let cells = 0;

export function meshChunk(region: Uint8Array, looks: LookTable): ChunkMesh {
  const { opaque, liquid, tiles } = looks;
  light(region, looks);
  let opaqueUsed = 0;
  let translucentUsed = 0;
  let minY = HEIGHT;
  let maxY = 0;
  for (let y = 0; y < HEIGHT; y++) {
    for (let z = 0; z < SIZE; z++) {
      for (let x = 0; x < SIZE; x++) {
        const cell = regionIndex(x, y, z);
        const kind = region[cell]!;
        if (kind === 0) continue;
        const isOpaque = opaque[kind]!;
        const surface = liquid[kind]! && (y === HEIGHT - 1 || region[cell + LAYER] !== kind) ? SURFACE_BIT : 0;
        for (let face = 0; face < 6; face++) {
          if (face === 3 && y === 0) continue;
          const open = face === 2 && y === HEIGHT - 1;
          const front = cell + STEP[face]!;
          const next = open ? 0 : region[front]!;
          if (next === kind ? !open : opaque[next]!) continue;

          const around = AROUND[face]!;
          for (let v = 0; v < 4; v++) {
            const [a, b, c] = around[v]!;
            let blocked = 0;
            skySum = open ? LIGHT_MAX : sky[front]!;
            lampSum = open ? 0 : lamp[front]!;
            cells = 1;
            if (!open) {
              const blockA = blocks(region, opaque, front + a);
              const blockB = blocks(region, opaque, front + b);
              const blockC = blocks(region, opaque, front + c);
              blocked = blockA && blockB ? 3 : blockA + blockB + blockC;
              if (!blockA) addLight(front + a);
              if (!blockB) addLight(front + b);
              if (!blockC && !(blockA && blockB)) addLight(front + c);
            }
            occlusion[v] = isOpaque ? 3 - blocked : 3;
            skyAt[v] = Math.round((skySum / cells / LIGHT_MAX) * 255);
            lampAt[v] = Math.round((lampSum / cells / LIGHT_MAX) * 255);
          }

          const tile = tiles[kind * 3 + (face === 2 ? 0 : face === 3 ? 2 : 1)]!;
          // The diagonal goes where it joins the brighter pair, or occlusion shows as a crease.
          const first = occlusion[0]! + occlusion[2]! < occlusion[1]! + occlusion[3]! ? 1 : 0;
          let out: Uint8Array;
          let at: number;
          if (isOpaque) {
            if (opaqueUsed + 4 * VERTEX_BYTES > opaqueOut.length) opaqueOut = grown(opaqueOut);
            out = opaqueOut;
            at = opaqueUsed;
            opaqueUsed += 4 * VERTEX_BYTES;
          } else {
            if (translucentUsed + 4 * VERTEX_BYTES > translucentOut.length) translucentOut = grown(translucentOut);
            out = translucentOut;
            at = translucentUsed;
            translucentUsed += 4 * VERTEX_BYTES;
          }
          for (let i = 0; i < 4; i++) {
            const v = (i + first) & 3;
            const corner = CORNERS[face]![v]!;
            out[at] = x + corner[0];
            out[at + 1] = y + corner[1];
            out[at + 2] = z + corner[2];
            out[at + 3] = face | (corner[1] === 1 ? surface : 0);
            out[at + 4] = tile;
            out[at + 5] = occlusion[v]! * 85;
            out[at + 6] = skyAt[v]!;
            out[at + 7] = lampAt[v]!;
            at += VERTEX_BYTES;
          }
          if (y < minY) minY = y;
          if (y > maxY) maxY = y;
        }
      }
    }
  }
  return { opaque: opaqueOut.slice(0, opaqueUsed), translucent: translucentOut.slice(0, translucentUsed), minY: Math.min(minY, maxY), maxY: maxY + 1 };
}

/** Below the world is solid, above it is sky. */
function blocks(region: Uint8Array, opaque: Uint8Array, at: number): number {
  return at < 0 ? 1 : at >= REGION_BYTES ? 0 : opaque[region[at]!]!;
}

function addLight(at: number): void {
  cells++;
  skySum += at >= REGION_BYTES ? LIGHT_MAX : sky[at]!;
  lampSum += at >= REGION_BYTES ? 0 : lamp[at]!;
}

/** Sky light falls straight down and then spreads; lamps spread. Both fade by {@link FADE} a block. */
function light(region: Uint8Array, { opaque, liquid, light: glow }: LookTable): void {
  sky.fill(0);
  lamp.fill(0);
  let tail = 0;
  for (let column = 0; column < LAYER; column++) {
    let level = LIGHT_MAX;
    for (let at = column + (HEIGHT - 1) * LAYER; at >= 0 && level > 0; at -= LAYER) {
      const kind = region[at]!;
      if (opaque[kind]) break;
      if (liquid[kind]) level = Math.max(level - 1, 0);
      sky[at] = level;
    }
  }
  // Only cells beside a darker open one have anything to spread.
  for (let at = 0; at < REGION_BYTES; at++) {
    const level = sky[at]!;
    if (level <= FADE) continue;
    for (const step of STEP) {
      const next = at + step;
      if (next < 0 || next >= REGION_BYTES || opaque[region[next]!] || sky[next]! >= level - FADE) continue;
      tail = put(at, tail);
      break;
    }
  }
  spread(region, opaque, sky, tail);

  tail = 0;
  for (let at = 0; at < REGION_BYTES; at++) {
    const given = glow[region[at]!]!;
    if (given === 0) continue;
    lamp[at] = given;
    tail = put(at, tail);
  }
  spread(region, opaque, lamp, tail);
}

function spread(region: Uint8Array, opaque: Uint8Array, levels: Uint8Array, tail: number): void {
  for (let head = 0; head < tail; head++) {
    const at = queue[head]!;
    const given = levels[at]! - FADE;
    if (given <= 0) continue;
    const x = at % REGION;
    const z = Math.floor(at / REGION) % REGION;
    for (let face = 0; face < 6; face++) {
      if ((face === 0 && x === REGION - 1) || (face === 1 && x === 0) || (face === 4 && z === REGION - 1) || (face === 5 && z === 0)) continue;
      const next = at + STEP[face]!;
      if (next < 0 || next >= REGION_BYTES || opaque[region[next]!] || levels[next]! >= given) continue;
      levels[next] = given;
      tail = put(next, tail);
    }
  }
}

function put(at: number, tail: number): number {
  if (tail === queue.length) {
    const larger = new Int32Array(queue.length * 2);
    larger.set(queue);
    queue = larger;
  }
  queue[tail] = at;
  return tail + 1;
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
