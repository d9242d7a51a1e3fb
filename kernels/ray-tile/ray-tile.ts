// A tile of a path-traced picture of voxels: a ray a sample, sun and sky, mirrors, clear blocks, haze, diffuse bounces. The scene is the shared block, the camera stands inside it. Layout: README.md.
// f32 with + - * / and square roots in this order: the check traces sampled pixels again and compares bits.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const SCENE_HEADER: i32 = 4;
// By kind: u8 red, green, blue, form; u8 glow red, green, blue (1/16), gloss; u8 red, green, blue of the top, grain.
const LOOKS: i32 = 3072;
const LOOK: i32 = 12;
const SOLID: u8 = 1;
const CLEAR: u8 = 2;
const VIEW: i32 = 128;
const SIDE_MAX: i32 = 128;
const CELLS_MAX: i32 = 1000000;
const PICTURE_MAX: i32 = 8192;
const SAMPLES_MAX: i32 = 16384;
const BOUNCES_MAX: u8 = 4;
const FAR: f32 = 1e30;
const LEAST: f32 = 1e-6;
const LIFT: f32 = 0.001;
/** The sun's disc, in its light: less than a real one, or it would be all that is seen. */
const DISC: f32 = 6;
/** Share of the way to where haze hides all, up to which there is none. */
const HAZE_FROM: f32 = 0.45;
const TEXELS: f32 = 16;

let sx: i32 = 0, sy: i32 = 0, sz: i32 = 0;
let looks: usize = 0, blocks: usize = 0, view: usize = 0;
let state: u64 = 0;
let hitDistance: f32 = 0, hitLook: usize = 0, hitAxis: i32 = 0, hitCell: i32 = 0;
let bx: f32 = 0, by: f32 = 0, bz: f32 = 0;

function random(): f32 {
  const old = state;
  state = old * 6364136223846793005 + 1442695040888963407;
  const word = u32(((old >> 18) ^ old) >> 27);
  return f32(rotr<u32>(word, u32(old >> 59)) >> 8) * <f32>(1.0 / 16777216.0);
}

/** A point in the unit ball, into bx, by, bz; more of them fail the first time than the eighth. */
function ball(): void {
  for (let attempt = 0; attempt < 8; attempt++) {
    bx = random() * 2 - 1;
    by = random() * 2 - 1;
    bz = random() * 2 - 1;
    const square = bx * bx + by * by + bz * bz;
    if (square <= 1 && square >= LEAST) return;
  }
  bx = 0;
  by = 0;
  bz = 0;
}

// @ts-ignore: decorator
@inline
function clamped(value: f32, size: i32): i32 {
  return min(max(i32(floor<f32>(value)), 0), size - 1);
}

/** Walks from cell to cell until one stops the ray (true) or the scene ends. The first cell does not count, nor clear ones of its kind; on the way to the sun no clear one does. */
function meet(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32, sunward: bool): bool {
  let x = clamped(ox, sx), y = clamped(oy, sy), z = clamped(oz, sz);
  const within = load<u8>(blocks + (y * sz + z) * sx + x);
  const stepX = dx > 0 ? 1 : -1, stepY = dy > 0 ? 1 : -1, stepZ = dz > 0 ? 1 : -1;
  const evenX = abs<f32>(dx) < LEAST, evenY = abs<f32>(dy) < LEAST, evenZ = abs<f32>(dz) < LEAST;
  const ax: f32 = evenX ? FAR : 1 / abs<f32>(dx), ay: f32 = evenY ? FAR : 1 / abs<f32>(dy), az: f32 = evenZ ? FAR : 1 / abs<f32>(dz);
  let tx: f32 = evenX ? FAR : (dx > 0 ? f32(x + 1) - ox : ox - f32(x)) * ax;
  let ty: f32 = evenY ? FAR : (dy > 0 ? f32(y + 1) - oy : oy - f32(y)) * ay;
  let tz: f32 = evenZ ? FAR : (dz > 0 ? f32(z + 1) - oz : oz - f32(z)) * az;
  for (let left = sx + sy + sz; left > 0; left--) {
    let t: f32 = 0, axis = 0, cell = 0;
    if (tx <= ty && tx <= tz) {
      t = tx;
      x += stepX;
      tx += ax;
      if (x < 0 || x >= sx) return false;
      cell = x;
    } else if (ty <= tz) {
      t = ty;
      axis = 1;
      y += stepY;
      ty += ay;
      if (y < 0 || y >= sy) return false;
      cell = y;
    } else {
      t = tz;
      axis = 2;
      z += stepZ;
      tz += az;
      if (z < 0 || z >= sz) return false;
      cell = z;
    }
    const kind = load<u8>(blocks + (y * sz + z) * sx + x);
    const look = looks + usize(kind) * LOOK;
    const form = load<u8>(look, 3);
    if (form == SOLID || (form == CLEAR && !sunward && kind != within)) {
      hitDistance = t;
      hitLook = look;
      hitAxis = axis;
      hitCell = cell;
      return true;
    }
  }
  return false;
}

// @ts-ignore: decorator
@inline
function add(pixel: usize, red: f32, green: f32, blue: f32): void {
  store<f32>(pixel, load<f32>(pixel) + red);
  store<f32>(pixel, load<f32>(pixel, 4) + green, 4);
  store<f32>(pixel, load<f32>(pixel, 8) + blue, 8);
}

/** The sky's light: from the horizon's to the zenith's, fast at first. */
function sky(pixel: usize, dy: f32, red: f32, green: f32, blue: f32): void {
  const up: f32 = dy > 0 ? dy : 0;
  const part: f32 = up * (2 - up);
  add(pixel,
    red * (load<f32>(view, 84) + (load<f32>(view, 72) - load<f32>(view, 84)) * part),
    green * (load<f32>(view, 88) + (load<f32>(view, 76) - load<f32>(view, 88)) * part),
    blue * (load<f32>(view, 92) + (load<f32>(view, 80) - load<f32>(view, 92)) * part));
}

/** What the sun's disc and its glow add to the sky, for eyes and mirrors. */
function disc(pixel: usize, dx: f32, dy: f32, dz: f32, red: f32, green: f32, blue: f32): void {
  const size = load<f32>(view, 96), toward = dx * load<f32>(view, 48) + dy * load<f32>(view, 52) + dz * load<f32>(view, 56);
  if (size <= 0 || toward <= 0) return;
  const square = min<f32>(toward * toward, 1);
  const p4 = square * square, p8 = p4 * p4, p16 = p8 * p8, p64 = p16 * p16 * p16 * p16;
  let light: f32 = 0.04 * p8 + 0.12 * p64 * p64 * p64;
  if (square * (1 + size * size) > 1) light = DISC;
  add(pixel, red * load<f32>(view, 60) * light, green * load<f32>(view, 64) * light, blue * load<f32>(view, 68) * light);
}

/** How much darker a texel is than its kind: 1 to 1 - grain / 256. */
function grained(grain: u8, axis: i32, cell: i32, px: f32, py: f32, pz: f32): f32 {
  const x = axis == 0 ? cell << 4 : i32(floor<f32>(px * TEXELS)), y = axis == 1 ? cell << 4 : i32(floor<f32>(py * TEXELS)), z = axis == 2 ? cell << 4 : i32(floor<f32>(pz * TEXELS));
  let texel = (u32(x) * 0x8da6b343) ^ (u32(y) * 0xd8163841) ^ (u32(z) * 0xcb1ab31f) ^ (u32(axis) * 0x9e3779b9);
  texel = (texel ^ (texel >> 15)) * 0x2c1b3c6d;
  let patch = (u32(x >> 2) * 0x8da6b343) ^ (u32(y >> 2) * 0xd8163841) ^ (u32(z >> 2) * 0xcb1ab31f);
  patch = (patch ^ (patch >> 15)) * 0x2c1b3c6d;
  return 1 - f32(grain) * f32((texel >> 24) + (patch >> 24)) * <f32>(1.0 / 131072.0);
}

/** Adds one sample to a pixel. */
function sample(pixel: usize, fromX: f32, fromY: f32, fromZ: f32, towardX: f32, towardY: f32, towardZ: f32, bounces: i32): void {
  let ox = fromX, oy = fromY, oz = fromZ, dx = towardX, dy = towardY, dz = towardZ;
  let red: f32 = 1, green: f32 = 1, blue: f32 = 1;
  // Whether all the way so far was an eye's: through clear blocks and by mirrors.
  let seen = true;
  const sunX = load<f32>(view, 48), sunY = load<f32>(view, 52), sunZ = load<f32>(view, 56), size = load<f32>(view, 96), reach = load<f32>(view, 100);
  for (let bounce = 0; ; bounce++) {
    if (!meet(ox, oy, oz, dx, dy, dz, false)) {
      sky(pixel, dy, red, green, blue);
      if (seen) disc(pixel, dx, dy, dz, red, green, blue);
      return;
    }
    const look = hitLook, axis = hitAxis, cell = hitCell, t = hitDistance;
    if (bounce == 0 && reach > 0 && t > reach * HAZE_FROM) {
      const far: f32 = (t / reach - HAZE_FROM) / (1 - HAZE_FROM);
      const haze: f32 = far < 1 ? far * far : 1;
      sky(pixel, dy, red * haze, green * haze, blue * haze);
      if (haze >= 1) return;
      red = red * (1 - haze);
      green = green * (1 - haze);
      blue = blue * (1 - haze);
    }
    add(pixel, red * (f32(load<u8>(look, 4)) * 0.0625), green * (f32(load<u8>(look, 5)) * 0.0625), blue * (f32(load<u8>(look, 6)) * 0.0625));
    const nx: f32 = axis == 0 ? (dx > 0 ? -1 : 1) : 0, ny: f32 = axis == 1 ? (dy > 0 ? -1 : 1) : 0, nz: f32 = axis == 2 ? (dz > 0 ? -1 : 1) : 0;
    const px = ox + dx * t, py = oy + dy * t, pz = oz + dz * t;
    const head: f32 = axis == 0 ? abs<f32>(dx) : axis == 1 ? abs<f32>(dy) : abs<f32>(dz);
    const clear = load<u8>(look, 3) == CLEAR;
    const gloss: f32 = f32(load<u8>(look, 7)) * 0.00390625;
    if (gloss > 0) {
      // Schlick: a mirror to who looks along it.
      const slant: f32 = 1 - head, slant2 = slant * slant;
      if (random() < gloss + (1 - gloss) * (slant2 * slant2 * slant)) {
        if (bounce == bounces) {
          sky(pixel, axis == 1 ? -dy : dy, red, green, blue);
          return;
        }
        ox = px + nx * LIFT;
        oy = py + ny * LIFT;
        oz = pz + nz * LIFT;
        if (axis == 0) dx = -dx;
        else if (axis == 1) dy = -dy;
        else dz = -dz;
        continue;
      }
    }
    const top = axis == 1 && dy < 0 ? 8 : 0;
    const shade: f32 = load<u8>(look, 11) ? grained(load<u8>(look, 11), axis, cell, px, py, pz) : 1;
    red = red * (f32(load<u8>(look + top)) * 0.00390625) * shade;
    green = green * (f32(load<u8>(look + top, 1)) * 0.00390625) * shade;
    blue = blue * (f32(load<u8>(look + top, 2)) * 0.00390625) * shade;
    if (clear) {
      if (bounce == bounces) {
        sky(pixel, dy, red, green, blue);
        return;
      }
      ox = px - nx * LIFT;
      oy = py - ny * LIFT;
      oz = pz - nz * LIFT;
      continue;
    }
    ox = px + nx * LIFT;
    oy = py + ny * LIFT;
    oz = pz + nz * LIFT;
    const facing = nx * sunX + ny * sunY + nz * sunZ;
    if (facing > 0) {
      // A sun with a size has soft shadows. A ray that this turns below the surface meets it: so much of the sun is hidden.
      let lx = sunX, ly = sunY, lz = sunZ;
      if (size > 0) {
        ball();
        lx = sunX + bx * size;
        ly = sunY + by * size;
        lz = sunZ + bz * size;
      }
      if (!meet(ox, oy, oz, lx, ly, lz, true)) add(pixel, red * load<f32>(view, 60) * facing, green * load<f32>(view, 64) * facing, blue * load<f32>(view, 68) * facing);
    }
    if (bounce == bounces) return;
    seen = false;
    // The normal and a point on the unit sphere: more directions near the normal.
    ball();
    const inside = bx * bx + by * by + bz * bz;
    const length: f32 = inside > 0 ? sqrt<f32>(inside) : 1;
    dx = nx + bx / length;
    dy = ny + by / length;
    dz = nz + bz / length;
    const square = dx * dx + dy * dy + dz * dz;
    if (square < LEAST) {
      dx = nx;
      dy = ny;
      dz = nz;
    } else {
      const whole = sqrt<f32>(square);
      dx = dx / whole;
      dy = dy / whole;
      dz = dz / whole;
    }
  }
}

// @ts-ignore: decorator
@inline
function within(from: i32, to: i32, low: f32, high: f32): bool {
  for (let at = from; at < to; at += 4) {
    const value = load<f32>(view + at);
    if (!(value >= low && value <= high)) return false;
  }
  return true;
}

export function run(ptr: i32, len: i32): i64 {
  const scene = usize(ptr);
  if (len < SCENE_HEADER + LOOKS + VIEW) return MALFORMED;
  sx = i32(load<u8>(scene));
  sy = i32(load<u8>(scene, 1));
  sz = i32(load<u8>(scene, 2));
  if (sx < 1 || sx > SIDE_MAX || sy < 1 || sy > SIDE_MAX || sz < 1 || sz > SIDE_MAX || load<u8>(scene, 3) != 0) return MALFORMED;
  if (sx * sy * sz > CELLS_MAX || len != SCENE_HEADER + LOOKS + sx * sy * sz + VIEW) return MALFORMED;
  looks = scene + SCENE_HEADER;
  blocks = looks + LOOKS;
  view = blocks + sx * sy * sz;
  const cx = load<f32>(view), cy = load<f32>(view, 4), cz = load<f32>(view, 8);
  if (!(cx >= 0 && cx < f32(sx) && cy >= 0 && cy < f32(sy) && cz >= 0 && cz < f32(sz))) return MALFORMED;
  if (!within(12, 48, -16, 16) || !within(48, 60, -1.01, 1.01) || !within(60, 96, 0, 1000) || !within(96, 100, 0, 0.5) || !within(100, 104, 0, 1000)) return MALFORMED;
  const wide = i32(load<u16>(view, 104)), high = i32(load<u16>(view, 106)), left = i32(load<u16>(view, 108)), top = i32(load<u16>(view, 110));
  const tileWide = i32(load<u16>(view, 112)), tileHigh = i32(load<u16>(view, 114)), samples = i32(load<u8>(view, 116));
  if (wide < 1 || wide > PICTURE_MAX || high < 1 || high > PICTURE_MAX || tileWide < 1 || tileHigh < 1 || left + tileWide > wide || top + tileHigh > high) return MALFORMED;
  if (samples < 1 || i64(tileWide) * tileHigh * samples > SAMPLES_MAX || load<u8>(view, 117) > BOUNCES_MAX || load<u16>(view, 118) != 0) return MALFORMED;
  const bounces = i32(load<u8>(view, 117)), seed = load<u64>(view, 120);
  const fx = load<f32>(view, 12), fy = load<f32>(view, 16), fz = load<f32>(view, 20);
  const rx = load<f32>(view, 24), ry = load<f32>(view, 28), rz = load<f32>(view, 32);
  const downX = load<f32>(view, 36), downY = load<f32>(view, 40), downZ = load<f32>(view, 44);
  const output = room(tileWide * tileHigh * 12);
  const share: f32 = <f32>1 / f32(samples);
  for (let j = 0; j < tileHigh; j++) {
    for (let i = 0; i < tileWide; i++) {
      const pixel = output + (j * tileWide + i) * 12;
      // Each pixel has its own sequence, so that one can be traced alone, and a tile does not show where it was cut.
      state = (seed ^ (u64((top + j) * wide + left + i) * 0x9e3779b97f4a7c15)) * 6364136223846793005 + 1442695040888963407;
      for (let s = 0; s < samples; s++) {
        const u: f32 = (f32(left + i) + random()) / f32(wide) - 0.5, v: f32 = (f32(top + j) + random()) / f32(high) - 0.5;
        let dx: f32 = fx + rx * u + downX * v, dy: f32 = fy + ry * u + downY * v, dz: f32 = fz + rz * u + downZ * v;
        const square = dx * dx + dy * dy + dz * dz;
        if (square < LEAST) {
          dx = 0;
          dy = 0;
          dz = 1;
        } else {
          const length = sqrt<f32>(square);
          dx = dx / length;
          dy = dy / length;
          dz = dz / length;
        }
        sample(pixel, cx, cy, cz, dx, dy, dz, bounces);
      }
      store<f32>(pixel, load<f32>(pixel) * share);
      store<f32>(pixel, load<f32>(pixel, 4) * share, 4);
      store<f32>(pixel, load<f32>(pixel, 8) * share, 8);
    }
  }
  return answer(output, tileWide * tileHigh * 12);
}
