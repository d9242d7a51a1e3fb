// A box blur of three by three over bytes, sixteen pixels at once: widening adds, shifts, narrowing, unaligned loads.
const WIDTH: i32 = 512;
const HEIGHT: i32 = 256;

const front = memory.data(512 * 256, 16);
const back = memory.data(512 * 256, 16);

// Ninths as 7282 / 65536, by the high half of a product of unsigned words.
function ninth(sum: v128): v128 {
  const factor = i32x4.splat(7282);
  const low = i32x4.shr_u(i32x4.mul(v128.extend_low<u16>(sum), factor), 16);
  const high = i32x4.shr_u(i32x4.mul(v128.extend_high<u16>(sum), factor), 16);
  return v128.narrow<i32>(low, high);
}

function blur(from: usize, to: usize): void {
  for (let row = 1; row < HEIGHT - 1; row++) {
    for (let column = 1; column + 16 < WIDTH; column += 16) {
      let low = i16x8.splat(0);
      let high = i16x8.splat(0);
      for (let dy = -1; dy <= 1; dy++) {
        const line = from + (row + dy) * WIDTH + column;
        const left = v128.load(line - 1), middle = v128.load(line), right = v128.load(line + 1);
        low = i16x8.add(low, i16x8.add(v128.extend_low<u8>(left), i16x8.add(v128.extend_low<u8>(middle), v128.extend_low<u8>(right))));
        high = i16x8.add(high, i16x8.add(v128.extend_high<u8>(left), i16x8.add(v128.extend_high<u8>(middle), v128.extend_high<u8>(right))));
      }
      v128.store(to + row * WIDTH + column, i8x16.narrow_i16x8_u(ninth(low), ninth(high)));
    }
  }
}

/** n blurs of a picture that a seed makes; a checksum of its words. */
export function run(n: i32): i64 {
  let state: u32 = 3;
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    state = state * 1664525 + 1013904223;
    store<u8>(front + i, u8(state >> 24));
    store<u8>(back + i, u8(state >> 24));
  }
  for (let i = 0; i < n; i++) {
    if ((i & 1) == 0) blur(front, back);
    else blur(back, front);
  }
  let sum: i64 = 0;
  for (let i = 0; i < WIDTH * HEIGHT; i += 8) sum = sum * 31 + load<i64>(front + i) + load<i64>(back + i);
  return sum;
}
