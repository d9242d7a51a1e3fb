// A binary heap of cells by key, the least cell first among equal keys, that knows where each cell stands: a cell is in it once and its key may fall.
import { room } from './abi';

let items: usize = 0; // u64: key << 32 | cell
let places: usize = 0; // u32 by cell: 0 is outside, else place + 1
let count: i32 = 0;

export function queueClear(cells: i32): void {
  items = room(cells << 3);
  places = room(cells << 2);
  count = 0;
}

// @ts-ignore: decorator
@inline
export function queueCount(): i32 {
  return count;
}

/** Puts a cell in, or lowers its key. */
export function queuePut(cell: u32, key: u32): void {
  const item = (u64(key) << 32) | u64(cell);
  const known = load<u32>(places + (usize(cell) << 2));
  let at = known ? i32(known - 1) : count++;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = load<u64>(items + (usize(parent) << 3));
    if (above <= item) break;
    store<u64>(items + (usize(at) << 3), above);
    store<u32>(places + (usize(u32(above)) << 2), at + 1);
    at = parent;
  }
  store<u64>(items + (usize(at) << 3), item);
  store<u32>(places + (usize(cell) << 2), at + 1);
}

/** Takes the first out: key << 32 | cell. The heap is not empty. */
export function queueTake(): u64 {
  const first = load<u64>(items);
  store<u32>(places + (usize(u32(first)) << 2), 0);
  const size = --count;
  if (size == 0) return first;
  const item = load<u64>(items + (usize(size) << 3));
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= size) break;
    let below = load<u64>(items + (usize(child) << 3));
    if (child + 1 < size) {
      const other = load<u64>(items + (usize(child + 1) << 3));
      if (other < below) {
        below = other;
        child++;
      }
    }
    if (item <= below) break;
    store<u64>(items + (usize(at) << 3), below);
    store<u32>(places + (usize(u32(below)) << 2), at + 1);
    at = child;
  }
  store<u64>(items + (usize(at) << 3), item);
  store<u32>(places + (usize(u32(item)) << 2), at + 1);
  return first;
}
