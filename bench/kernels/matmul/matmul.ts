// C = A * B in f32, rows by columns of a copy of B turned over, so that both are read in order.
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
    for (let column = 0; column < SIZE; column++) {
      const by = b + column * SIZE * 4;
      let sum: f32 = 0;
      for (let k = 0; k < SIZE * 4; k += 4) sum += load<f32>(from + k) * load<f32>(by + k);
      store<f32>(c + (row * SIZE + column) * 4, sum);
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
