// Who sees whom through a grid of voxels: straight lines between points, walked cell by cell in integers. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const HEADER: i32 = 12;
const SIDE_MAX: i32 = 128;
const VIEWERS_MAX: i32 = 1024;
const TARGETS_MAX: i32 = 16384;
const PAIRS_MAX: i32 = 65536;
const POINT: i32 = 8; // u16 x, y, z in 1/256 block, u16 range
const PAIRED: u8 = 1;

let sx: i32 = 0, sz: i32 = 0;
let walls: usize = 0;

// @ts-ignore: decorator
@inline
function wall(x: i32, y: i32, z: i32): bool {
  const cell = (y * sz + z) * sx + x;
  return (load<u8>(walls + (cell >> 3)) & u8(<i32>1 << (cell & 7))) != 0;
}

/** Whether no wall stands in the cells between two points; their own cells do not count, nor cells that the line only touches. */
function clear(from: usize, to: usize): bool {
  const ax = i32(load<u16>(from)), ay = i32(load<u16>(from, 2)), az = i32(load<u16>(from, 4));
  const bx = i32(load<u16>(to)), by = i32(load<u16>(to, 2)), bz = i32(load<u16>(to, 4));
  const dx = abs(bx - ax), dy = abs(by - ay), dz = abs(bz - az);
  const range = u32(load<u16>(from, 6));
  if (u32(dx * dx) + u32(dy * dy) + u32(dz * dz) > range * range) return false;
  const stepX = bx > ax ? 1 : -1, stepY = by > ay ? 1 : -1, stepZ = bz > az ? 1 : -1;
  let x = ax >> 8, y = ay >> 8, z = az >> 8;
  const endX = bx >> 8, endY = by >> 8, endZ = bz >> 8;
  // Way along each axis to its next border, of the whole way along that axis: the least fraction is crossed next.
  let nx = bx > ax ? ((x + 1) << 8) - ax : ax - (x << 8);
  let ny = by > ay ? ((y + 1) << 8) - ay : ay - (y << 8);
  let nz = bz > az ? ((z + 1) << 8) - az : az - (z << 8);
  while (true) {
    const goX = nx < dx, goY = ny < dy, goZ = nz < dz;
    if (!goX && !goY && !goZ) return true;
    // nx / dx <= ny / dy, without the division; borders that are crossed at once are crossed together.
    const firstX = goX && (!goY || nx * dy <= ny * dx) && (!goZ || nx * dz <= nz * dx);
    const firstY = goY && (!goX || ny * dx <= nx * dy) && (!goZ || ny * dz <= nz * dy);
    const firstZ = goZ && (!goX || nz * dx <= nx * dz) && (!goY || nz * dy <= ny * dz);
    if (firstX) {
      x += stepX;
      nx += 256;
    }
    if (firstY) {
      y += stepY;
      ny += 256;
    }
    if (firstZ) {
      z += stepZ;
      nz += 256;
    }
    if (x == endX && y == endY && z == endZ) return true;
    if (wall(x, y, z)) return false;
  }
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER) return MALFORMED;
  sx = i32(load<u8>(input));
  const sy = i32(load<u8>(input, 1));
  sz = i32(load<u8>(input, 2));
  const flags = load<u8>(input, 3), viewers = i32(load<u16>(input, 4)), targets = i32(load<u16>(input, 6));
  if (load<u32>(input, 8) != 0 || flags > PAIRED || sx < 1 || sx > SIDE_MAX || sy < 1 || sy > SIDE_MAX || sz < 1 || sz > SIDE_MAX) return MALFORMED;
  const paired = flags == PAIRED;
  if (targets > TARGETS_MAX || (paired ? viewers != targets : viewers > VIEWERS_MAX || viewers * targets > PAIRS_MAX)) return MALFORMED;
  const points = viewers + targets;
  if (len != HEADER + points * POINT + ((sx * sy * sz + 7) >> 3)) return MALFORMED;
  const first = input + HEADER, target = first + viewers * POINT;
  walls = first + points * POINT;
  for (let i = 0; i < points; i++) {
    const at = first + (usize(i) << 3);
    if (i32(load<u16>(at)) >> 8 >= sx || i32(load<u16>(at, 2)) >> 8 >= sy || i32(load<u16>(at, 4)) >> 8 >= sz) return MALFORMED;
  }
  const row = paired ? 0 : (targets + 7) >> 3;
  const bytes = paired ? (viewers + 7) >> 3 : viewers * row;
  const output = room(bytes);
  if (paired) {
    for (let i = 0; i < viewers; i++) {
      if (clear(first + (usize(i) << 3), target + (usize(i) << 3))) store<u8>(output + (i >> 3), load<u8>(output + (i >> 3)) | u8(<i32>1 << (i & 7)));
    }
  } else {
    for (let i = 0; i < viewers; i++) {
      for (let j = 0; j < targets; j++) {
        const at = output + i * row + (j >> 3);
        if (clear(first + (usize(i) << 3), target + (usize(j) << 3))) store<u8>(at, load<u8>(at) | u8(<i32>1 << (j & 7)));
      }
    }
  }
  return answer(output, bytes);
}
