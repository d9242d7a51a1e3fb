// Spheres over a floor with one light, shadows and two bounces, f64: calls with many arguments, square roots, globals.
const SPHERES: i32 = 12;
const BOUNCES: i32 = 2;

const spheres = memory.data(SPHERES * 40, 16); // x y z, radius squared, brightness
let hitX: f64 = 0, hitY: f64 = 0, hitZ: f64 = 0;
let normalX: f64 = 0, normalY: f64 = 0, normalZ: f64 = 0;
let hitBrightness: f64 = 0;

function arrange(): void {
  for (let i = 0; i < SPHERES; i++) {
    const p = spheres + i * 40;
    store<f64>(p, f64(i % 4) * 2.2 - 3.3);
    store<f64>(p, f64(i % 3) * 1.1 + 0.4, 8);
    store<f64>(p, f64(i / 4) * 2.5 + 4, 16);
    store<f64>(p, 0.6 + f64(i % 5) * 0.1, 24);
    store<f64>(p, 0.3 + f64(i % 7) * 0.1, 32);
  }
}

function distanceTo(p: usize, ox: f64, oy: f64, oz: f64, dx: f64, dy: f64, dz: f64): f64 {
  const x = load<f64>(p) - ox, y = load<f64>(p, 8) - oy, z = load<f64>(p, 16) - oz;
  const along = x * dx + y * dy + z * dz;
  if (along <= 0) return Infinity;
  const apart = x * x + y * y + z * z - along * along;
  const inside = load<f64>(p, 24) - apart;
  if (inside < 0) return Infinity;
  const near = along - Math.sqrt(inside);
  return near > 1e-6 ? near : Infinity;
}

function meet(ox: f64, oy: f64, oz: f64, dx: f64, dy: f64, dz: f64): bool {
  let best: f64 = Infinity;
  let which: usize = 0;
  for (let i = 0; i < SPHERES; i++) {
    const p = spheres + i * 40;
    const distance = distanceTo(p, ox, oy, oz, dx, dy, dz);
    if (distance < best) {
      best = distance;
      which = p;
    }
  }
  if (dy < 0) {
    const floor = -oy / dy;
    if (floor > 1e-6 && floor < best) {
      hitX = ox + dx * floor;
      hitY = 0;
      hitZ = oz + dz * floor;
      normalX = 0;
      normalY = 1;
      normalZ = 0;
      hitBrightness = (i32(Math.floor(hitX)) + i32(Math.floor(hitZ)) & 1) == 0 ? 0.8 : 0.2;
      return true;
    }
  }
  if (best == Infinity) return false;
  hitX = ox + dx * best;
  hitY = oy + dy * best;
  hitZ = oz + dz * best;
  const radius = Math.sqrt(load<f64>(which, 24));
  normalX = (hitX - load<f64>(which)) / radius;
  normalY = (hitY - load<f64>(which, 8)) / radius;
  normalZ = (hitZ - load<f64>(which, 16)) / radius;
  hitBrightness = load<f64>(which, 32);
  return true;
}

function shadowed(ox: f64, oy: f64, oz: f64, dx: f64, dy: f64, dz: f64): bool {
  for (let i = 0; i < SPHERES; i++) {
    if (distanceTo(spheres + i * 40, ox, oy, oz, dx, dy, dz) < Infinity) return true;
  }
  return false;
}

function trace(ox: f64, oy: f64, oz: f64, dx: f64, dy: f64, dz: f64, bounces: i32): f64 {
  if (!meet(ox, oy, oz, dx, dy, dz)) return 0.5 + 0.5 * dy;
  const x = hitX, y = hitY, z = hitZ, nx = normalX, ny = normalY, nz = normalZ, brightness = hitBrightness;
  const lx: f64 = 0.48, ly: f64 = 0.8, lz: f64 = -0.36;
  let light = nx * lx + ny * ly + nz * lz;
  if (light < 0 || shadowed(x, y, z, lx, ly, lz)) light = 0;
  const direct = brightness * (0.1 + 0.9 * light);
  if (bounces == 0) return direct;
  const turned = 2 * (dx * nx + dy * ny + dz * nz);
  return direct * 0.7 + 0.3 * trace(x, y, z, dx - turned * nx, dy - turned * ny, dz - turned * nz, bounces - 1);
}

/** A picture of n by n pixels; a checksum of its bytes. */
export function run(n: i32): i64 {
  arrange();
  let sum: i64 = 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const x = (f64(column) / n - 0.5) * 1.6, y = (0.5 - f64(row) / n) * 1.6;
      const length = Math.sqrt(x * x + y * y + 1);
      sum = sum * 31 + i64(trace(0, 1.5, -3, x / length, y / length, 1 / length, BOUNCES) * 255);
    }
  }
  return sum;
}
