// A* on a 256 by 256 grid with walls, four neighbours, a binary heap of (cost, cell): branches and scattered loads.
const WIDTH: i32 = 256;
const CELLS: i32 = WIDTH * WIDTH;
const HEAP_MAX: i32 = CELLS * 4;
const FAR: i32 = 0x7fffffff;

const wall = memory.data(65536, 16);
const cost = memory.data(65536 * 4, 16);
const heap = memory.data(65536 * 4 * 8, 16);
let heapSize: i32 = 0;

function push(priority: i32, cell: i32): void {
  const item = i64(priority) << 32 | i64(cell);
  let at = heapSize++;
  while (at > 0) {
    const parent = at - 1 >> 1;
    const above = load<i64>(heap + (parent << 3));
    if (above <= item) break;
    store<i64>(heap + (at << 3), above);
    at = parent;
  }
  store<i64>(heap + (at << 3), item);
}

function pop(): i64 {
  const top = load<i64>(heap);
  const item = load<i64>(heap + (--heapSize << 3));
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heapSize) break;
    let below = load<i64>(heap + (child << 3));
    if (child + 1 < heapSize) {
      const other = load<i64>(heap + (child + 1 << 3));
      if (other < below) {
        below = other;
        child++;
      }
    }
    if (item <= below) break;
    store<i64>(heap + (at << 3), below);
    at = child;
  }
  store<i64>(heap + (at << 3), item);
  return top;
}

function guess(cell: i32, goal: i32): i32 {
  return abs((cell & WIDTH - 1) - (goal & WIDTH - 1)) + abs((cell >> 8) - (goal >> 8));
}

function enter(cell: i32, walked: i32, goal: i32): void {
  if (load<u8>(wall + cell) != 0 || walked >= load<i32>(cost + (cell << 2)) || heapSize >= HEAP_MAX) return;
  store<i32>(cost + (cell << 2), walked);
  push(walked + guess(cell, goal), cell);
}

/** The length of a shortest way, or -1. */
function search(from: i32, goal: i32): i32 {
  for (let i = 0; i < CELLS; i++) store<i32>(cost + (i << 2), FAR);
  heapSize = 0;
  enter(from, 0, goal);
  while (heapSize > 0) {
    const top = pop();
    const cell = i32(top & 0xffff);
    const walked = load<i32>(cost + (cell << 2));
    if (cell == goal) return walked;
    if (i32(top >> 32) > walked + guess(cell, goal)) continue;
    const x = cell & WIDTH - 1, y = cell >> 8;
    if (x > 0) enter(cell - 1, walked + 1, goal);
    if (x < WIDTH - 1) enter(cell + 1, walked + 1, goal);
    if (y > 0) enter(cell - WIDTH, walked + 1, goal);
    if (y < WIDTH - 1) enter(cell + WIDTH, walked + 1, goal);
  }
  return -1;
}

/** n searches between cells of a map that a seed makes; a checksum of the lengths. */
export function run(n: i32): i64 {
  let state: u32 = 7;
  for (let i = 0; i < CELLS; i++) {
    state = state * 1664525 + 1013904223;
    store<u8>(wall + i, u8((state >> 24) < 77));
  }
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) {
    state = state * 1664525 + 1013904223;
    const from = i32(state >> 16);
    state = state * 1664525 + 1013904223;
    const goal = i32(state >> 16);
    sum = sum * 31 + search(from, goal);
  }
  return sum;
}
