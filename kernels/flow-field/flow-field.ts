// A field that leads a crowd: the cost of the cheapest way from every cell to the nearest goal, the direction of its first step, and where each agent should go. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
import { queueClear, queueCount, queuePut, queueTake } from '../lib/queue';
export { alloc } from '../lib/abi';

const HEADER: i32 = 12;
const SIDE_MAX: i32 = 256;
const GOALS_MAX: i32 = 1024;
const AGENTS_MAX: i32 = 16384;
const FAR: u32 = 0xffffffff;
const AT_GOAL: u8 = 8;
const NOWHERE: u8 = 255;
const SLANT: f32 = 0.70710677;

let width: i32 = 0, depth: i32 = 0;
let weights: usize = 0, costs: usize = 0, ways: usize = 0;

// @ts-ignore: decorator
@inline
function costOf(cell: i32): u32 {
  return load<u32>(costs + (usize(cell) << 2));
}

// @ts-ignore: decorator
@inline
function relax(cell: i32, cost: u32): void {
  if (load<u8>(weights + cell) == 0 || costOf(cell) <= cost) return;
  store<u32>(costs + (usize(cell) << 2), cost);
  queuePut(cell, cost);
}

/** A step costs the weight of the cell that is stepped on, so the search from the goals pays for the cell that it leaves. */
function integrate(): void {
  while (queueCount() > 0) {
    const cell = i32(queueTake());
    const cost = costOf(cell);
    const weight = u32(load<u8>(weights + cell));
    const straight = cost + weight * 10, across = cost + weight * 14;
    const z = cell / width, x = cell - z * width;
    const east = x + 1 < width, west = x > 0, south = z + 1 < depth, north = z > 0;
    const e = east && load<u8>(weights + cell + 1) != 0, w = west && load<u8>(weights + cell - 1) != 0;
    const s = south && load<u8>(weights + cell + width) != 0, n = north && load<u8>(weights + cell - width) != 0;
    if (e) relax(cell + 1, straight);
    if (w) relax(cell - 1, straight);
    if (s) relax(cell + width, straight);
    if (n) relax(cell - width, straight);
    // No corner is cut: both cells beside a slanted step are open.
    if (e && s) relax(cell + width + 1, across);
    if (w && s) relax(cell + width - 1, across);
    if (e && n) relax(cell - width + 1, across);
    if (w && n) relax(cell - width - 1, across);
  }
}

let bestCost: u32 = 0, bestWay: u8 = 0;

// @ts-ignore: decorator
@inline
function prefer(next: i32, factor: u32, way: u8): void {
  const cost = costOf(next);
  if (cost == FAR) return;
  const total = cost + u32(load<u8>(weights + next)) * factor;
  if (total < bestCost) {
    bestCost = total;
    bestWay = way;
  }
}

/** The first of the cheapest steps: 0 +x, 1 -x, 2 +z, 3 -z, 4 +x+z, 5 -x+z, 6 +x-z, 7 -x-z. */
function point(cell: i32, x: i32, z: i32): u8 {
  const cost = costOf(cell);
  if (cost == FAR) return NOWHERE;
  if (cost == 0) return AT_GOAL;
  bestCost = FAR;
  bestWay = NOWHERE;
  const e = x + 1 < width && load<u8>(weights + cell + 1) != 0, w = x > 0 && load<u8>(weights + cell - 1) != 0;
  const s = z + 1 < depth && load<u8>(weights + cell + width) != 0, n = z > 0 && load<u8>(weights + cell - width) != 0;
  if (e) prefer(cell + 1, 10, 0);
  if (w) prefer(cell - 1, 10, 1);
  if (s) prefer(cell + width, 10, 2);
  if (n) prefer(cell - width, 10, 3);
  if (e && s) prefer(cell + width + 1, 14, 4);
  if (w && s) prefer(cell + width - 1, 14, 5);
  if (e && n) prefer(cell - width + 1, 14, 6);
  if (w && n) prefer(cell - width - 1, 14, 7);
  return bestWay;
}

let towardX: f32 = 0, towardZ: f32 = 0;

function lean(x: i32, z: i32, share: f32): void {
  if (x < 0 || x >= width || z < 0 || z >= depth) return;
  const way = load<u8>(ways + z * width + x);
  if (way > 7) return;
  const long: f32 = way < 4 ? 1 : SLANT;
  if (way == 0 || way == 4 || way == 6) towardX += long * share;
  else if (way == 1 || way == 5 || way == 7) towardX -= long * share;
  if (way == 2 || way == 4 || way == 5) towardZ += long * share;
  else if (way == 3 || way == 6 || way == 7) towardZ -= long * share;
}

/** The directions of the four cells around, by nearness of their middles, as a unit vector; its own cell's alone where they cancel. */
function steer(x: f32, z: f32, output: usize): void {
  const left = floor<f32>(x - 0.5), top = floor<f32>(z - 0.5);
  const fx: f32 = x - 0.5 - left, fz: f32 = z - 0.5 - top;
  const cx = i32(left), cz = i32(top);
  towardX = 0;
  towardZ = 0;
  lean(cx, cz, (1 - fx) * (1 - fz));
  lean(cx + 1, cz, fx * (1 - fz));
  lean(cx, cz + 1, (1 - fx) * fz);
  lean(cx + 1, cz + 1, fx * fz);
  let square = towardX * towardX + towardZ * towardZ;
  if (square < 0.01) {
    towardX = 0;
    towardZ = 0;
    lean(i32(x), i32(z), 1);
    square = towardX * towardX + towardZ * towardZ;
  }
  if (square > 0) {
    const length = sqrt<f32>(square);
    store<f32>(output, towardX / length);
    store<f32>(output, towardZ / length, 4);
  }
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER) return MALFORMED;
  width = i32(load<u16>(input));
  depth = i32(load<u16>(input, 2));
  const goals = i32(load<u16>(input, 4)), agents = i32(load<u16>(input, 6));
  if (load<u32>(input, 8) != 0 || width < 1 || width > SIDE_MAX || depth < 1 || depth > SIDE_MAX || goals > GOALS_MAX || agents > AGENTS_MAX) return MALFORMED;
  const cells = width * depth;
  if (len != HEADER + goals * 4 + agents * 8 + cells) return MALFORMED;
  const firstGoal = input + HEADER, firstAgent = firstGoal + goals * 4;
  weights = firstAgent + agents * 8;
  for (let i = 0; i < goals; i++) {
    if (load<u32>(firstGoal + (usize(i) << 2)) >= u32(cells)) return MALFORMED;
  }
  for (let i = 0; i < agents; i++) {
    const at = firstAgent + (usize(i) << 3);
    if (!(load<f32>(at) >= 0 && load<f32>(at) < f32(width) && load<f32>(at, 4) >= 0 && load<f32>(at, 4) < f32(depth))) return MALFORMED;
  }
  const padded = (cells + 3) & ~3;
  const size = (cells << 2) + padded + (agents << 3);
  const output = room(size);
  costs = output;
  ways = output + (cells << 2);
  memory.fill(costs, 0xff, cells << 2);
  queueClear(cells);
  for (let i = 0; i < goals; i++) relax(load<i32>(firstGoal + (usize(i) << 2)), 0);
  integrate();
  for (let z = 0, cell = 0; z < depth; z++) {
    for (let x = 0; x < width; x++, cell++) store<u8>(ways + cell, point(cell, x, z));
  }
  for (let i = 0; i < agents; i++) {
    const at = firstAgent + (usize(i) << 3);
    steer(load<f32>(at), load<f32>(at, 4), ways + padded + (usize(i) << 3));
  }
  return answer(output, size);
}
