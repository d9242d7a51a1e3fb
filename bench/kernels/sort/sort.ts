// Quicksort of 32-bit words with the order as a function value: call_indirect in the innermost loop, recursion, swaps.
const COUNT: i32 = 20000;

const items = memory.data(20000 * 4, 16);

type Order = (a: i32, b: i32) => i32;

function rising(a: i32, b: i32): i32 {
  return i32(a > b) - i32(a < b);
}

function falling(a: i32, b: i32): i32 {
  return i32(a < b) - i32(a > b);
}

function byLowBits(a: i32, b: i32): i32 {
  const by = (a & 0xffff) - (b & 0xffff);
  return by != 0 ? by : rising(a, b);
}

const orders: StaticArray<Order> = [rising, falling, byLowBits];

function sort(low: i32, high: i32, order: Order): void {
  while (high - low > 12) {
    const pivot = load<i32>(items + (low + high >> 1 << 2));
    let i = low, j = high;
    while (i <= j) {
      while (order(load<i32>(items + (i << 2)), pivot) < 0) i++;
      while (order(load<i32>(items + (j << 2)), pivot) > 0) j--;
      if (i > j) break;
      const t = load<i32>(items + (i << 2));
      store<i32>(items + (i << 2), load<i32>(items + (j << 2)));
      store<i32>(items + (j << 2), t);
      i++;
      j--;
    }
    sort(low, j, order);
    low = i;
  }
  for (let i = low + 1; i <= high; i++) {
    const item = load<i32>(items + (i << 2));
    let at = i - 1;
    while (at >= low && order(load<i32>(items + (at << 2)), item) > 0) {
      store<i32>(items + (at + 1 << 2), load<i32>(items + (at << 2)));
      at--;
    }
    store<i32>(items + (at + 1 << 2), item);
  }
}

/** n times 20,000 words put in order, by each order in turn; a checksum of the words where they came to stand. */
export function run(n: i32): i64 {
  let sum: i64 = 0;
  let state: u32 = 99;
  for (let round = 0; round < n; round++) {
    for (let i = 0; i < COUNT; i++) {
      state = state * 1664525 + 1013904223;
      store<u32>(items + (i << 2), state);
    }
    sort(0, COUNT - 1, unchecked(orders[round % 3]));
    for (let i = 0; i < COUNT; i += 7) sum = sum * 31 + load<i32>(items + (i << 2));
  }
  return sum;
}
