// Light of a block of voxels: sky light falls straight down and then spreads, lamps spread, both fade by the step. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const HEADER: i32 = 4;
const SIDE_MAX: i32 = 128;
const CELLS_MAX: i32 = 262144;
const LIGHT_MAX: i32 = 15;
const LOOKS: i32 = 256; // u8 by kind: low four bits the light it gives, 16 opaque, 32 dims the sky by one a block

const heads = memory.data(64, 16); // i32 by level: the first entry + 1
let sx: i32 = 0, sy: i32 = 0, sz: i32 = 0, layer: i32 = 0;
let looks: usize = 0, blocks: usize = 0;
let levels: usize = 0; // u8 by cell
let entries: usize = 0; // u32 cell, u32 the next entry + 1
let used: i32 = 0;

// @ts-ignore: decorator
@inline
function look(cell: i32): i32 {
  return i32(load<u8>(looks + usize(load<u8>(blocks + cell))));
}

// @ts-ignore: decorator
@inline
function put(cell: i32, level: i32): void {
  store<u8>(levels + cell, u8(level));
  const head = heads + (usize(level) << 2), entry = entries + (usize(used) << 3);
  store<u32>(entry, cell);
  store<u32>(entry, load<u32>(head), 4);
  store<u32>(head, ++used);
}

// @ts-ignore: decorator
@inline
function reach(cell: i32, level: i32): void {
  if (i32(load<u8>(levels + cell)) < level && !(look(cell) & 16)) put(cell, level);
}

/** Brightest first, so that a cell is raised once at most: it has two entries, and the one that is not its level's any more is passed over. */
function spread(fade: i32): void {
  for (let level = LIGHT_MAX; level > fade; level--) {
    const next = level - fade;
    for (let entry = load<i32>(heads + (usize(level) << 2)); entry != 0; entry = load<i32>(entries + (usize(entry - 1) << 3), 4)) {
      const cell = load<i32>(entries + (usize(entry - 1) << 3));
      if (i32(load<u8>(levels + cell)) != level) continue;
      const y = cell / layer, rest = cell - y * layer, z = rest / sx, x = rest - z * sx;
      if (x + 1 < sx) reach(cell + 1, next);
      if (x > 0) reach(cell - 1, next);
      if (y + 1 < sy) reach(cell + layer, next);
      if (y > 0) reach(cell - layer, next);
      if (z + 1 < sz) reach(cell + sx, next);
      if (z > 0) reach(cell - sx, next);
    }
  }
}

function begin(at: usize): void {
  levels = at;
  used = 0;
  memory.fill(heads, 0, 64);
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER + LOOKS) return MALFORMED;
  sx = i32(load<u8>(input));
  sy = i32(load<u8>(input, 1));
  sz = i32(load<u8>(input, 2));
  const fade = i32(load<u8>(input, 3)), cells = sx * sy * sz;
  if (sx < 1 || sx > SIDE_MAX || sy < 1 || sy > SIDE_MAX || sz < 1 || sz > SIDE_MAX || cells > CELLS_MAX || fade < 1 || fade > LIGHT_MAX) return MALFORMED;
  if (len != HEADER + LOOKS + cells) return MALFORMED;
  looks = input + HEADER;
  blocks = looks + LOOKS;
  for (let i = 0; i < LOOKS; i++) {
    if (load<u8>(looks + i) > 63) return MALFORMED;
  }
  layer = sx * sz;
  const output = room(cells), lamps = room(cells);
  entries = room(cells << 4);

  begin(output);
  for (let column = 0; column < layer; column++) {
    let level = LIGHT_MAX;
    for (let cell = column + (sy - 1) * layer; cell >= 0; cell -= layer) {
      const kind = look(cell);
      if (kind & 16) break;
      if (kind & 32 && --level == 0) break;
      put(cell, level);
    }
  }
  spread(fade);

  begin(lamps);
  for (let cell = 0; cell < cells; cell++) {
    const level = look(cell) & LIGHT_MAX;
    if (level) put(cell, level);
  }
  spread(fade);
  for (let cell = 0; cell < cells; cell++) store<u8>(output + cell, (load<u8>(output + cell) << 4) | load<u8>(lamps + cell));
  return answer(output, cells);
}
