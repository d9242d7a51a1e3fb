// The visible faces of a block of voxels, merged to rectangles where kind and occlusion are even. The voxels come with a border of one, of which no face is made. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const HEADER: i32 = 4;
const SIDE_MAX: i32 = 64;
const CELLS_MAX: i32 = 65536;
const LOOKS: i32 = 256; // u8 by kind: 0 unseen, 1 opaque, 2 see-through
const QUAD: i32 = 8;
const EVEN: i32 = 0xff; // all four corners open

const looks = memory.data(LOOKS, 16);
const mask = memory.data(SIDE_MAX * SIDE_MAX * 4, 16); // u32: 0 no face, else kind << 8 | occlusion, 1 << 16 set
let out: usize = 0;
let quads: i32 = 0;

// @ts-ignore: decorator
@inline
function look(at: usize): u8 {
  return load<u8>(looks + usize(load<u8>(at)));
}

// @ts-ignore: decorator
@inline
function opaque(at: usize): i32 {
  return i32(look(at) == 1);
}

/** 3 open to 0 dark, of one corner. */
// @ts-ignore: decorator
@inline
function corner(sideA: i32, sideB: i32, both: i32): i32 {
  return sideA & sideB ? 0 : 3 - sideA - sideB - both;
}

/** Which faces of a slice are seen: cells (u, v) with steps su and sv, `front` leads to the cell before the face. */
function expose(first: usize, us: i32, vs: i32, su: i32, sv: i32, front: i32): i32 {
  let found = 0;
  for (let v = 0; v < vs; v++) {
    let cell = first + v * sv;
    for (let u = 0; u < us; u++, cell += su) {
      const at = mask + ((v * SIDE_MAX + u) << 2);
      const kind = load<u8>(cell);
      const mine = look(cell), ahead = cell + front;
      if (mine == 0 || load<u8>(ahead) == kind || look(ahead) == 1) {
        store<u32>(at, 0);
        continue;
      }
      let occlusion = EVEN;
      if (mine == 1) {
        const left = opaque(ahead - su), right = opaque(ahead + su), lower = opaque(ahead - sv), upper = opaque(ahead + sv);
        occlusion = corner(left, lower, opaque(ahead - su - sv)) | (corner(right, lower, opaque(ahead + su - sv)) << 2)
          | (corner(left, upper, opaque(ahead - su + sv)) << 4) | (corner(right, upper, opaque(ahead + su + sv)) << 6);
      }
      store<u32>(at, (1 << 16) | (i32(kind) << 8) | occlusion);
      found++;
    }
  }
  return found;
}

// @ts-ignore: decorator
@inline
function same(row: usize, wide: i32, key: u32): bool {
  let i = 0;
  while (i < wide && load<u32>(row + (i << 2)) == key) i++;
  return i == wide;
}

/** Merges a slice's faces greedily, along u first; a face that is darker at one corner than at another stays alone. */
function merge(face: i32, slice: i32, us: i32, vs: i32): void {
  for (let v = 0; v < vs; v++) {
    for (let u = 0; u < us; ) {
      const at = mask + ((v * SIDE_MAX + u) << 2);
      const key = load<u32>(at);
      if (key == 0) {
        u++;
        continue;
      }
      let wide = 1, high = 1;
      const level = key & 3;
      if ((key & 0xff) == (level | (level << 2) | (level << 4) | (level << 6))) {
        while (u + wide < us && load<u32>(at + (wide << 2)) == key) wide++;
        while (v + high < vs && same(at + ((high * SIDE_MAX) << 2), wide, key)) high++;
      }
      for (let j = 0; j < high; j++) memory.fill(at + ((j * SIDE_MAX) << 2), 0, wide << 2);
      const quad = out + 4 + quads++ * QUAD;
      const axis = face >> 1;
      store<u8>(quad, u8(axis == 0 ? slice : u));
      store<u8>(quad, u8(axis == 1 ? slice : axis == 0 ? u : v), 1);
      store<u8>(quad, u8(axis == 2 ? slice : v), 2);
      store<u8>(quad, u8(face), 3);
      store<u8>(quad, u8(wide), 4);
      store<u8>(quad, u8(high), 5);
      store<u8>(quad, u8(key >> 8), 6);
      store<u8>(quad, u8(key), 7);
      u += wide;
    }
  }
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER + LOOKS) return MALFORMED;
  const sx = i32(load<u8>(input)), sy = i32(load<u8>(input, 1)), sz = i32(load<u8>(input, 2));
  if (sx < 1 || sx > SIDE_MAX || sy < 1 || sy > SIDE_MAX || sz < 1 || sz > SIDE_MAX || load<u8>(input, 3) != 0 || sx * sy * sz > CELLS_MAX) return MALFORMED;
  if (len != HEADER + LOOKS + (sx + 2) * (sy + 2) * (sz + 2)) return MALFORMED;
  for (let i = 0; i < LOOKS; i++) {
    const value = load<u8>(input + HEADER + i);
    if (value > 2) return MALFORMED;
    store<u8>(looks + i, value);
  }
  const stepZ = sx + 2, stepY = stepZ * (sz + 2);
  const first = input + HEADER + LOOKS + stepY + stepZ + 1;
  // No more quads than faces; memory that is not written costs nothing.
  out = room(4 + sx * sy * sz * 6 * QUAD);
  for (let face = 0; face < 6; face++) {
    const axis = face >> 1, sign = face & 1 ? -1 : 1;
    const slices = axis == 0 ? sx : axis == 1 ? sy : sz;
    const step = axis == 0 ? 1 : axis == 1 ? stepY : stepZ;
    // u and v: of x faces y and z, of y faces x and z, of z faces x and y.
    const us = axis == 0 ? sy : sx, vs = axis == 2 ? sy : sz;
    const su = axis == 0 ? stepY : 1, sv = axis == 2 ? stepY : stepZ;
    for (let slice = 0; slice < slices; slice++) {
      if (expose(first + slice * step, us, vs, su, sv, sign * step)) merge(face, slice, us, vs);
    }
  }
  store<u32>(out, quads);
  return answer(out, 4 + quads * QUAD);
}
