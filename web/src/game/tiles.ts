/** Procedural tiles: small square textures drawn by arithmetic, so that nothing is downloaded. RGBA, sRGB. */
export const TILE = 32;

type Rgb = readonly [number, number, number];
type Paint = (x: number, y: number, random: Noise) => Rgb | readonly [number, number, number, number];

interface Noise {
  /** Per pixel, 0 to 1, the same for the same salt. */
  dot(x: number, y: number, salt?: number): number;
  /** Soft blobs of `cell` pixels, 0 to 1; tiles seamlessly. */
  blob(x: number, y: number, cell: number, salt?: number): number;
}

const noise: Noise = {
  dot(x, y, salt = 0) {
    let h = Math.imul(x + 374761393 * (salt + 1), 668265263) ^ Math.imul(y + 1274126177, 2246822519);
    h = Math.imul(h ^ (h >>> 15), 2246822519);
    h = Math.imul(h ^ (h >>> 13), 3266489917);
    return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
  },
  blob(x, y, cell, salt = 0) {
    const n = TILE / cell;
    const cx = Math.floor(x / cell);
    const cy = Math.floor(y / cell);
    const fx = smooth(x / cell - cx);
    const fy = smooth(y / cell - cy);
    const at = (i: number, j: number) => noise.dot((cx + i) % n, (cy + j) % n, salt + 17 * cell);
    return mix(mix(at(0, 0), at(1, 0), fx), mix(at(0, 1), at(1, 1), fx), fy);
  },
};

const mix = (a: number, b: number, t: number) => a + (b - a) * t;
const smooth = (t: number) => t * t * (3 - 2 * t);
const shade = (c: Rgb, by: number): Rgb => [c[0] * by, c[1] * by, c[2] * by];
const blend = (a: Rgb, b: Rgb, t: number): Rgb => [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
/** Grain in pixels of two, so that a tile reads as drawn, not as static. */
const grain = (x: number, y: number, n: Noise, salt: number) => n.dot(x >> 1, y >> 1, salt);

const GRASS: Rgb = [104, 160, 66];
const GRASS_LIGHT: Rgb = [134, 188, 84];
const DIRT: Rgb = [128, 92, 62];
const SNOW: Rgb = [236, 243, 250];

const grass: Paint = (x, y, n) => shade(blend(GRASS, GRASS_LIGHT, n.blob(x, y, 8, 1) * 0.55 + grain(x, y, n, 2) * 0.45), 0.9 + n.dot(x, y, 3) * 0.14);
const dirt: Paint = (x, y, n) => {
  const pebble = n.blob(x, y, 4, 5) > 0.78 ? 1.16 : 1;
  return shade(DIRT, (0.84 + n.blob(x, y, 8, 4) * 0.16 + grain(x, y, n, 6) * 0.16) * pebble);
};
const stone: Paint = (x, y, n) => {
  const crack = Math.abs(n.blob(x, y, 8, 8) - 0.5) < 0.035 ? 0.82 : 1;
  return shade([136, 138, 142], (0.8 + n.blob(x, y, 16, 7) * 0.2 + grain(x, y, n, 9) * 0.12) * crack);
};
const snow: Paint = (x, y, n) => shade(SNOW, 0.95 + n.blob(x, y, 8, 10) * 0.05 + n.dot(x, y, 11) * 0.015);
/** A cap that hangs over dirt with an uneven edge; y grows upwards. */
const capped = (cap: Paint, salt: number, depth: number): Paint => (x, y, n) => {
  const edge = TILE - depth - Math.round(n.dot(x >> 1, 0, salt) * 5);
  if (y >= edge) return cap(x, y, n);
  const under = dirt(x, y, n) as Rgb;
  return y >= edge - 2 ? shade(under, 0.72) : under;
};
const brickwork = (width: number, height: number, line: Rgb, face: (n: number) => Rgb): Paint => (x, y, n) => {
  const row = Math.floor(y / height);
  const shifted = (x + (row % 2) * (width / 2)) % TILE;
  if (y % height === 0 || shifted % width === 0) return shade(line, 0.92 + grain(x, y, n, 21) * 0.12);
  const lit = y % height === height - 1 ? 1.08 : y % height === 1 ? 0.92 : 1;
  return shade(face(n.dot(Math.floor(shifted / width), row, 20)), lit * (0.92 + grain(x, y, n, 22) * 0.14));
};

const PAINTS: Readonly<Record<string, Paint>> = {
  grass,
  grassSide: capped(grass, 12, 6),
  dirt,
  stone,
  sand: (x, y, n) => shade([224, 207, 152], 0.9 + 0.07 * Math.sin((y + n.blob(x, y, 16, 13) * 9) * 0.8) * n.blob(x, y, 16, 14) + n.dot(x, y, 15) * 0.09),
  bark: (x, y, n) => shade([112, 82, 52], (n.dot(x >> 1, (y + Math.floor(n.dot(x >> 1, 1, 16) * 9)) >> 3, 17) * 0.3 + 0.72) * (x % 8 === 0 ? 0.8 : 1) + n.dot(x, y, 18) * 0.06),
  rings: (x, y, n) => {
    const r = Math.hypot(x - 15.5, y - 15.5) + n.blob(x, y, 8, 19) * 2;
    return r > 14.5 ? shade([112, 82, 52], 0.85) : shade([190, 150, 98], 0.86 + 0.14 * Math.sin(r * 1.7));
  },
  leaves: (x, y, n) => {
    const leaf = n.blob(x, y, 4, 23) * 0.6 + grain(x, y, n, 24) * 0.4;
    return leaf < 0.3 ? shade([48, 92, 40], 0.85) : blend([62, 118, 48], [112, 168, 70], (leaf - 0.3) * 1.4);
  },
  snow,
  snowSide: capped(snow, 25, 8),
  water: (x, y, n) => [...shade([52, 122, 186], 0.92 + n.blob(x, y, 8, 26) * 0.14 + n.blob(x, y, 4, 27) * 0.06), 178] as [number, number, number, number],
  cobble: (x, y, n) => {
    // Stones around points of a crooked grid; dark where two are equally near.
    let [near, next, stoneAt] = [99, 99, 0];
    for (let i = -1; i <= 1; i++) {
      for (let j = -1; j <= 1; j++) {
        const cx = ((x >> 3) + i + 4) % 4;
        const cy = ((y >> 3) + j + 4) % 4;
        const d = Math.hypot(((x >> 3) + i) * 8 + 1 + n.dot(cx, cy, 35) * 6 - x, ((y >> 3) + j) * 8 + 1 + n.dot(cx, cy, 36) * 6 - y);
        if (d < near) [next, near, stoneAt] = [near, d, n.dot(cx, cy, 37)];
        else if (d < next) next = d;
      }
    }
    return shade([140, 140, 142], (next - near < 1.1 ? 0.55 : 0.8 + stoneAt * 0.22 - near * 0.015) + n.dot(x, y, 38) * 0.06);
  },
  bricks: brickwork(16, 8, [196, 184, 170], (n) => blend([164, 78, 60], [188, 98, 74], n)),
  planks: (x, y, n) => {
    const board = y >> 3;
    const end = (x + board * 11) % TILE === 0;
    if (y % 8 === 0 || end) return [122, 88, 50];
    return shade([186, 142, 88], 0.9 + n.dot(board, x >> 4, 28) * 0.1 + 0.07 * Math.sin((x + n.dot(board, 2, 29) * 20) * 0.35 + n.blob(x, y, 8, 30) * 5) + n.dot(x, y, 31) * 0.05);
  },
  glass: (x, y) => {
    const frame = x < 2 || y < 2 || x >= TILE - 2 || y >= TILE - 2;
    if (frame) return [222, 238, 244, 235];
    const shine = x + y > 18 && x + y < 24 && x > 5 && y > 5;
    return shine ? [240, 250, 255, 130] : [196, 226, 236, 46];
  },
  lamp: (x, y, n) => {
    const edge = Math.min(x, y, TILE - 1 - x, TILE - 1 - y);
    if (edge < 2) return [112, 84, 50];
    return blend([255, 208, 118], [255, 244, 206], Math.min(1, edge / 11) * (0.85 + n.blob(x, y, 8, 32) * 0.2));
  },
  crate: (x, y, n) => {
    // Upright boards in a frame, with one board across from corner to corner and a nail in each corner.
    const edge = Math.min(x, y, TILE - 1 - x, TILE - 1 - y);
    const across = Math.abs(x - y);
    if (edge === 0 || edge === 5 || (edge > 5 && across === 4)) return [92, 62, 34];
    if (edge < 5) {
      const nail = edge >= 2 && edge <= 3 && Math.min(x, TILE - 1 - x) <= 3 && Math.min(y, TILE - 1 - y) <= 3;
      return nail ? [70, 66, 62] : shade([196, 148, 88], 0.88 + 0.07 * Math.sin((x < 5 || x > TILE - 6 ? y : x) * 0.5 + n.blob(x, y, 8, 40) * 4) + n.dot(x, y, 41) * 0.06);
    }
    if (across < 4) return shade([188, 138, 80], 0.9 + 0.06 * Math.sin((x + y) * 0.35 + n.blob(x, y, 8, 42) * 4) + n.dot(x, y, 43) * 0.06);
    return x % 5 === 1 ? [104, 72, 40] : shade([160, 114, 64], 0.84 + n.dot(Math.floor((x + 4) / 5), 1, 44) * 0.1 + n.dot(x, y, 45) * 0.07);
  },
  bedrock: (x, y, n) => shade([74, 74, 82], 0.62 + n.blob(x, y, 8, 33) * 0.5 + grain(x, y, n, 34) * 0.12),
};

export const TILE_NAMES: readonly string[] = Object.keys(PAINTS);

/** The layer of a tile in {@link paintTiles}; stone for an unknown name. */
export function tileNumber(name: string): number {
  const at = TILE_NAMES.indexOf(name);
  return at >= 0 ? at : TILE_NAMES.indexOf('stone');
}

let painted: Uint8Array<ArrayBuffer> | undefined;

/** All tiles, one behind the other, rows from the bottom. Painted once; not to be written to. */
export function paintTiles(): Uint8Array<ArrayBuffer> {
  if (painted) return painted;
  const bytes = new Uint8Array(TILE_NAMES.length * TILE * TILE * 4);
  TILE_NAMES.forEach((name, layer) => {
    for (let y = 0; y < TILE; y++) {
      for (let x = 0; x < TILE; x++) {
        const [r, g, b, a = 255] = PAINTS[name]!(x, y, noise);
        bytes.set([Math.min(255, r), Math.min(255, g), Math.min(255, b), a], ((layer * TILE + y) * TILE + x) * 4);
      }
    }
  });
  painted = bytes;
  return bytes;
}
