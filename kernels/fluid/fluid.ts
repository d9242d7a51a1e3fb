// Water in a block of voxels, a few steps of it: it falls, and what stands on something evens out sideways between neighbours. Integers; nothing is made or lost. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const HEADER: i32 = 4;
const SIDE_MAX: i32 = 64;
const STEPS_MAX: i32 = 16;
const FULL: i32 = 240;
const SOLID: i32 = 255;

let sx: i32 = 0, sy: i32 = 0, sz: i32 = 0, layer: i32 = 0;
let cells: usize = 0;

// @ts-ignore: decorator
@inline
function at(cell: i32): i32 {
  return i32(load<u8>(cells + cell));
}

function fall(): void {
  // From below, so that water falls one cell a step.
  const end = layer * sy;
  for (let cell = layer; cell < end; cell++) {
    const level = at(cell), below = at(cell - layer);
    if (level == 0 || level == SOLID || below >= FULL) continue;
    const moved = min(level, FULL - below);
    store<u8>(cells + cell, u8(level - moved));
    store<u8>(cells + cell - layer, u8(below + moved));
  }
}

/** Between two neighbours of a pair: the higher gives half of the difference, if it stands on something. */
// @ts-ignore: decorator
@inline
function even(a: i32, b: i32): void {
  const x = at(a), y = at(b);
  if (x == y || x == SOLID || y == SOLID) return;
  const high = x > y ? a : b;
  if (high >= layer && at(high - layer) < FULL) return;
  const moved = (x - y) / 2;
  store<u8>(cells + a, u8(x - moved));
  store<u8>(cells + b, u8(y + moved));
}

/** Pairs do not overlap, so their order does not matter: first those that begin at even places, then at odd ones; along x, then along z. */
function settle(): void {
  for (let first = 0; first < 2; first++) {
    for (let row = 0; row < layer * sy; row += sx) {
      for (let x = first; x + 1 < sx; x += 2) even(row + x, row + x + 1);
    }
  }
  for (let first = 0; first < 2; first++) {
    for (let y = 0; y < sy; y++) {
      for (let z = first; z + 1 < sz; z += 2) {
        const row = y * layer + z * sx;
        for (let x = 0; x < sx; x++) even(row + x, row + x + sx);
      }
    }
  }
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER) return MALFORMED;
  sx = i32(load<u8>(input));
  sy = i32(load<u8>(input, 1));
  sz = i32(load<u8>(input, 2));
  const steps = i32(load<u8>(input, 3)), count = sx * sy * sz;
  if (sx < 1 || sx > SIDE_MAX || sy < 1 || sy > SIDE_MAX || sz < 1 || sz > SIDE_MAX || steps > STEPS_MAX || len != HEADER + count) return MALFORMED;
  layer = sx * sz;
  cells = room(count);
  for (let cell = 0; cell < count; cell++) {
    const level = load<u8>(input + HEADER + cell);
    if (i32(level) > FULL && level != SOLID) return MALFORMED;
    store<u8>(cells + cell, level);
  }
  for (let i = 0; i < steps; i++) {
    fall();
    settle();
  }
  return answer(cells, count);
}
