// A tile of a path-traced picture of voxels: a ray a sample, sun and sky, diffuse bounces. The scene is the shared block, the camera stands inside it. Layout: README.md.
// f32 with + - * / and square roots in this order: the check traces sampled pixels again and compares bits.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const SCENE_HEADER: i32 = 4;
const LOOKS: i32 = 2048; // by kind: u8 red, green, blue, solid, glow red, green, blue (1/16), 0
const VIEW: i32 = 120;
const SIDE_MAX: i32 = 64;
const PICTURE_MAX: i32 = 8192;
const SAMPLES_MAX: i32 = 16384;
const BOUNCES_MAX: u8 = 3;
const FAR: f32 = 1e30;
const LEAST: f32 = 1e-6;
const LIFT: f32 = 0.001;

let sx: i32 = 0, sy: i32 = 0, sz: i32 = 0;
let looks: usize = 0, blocks: usize = 0, view: usize = 0;
let state: u64 = 0;
let hitDistance: f32 = 0, hitLook: usize = 0, hitAxis: i32 = 0;

function random(): f32 {
  const old = state;
  state = old * 6364136223846793005 + 1442695040888963407;
  const word = u32(((old >> 18) ^ old) >> 27);
  return f32(rotr<u32>(word, u32(old >> 59)) >> 8) * <f32>(1.0 / 16777216.0);
}

// @ts-ignore: decorator
@inline
function clamped(value: f32, size: i32): i32 {
  return min(max(i32(floor<f32>(value)), 0), size - 1);
}

/** Walks from cell to cell until one is solid (true) or the scene ends. The first cell does not count. */
function meet(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32): bool {
  let x = clamped(ox, sx), y = clamped(oy, sy), z = clamped(oz, sz);
  const stepX = dx > 0 ? 1 : -1, stepY = dy > 0 ? 1 : -1, stepZ = dz > 0 ? 1 : -1;
  const evenX = abs<f32>(dx) < LEAST, evenY = abs<f32>(dy) < LEAST, evenZ = abs<f32>(dz) < LEAST;
  const ax: f32 = evenX ? FAR : 1 / abs<f32>(dx), ay: f32 = evenY ? FAR : 1 / abs<f32>(dy), az: f32 = evenZ ? FAR : 1 / abs<f32>(dz);
  let tx: f32 = evenX ? FAR : (dx > 0 ? f32(x + 1) - ox : ox - f32(x)) * ax;
  let ty: f32 = evenY ? FAR : (dy > 0 ? f32(y + 1) - oy : oy - f32(y)) * ay;
  let tz: f32 = evenZ ? FAR : (dz > 0 ? f32(z + 1) - oz : oz - f32(z)) * az;
  for (let left = sx + sy + sz; left > 0; left--) {
    let t: f32 = 0, axis = 0;
    if (tx <= ty && tx <= tz) {
      t = tx;
      x += stepX;
      tx += ax;
      if (x < 0 || x >= sx) return false;
    } else if (ty <= tz) {
      t = ty;
      axis = 1;
      y += stepY;
      ty += ay;
      if (y < 0 || y >= sy) return false;
    } else {
      t = tz;
      axis = 2;
      z += stepZ;
      tz += az;
      if (z < 0 || z >= sz) return false;
    }
    const look = looks + (usize(load<u8>(blocks + (y * sz + z) * sx + x)) << 3);
    if (load<u8>(look, 3)) {
      hitDistance = t;
      hitLook = look;
      hitAxis = axis;
      return true;
    }
  }
  return false;
}

/** Adds one sample to a pixel. */
function sample(pixel: usize, fromX: f32, fromY: f32, fromZ: f32, towardX: f32, towardY: f32, towardZ: f32, bounces: i32): void {
  let ox = fromX, oy = fromY, oz = fromZ, dx = towardX, dy = towardY, dz = towardZ;
  let red: f32 = 1, green: f32 = 1, blue: f32 = 1;
  const sunX = load<f32>(view, 48), sunY = load<f32>(view, 52), sunZ = load<f32>(view, 56);
  for (let bounce = 0; ; bounce++) {
    if (!meet(ox, oy, oz, dx, dy, dz)) {
      const up: f32 = dy > 0 ? dy : 0;
      store<f32>(pixel, load<f32>(pixel) + red * (load<f32>(view, 84) + (load<f32>(view, 72) - load<f32>(view, 84)) * up));
      store<f32>(pixel, load<f32>(pixel, 4) + green * (load<f32>(view, 88) + (load<f32>(view, 76) - load<f32>(view, 88)) * up), 4);
      store<f32>(pixel, load<f32>(pixel, 8) + blue * (load<f32>(view, 92) + (load<f32>(view, 80) - load<f32>(view, 92)) * up), 8);
      return;
    }
    const look = hitLook, axis = hitAxis, t = hitDistance;
    store<f32>(pixel, load<f32>(pixel) + red * (f32(load<u8>(look, 4)) * 0.0625));
    store<f32>(pixel, load<f32>(pixel, 4) + green * (f32(load<u8>(look, 5)) * 0.0625), 4);
    store<f32>(pixel, load<f32>(pixel, 8) + blue * (f32(load<u8>(look, 6)) * 0.0625), 8);
    red = red * (f32(load<u8>(look)) * 0.00390625);
    green = green * (f32(load<u8>(look, 1)) * 0.00390625);
    blue = blue * (f32(load<u8>(look, 2)) * 0.00390625);
    const nx: f32 = axis == 0 ? (dx > 0 ? -1 : 1) : 0, ny: f32 = axis == 1 ? (dy > 0 ? -1 : 1) : 0, nz: f32 = axis == 2 ? (dz > 0 ? -1 : 1) : 0;
    ox = ox + dx * t + nx * LIFT;
    oy = oy + dy * t + ny * LIFT;
    oz = oz + dz * t + nz * LIFT;
    const facing = nx * sunX + ny * sunY + nz * sunZ;
    if (facing > 0 && !meet(ox, oy, oz, sunX, sunY, sunZ)) {
      store<f32>(pixel, load<f32>(pixel) + red * load<f32>(view, 60) * facing);
      store<f32>(pixel, load<f32>(pixel, 4) + green * load<f32>(view, 64) * facing, 4);
      store<f32>(pixel, load<f32>(pixel, 8) + blue * load<f32>(view, 68) * facing, 8);
    }
    if (bounce == bounces) return;
    // A point on the unit sphere, from a point in it: more of them fail the first time than the eighth.
    let px: f32 = 0, py: f32 = 0, pz: f32 = 0;
    for (let attempt = 0; attempt < 8; attempt++) {
      const rx = random() * 2 - 1, ry = random() * 2 - 1, rz = random() * 2 - 1;
      const square = rx * rx + ry * ry + rz * rz;
      if (square > 1 || square < LEAST) continue;
      const length = sqrt<f32>(square);
      px = rx / length;
      py = ry / length;
      pz = rz / length;
      break;
    }
    dx = nx + px;
    dy = ny + py;
    dz = nz + pz;
    const square = dx * dx + dy * dy + dz * dz;
    if (square < LEAST) {
      dx = nx;
      dy = ny;
      dz = nz;
    } else {
      const length = sqrt<f32>(square);
      dx = dx / length;
      dy = dy / length;
      dz = dz / length;
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
  if (len != SCENE_HEADER + LOOKS + sx * sy * sz + VIEW) return MALFORMED;
  looks = scene + SCENE_HEADER;
  blocks = looks + LOOKS;
  view = blocks + sx * sy * sz;
  const cx = load<f32>(view), cy = load<f32>(view, 4), cz = load<f32>(view, 8);
  if (!(cx >= 0 && cx < f32(sx) && cy >= 0 && cy < f32(sy) && cz >= 0 && cz < f32(sz))) return MALFORMED;
  if (!within(12, 48, -16, 16) || !within(48, 60, -1.01, 1.01) || !within(60, 96, 0, 1000)) return MALFORMED;
  const wide = i32(load<u16>(view, 96)), high = i32(load<u16>(view, 98)), left = i32(load<u16>(view, 100)), top = i32(load<u16>(view, 102));
  const tileWide = i32(load<u16>(view, 104)), tileHigh = i32(load<u16>(view, 106)), samples = i32(load<u8>(view, 108));
  if (wide < 1 || wide > PICTURE_MAX || high < 1 || high > PICTURE_MAX || tileWide < 1 || tileHigh < 1 || left + tileWide > wide || top + tileHigh > high) return MALFORMED;
  if (samples < 1 || i64(tileWide) * tileHigh * samples > SAMPLES_MAX || load<u8>(view, 109) > BOUNCES_MAX || load<u16>(view, 110) != 0) return MALFORMED;
  const bounces = i32(load<u8>(view, 109)), seed = load<u64>(view, 112);
  const fx = load<f32>(view, 12), fy = load<f32>(view, 16), fz = load<f32>(view, 20);
  const rx = load<f32>(view, 24), ry = load<f32>(view, 28), rz = load<f32>(view, 32);
  const bx = load<f32>(view, 36), by = load<f32>(view, 40), bz = load<f32>(view, 44);
  const output = room(tileWide * tileHigh * 12);
  const share: f32 = <f32>1 / f32(samples);
  for (let j = 0; j < tileHigh; j++) {
    for (let i = 0; i < tileWide; i++) {
      const pixel = output + (j * tileWide + i) * 12;
      // Each pixel has its own sequence, so that one can be traced alone, and a tile does not show where it was cut.
      state = (seed ^ (u64((top + j) * wide + left + i) * 0x9e3779b97f4a7c15)) * 6364136223846793005 + 1442695040888963407;
      for (let s = 0; s < samples; s++) {
        const u: f32 = (f32(left + i) + random()) / f32(wide) - 0.5, v: f32 = (f32(top + j) + random()) / f32(high) - 0.5;
        let dx: f32 = fx + rx * u + bx * v, dy: f32 = fy + ry * u + by * v, dz: f32 = fz + rz * u + bz * v;
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
