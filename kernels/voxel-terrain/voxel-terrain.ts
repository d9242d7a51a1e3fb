// Chunks of land, 16 by 64 by 16 blocks each, from values at lattice points that the caller made: the kernel sees no coordinates and no seed. Integers only. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const SIZE: i32 = 16;
const HEIGHT: i32 = 64;
const HEADER: i32 = 20;
const CHUNKS_MAX: i32 = 64;
const BLOCKS: i32 = SIZE * SIZE * HEIGHT;
const OCTAVES_MAX: i32 = 8;
const VEINS_MAX: i32 = 4;
const OCTAVE: i32 = 8; // u8 shift, x, z, 0; i32 amplitude (1/256 block); then u16 values
const VEIN: i32 = 8; // u8 shift, x, y, z, kind, low, high, threshold; then u8 values

const grounds = memory.data(SIZE * SIZE * 4, 16);

/** Smoothstep of the place between two lattice points, 0 to 256. */
// @ts-ignore: decorator
@inline
function weight(at: i32, shift: i32): i32 {
  const t = ((at & ((1 << shift) - 1)) << 8) >> shift;
  return (t * t * (768 - 2 * t)) >> 16;
}

/** Lattice points that the chunk's side touches, where it begins `from` blocks behind one. */
// @ts-ignore: decorator
@inline
function points(from: i32, length: i32, shift: i32): i32 {
  return ((from + length - 1) >> shift) + 2;
}

/** Adds one octave to the grounds, in 1/65536 block. */
function raise(octave: usize): void {
  const shift = i32(load<u8>(octave)), x0 = i32(load<u8>(octave, 1)), z0 = i32(load<u8>(octave, 2)), amplitude = load<i32>(octave, 4);
  const values = octave + OCTAVE, wide = points(x0, SIZE, shift);
  for (let z = 0; z < SIZE; z++) {
    const wz = weight(z0 + z, shift);
    const row = values + ((((z0 + z) >> shift) * wide) << 1);
    for (let x = 0; x < SIZE; x++) {
      const at = row + (((x0 + x) >> shift) << 1);
      const nw = i32(load<u16>(at)), ne = i32(load<u16>(at, 2)), sw = i32(load<u16>(at + (wide << 1))), se = i32(load<u16>(at + (wide << 1), 2));
      const west = (nw << 8) + (sw - nw) * wz, east = (ne << 8) + (se - ne) * wz;
      // 12 bits became 20 and become 28; of them 12 are kept, around 0.
      const value = (((west << 8) + (east - west) * weight(x0 + x, shift)) >> 16) - 2048;
      const ground = grounds + ((z * SIZE + x) << 2);
      store<i32>(ground, load<i32>(ground) + ((value * amplitude) >> 4));
    }
  }
}

/** Replaces stone by the vein's kind where its noise is high: caves, ores. */
function dig(vein: usize, blocks: usize, stone: u8, roof: i32): void {
  const shift = i32(load<u8>(vein)), x0 = i32(load<u8>(vein, 1)), y0 = i32(load<u8>(vein, 2)), z0 = i32(load<u8>(vein, 3));
  const kind = load<u8>(vein, 4), low = i32(load<u8>(vein, 5)), high = i32(load<u8>(vein, 6)), threshold = i32(load<u8>(vein, 7)) << 16;
  const values = vein + VEIN, wide = points(x0, SIZE, shift), deep = points(z0, SIZE, shift);
  for (let z = 0; z < SIZE; z++) {
    const wz = weight(z0 + z, shift), pz = (z0 + z) >> shift;
    for (let x = 0; x < SIZE; x++) {
      const wx = weight(x0 + x, shift);
      const column = blocks + (z * SIZE + x) * HEIGHT;
      const top = min(high, load<i32>(grounds + ((z * SIZE + x) << 2)) - roof);
      const corner = values + pz * wide + ((x0 + x) >> shift);
      let below = 0, above = 0, layer = -1;
      for (let y = low; y <= top; y++) {
        const py = (y0 + y) >> shift;
        if (py != layer) {
          layer = py;
          below = plane(corner + py * wide * deep, wide, wx, wz);
          above = plane(corner + (py + 1) * wide * deep, wide, wx, wz);
        }
        // 8 bits became 24; the third axis keeps 24.
        const value = below + (((above - below) >> 8) * weight(y0 + y, shift));
        if (value > threshold && load<u8>(column + y) == stone) store<u8>(column + y, kind);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function plane(at: usize, wide: i32, wx: i32, wz: i32): i32 {
  const nw = i32(load<u8>(at)), ne = i32(load<u8>(at, 1)), sw = i32(load<u8>(at + wide)), se = i32(load<u8>(at + wide, 1));
  const west = (nw << 8) + (sw - nw) * wz, east = (ne << 8) + (se - ne) * wz;
  return (west << 8) + (east - west) * wx;
}

/** Bytes of the record of a chunk, or 0 where it is not one. */
function measure(input: usize, len: i32): i32 {
  if (len < HEADER) return 0;
  const octaves = i32(load<u8>(input)), veins = i32(load<u8>(input, 1));
  const water = i32(load<u8>(input, 2)), beach = i32(load<u8>(input, 3)), rock = i32(load<u8>(input, 4)), snow = i32(load<u8>(input, 5));
  const soil = i32(load<u8>(input, 6)), roof = i32(load<u8>(input, 7));
  const base = load<i32>(input, 8);
  if (octaves > OCTAVES_MAX || veins > VEINS_MAX || water >= HEIGHT || beach >= HEIGHT || rock > HEIGHT || snow > HEIGHT || soil < 1 || soil > 8 || roof < 1 || roof > 32) return 0;
  if (base < 0 || base >= HEIGHT << 8 || load<u8>(input, 19) != 0) return 0;
  // Every record's place follows from those before it, so they are all looked at before one is used.
  let at = HEADER;
  for (let i = 0; i < octaves; i++) {
    if (len - at < OCTAVE) return 0;
    const octave = input + at;
    const shift = i32(load<u8>(octave)), side = 1 << shift, amplitude = load<i32>(octave, 4);
    if (shift < 2 || shift > 7 || i32(load<u8>(octave, 1)) >= side || i32(load<u8>(octave, 2)) >= side || load<u8>(octave, 3) != 0 || abs(amplitude) > HEIGHT << 8 || amplitude == i32.MIN_VALUE) return 0;
    const values = points(i32(load<u8>(octave, 1)), SIZE, shift) * points(i32(load<u8>(octave, 2)), SIZE, shift);
    const size = OCTAVE + ((values << 1) + 3 & ~3);
    if (len - at < size) return 0;
    for (let j = 0; j < values; j++) {
      if (load<u16>(octave + OCTAVE + (j << 1)) > 4095) return 0;
    }
    at += size;
  }
  for (let i = 0; i < veins; i++) {
    if (len - at < VEIN) return 0;
    const vein = input + at;
    const shift = i32(load<u8>(vein)), side = 1 << shift;
    if (shift < 2 || shift > 5 || i32(load<u8>(vein, 1)) >= side || i32(load<u8>(vein, 2)) >= side || i32(load<u8>(vein, 3)) >= side) return 0;
    if (load<u8>(vein, 5) < 1 || i32(load<u8>(vein, 6)) >= HEIGHT) return 0;
    const values = points(i32(load<u8>(vein, 1)), SIZE, shift) * points(i32(load<u8>(vein, 2)), HEIGHT, shift) * points(i32(load<u8>(vein, 3)), SIZE, shift);
    const size = VEIN + ((values + 3) & ~3);
    if (len - at < size) return 0;
    at += size;
  }
  return at;
}

/** Makes a chunk; the bytes of its record. */
function make(input: usize, blocks: usize): i32 {
  const octaves = i32(load<u8>(input)), veins = i32(load<u8>(input, 1));
  const water = i32(load<u8>(input, 2)), beach = i32(load<u8>(input, 3)), rock = i32(load<u8>(input, 4)), snow = i32(load<u8>(input, 5));
  const soil = i32(load<u8>(input, 6)), roof = i32(load<u8>(input, 7)), base = load<i32>(input, 8);
  const kinds = input + 12; // u8: stone, soil, grass, sand, snow, water, bedrock, 0
  const stone = load<u8>(kinds), soilKind = load<u8>(kinds, 1), grass = load<u8>(kinds, 2), sand = load<u8>(kinds, 3), snowKind = load<u8>(kinds, 4);
  for (let i = 0; i < SIZE * SIZE; i++) store<i32>(grounds + (i << 2), base << 8);
  let at = HEADER;
  for (let i = 0; i < octaves; i++) {
    const octave = input + at, shift = i32(load<u8>(octave));
    raise(octave);
    at += OCTAVE + (((points(i32(load<u8>(octave, 1)), SIZE, shift) * points(i32(load<u8>(octave, 2)), SIZE, shift)) << 1) + 3 & ~3);
  }
  for (let i = 0; i < SIZE * SIZE; i++) {
    const ground = min(max(load<i32>(grounds + (i << 2)) >> 16, 1), HEIGHT - 2);
    store<i32>(grounds + (i << 2), ground);
    const column = blocks + i * HEIGHT;
    const sandy = ground <= beach, rocky = ground >= rock;
    memory.fill(column, stone, ground);
    for (let y = max(ground - soil, 1); y < ground; y++) store<u8>(column + y, sandy ? sand : rocky ? stone : soilKind);
    store<u8>(column + ground, sandy ? sand : ground >= snow ? snowKind : rocky ? stone : grass);
    store<u8>(column, load<u8>(kinds, 6));
    for (let y = ground + 1; y <= water; y++) store<u8>(column + y, load<u8>(kinds, 5));
  }
  for (let i = 0; i < veins; i++) {
    const vein = input + at, shift = i32(load<u8>(vein));
    dig(vein, blocks, stone, roof);
    at += VEIN + ((points(i32(load<u8>(vein, 1)), SIZE, shift) * points(i32(load<u8>(vein, 2)), HEIGHT, shift) * points(i32(load<u8>(vein, 3)), SIZE, shift) + 3) & ~3);
  }
  return at;
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  let chunks = 0;
  for (let at = 0; at < len; ) {
    const size = measure(input + at, len - at);
    if (size == 0 || ++chunks > CHUNKS_MAX) return MALFORMED;
    at += size;
  }
  if (chunks == 0) return MALFORMED;
  const blocks = room(chunks * BLOCKS);
  for (let i = 0, at = 0; i < chunks; i++) at += make(input + at, blocks + i * BLOCKS);
  return answer(blocks, chunks * BLOCKS);
}
