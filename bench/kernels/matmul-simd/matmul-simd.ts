// The product of bench/kernels/matmul eight columns at a time, in two f32x4 registers.
const SIZE: i32 = 128;
const BYTES: i32 = SIZE * SIZE * 4;

const a = memory.data(SIZE * SIZE * 4, 16);
const b = memory.data(SIZE * SIZE * 4, 16);
const c = memory.data(SIZE * SIZE * 4, 16);

function fill(): void {
  let state: u32 = 1;
  for (let i = 0; i < BYTES; i += 4) {
    state = state * 1664525 + 1013904223;
    store<f32>(a + i, f32(i32(state >> 16 & 255) - 128) / 64);
    state = state * 1664525 + 1013904223;
    store<f32>(b + i, f32(i32(state >> 16 & 255) - 128) / 64);
  }
}

function multiply(): void {
  for (let row = 0; row < SIZE; row++) {
    const from = a + row * SIZE * 4;
    for (let column = 0; column < SIZE; column += 8) {
      let low = f32x4.splat(0);
      let high = f32x4.splat(0);
      for (let k = 0; k < SIZE; k++) {
        const factor = v128.load_splat<f32>(from + (k << 2));
        const by = b + (k * SIZE + column << 2);
        low = f32x4.add(low, f32x4.mul(factor, v128.load(by)));
        high = f32x4.add(high, f32x4.mul(factor, v128.load(by, 16)));
      }
      v128.store(c + (row * SIZE + column) * 4, low);
      v128.store(c + (row * SIZE + column) * 4, high, 16);
    }
  }
}

/** n products; a checksum of the bits of the last one. */
export function run(n: i32): i64 {
  fill();
  for (let i = 0; i < n; i++) {
    multiply();
    store<f32>(a, f32(i & 7));
  }
  let sum: i64 = 0;
  for (let i = 0; i < BYTES; i += 4) sum = sum * 31 + load<i32>(c + i);
  return sum;
}
