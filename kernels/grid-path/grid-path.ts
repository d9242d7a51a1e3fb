// The cheapest way over a grid of weights and heights (A*), or a good one in a corridor that a search over connected regions of clusters found first. Layout: README.md.
import { answer, MALFORMED, room } from '../lib/abi';
import { queueClear, queueCount, queuePut, queueTake } from '../lib/queue';
export { alloc } from '../lib/abi';

const HEADER: i32 = 16;
const SIDE_MAX: i32 = 1024;
const CELLS_MAX: i32 = 262144;
const DIAGONAL: u8 = 1;
const CLUSTERED: u8 = 2;
const STRAIGHT: i32 = 10;
const ACROSS: i32 = 14;
const NONE: u8 = 255;
/** Costs over regions stop growing here: an input made to overflow them ends in a worse way, not in a loop. */
const COST_MAX: i32 = 0x3fffffff;

let width: i32 = 0, depth: i32 = 0, climb: i32 = 0, drop: i32 = 0, diagonal: bool = false;
let weights: usize = 0, heights: usize = 0;
let costs: usize = 0; // u32 by cell; 0 is not reached, else cost + 1
let arrived: usize = 0; // u8 by cell: direction of the last step
let open: usize = 0; // u8 by cluster, or 0: everything is open
let shift: i32 = 0, clustersWide: i32 = 0;

// @ts-ignore: decorator
@inline
function weight(cell: i32): i32 {
  return i32(load<u8>(weights + cell));
}

// @ts-ignore: decorator
@inline
function steps(from: i32, to: i32): bool {
  const rise = i32(load<u8>(heights + to)) - i32(load<u8>(heights + from));
  return weight(to) != 0 && rise <= climb && -rise <= drop;
}

// @ts-ignore: decorator
@inline
function away(x: i32, z: i32, toX: i32, toZ: i32): i32 {
  const dx = abs(x - toX), dz = abs(z - toZ);
  if (!diagonal) return (dx + dz) * STRAIGHT;
  const less = min(dx, dz);
  return (max(dx, dz) - less) * STRAIGHT + less * ACROSS;
}

function enter(cell: i32, x: i32, z: i32, cost: i32, direction: u8, goalX: i32, goalZ: i32): void {
  if (open && !load<u8>(open + (z >> shift) * clustersWide + (x >> shift))) return;
  const at = costs + (usize(cell) << 2);
  const known = load<u32>(at);
  if (known && known <= u32(cost + 1)) return;
  store<u32>(at, cost + 1);
  store<u8>(arrived + cell, direction);
  queuePut(cell, cost + away(x, z, goalX, goalZ));
}

/** Cost of the way from one cell to another, or -1. Directions: 0 +x, 1 -x, 2 +z, 3 -z, 4 +x+z, 5 -x+z, 6 +x-z, 7 -x-z. */
function search(from: i32, goal: i32): i32 {
  const cells = width * depth, goalX = goal % width, goalZ = goal / width;
  costs = room(cells << 2);
  arrived = room(cells);
  queueClear(cells);
  enter(from, from % width, from / width, 0, NONE, goalX, goalZ);
  while (queueCount() > 0) {
    const cell = i32(queueTake());
    const cost = i32(load<u32>(costs + (usize(cell) << 2))) - 1;
    if (cell == goal) return cost;
    const z = cell / width, x = cell - z * width;
    const east = x + 1 < width && steps(cell, cell + 1), west = x > 0 && steps(cell, cell - 1);
    const south = z + 1 < depth && steps(cell, cell + width), north = z > 0 && steps(cell, cell - width);
    if (east) enter(cell + 1, x + 1, z, cost + weight(cell + 1) * STRAIGHT, 0, goalX, goalZ);
    if (west) enter(cell - 1, x - 1, z, cost + weight(cell - 1) * STRAIGHT, 1, goalX, goalZ);
    if (south) enter(cell + width, x, z + 1, cost + weight(cell + width) * STRAIGHT, 2, goalX, goalZ);
    if (north) enter(cell - width, x, z - 1, cost + weight(cell - width) * STRAIGHT, 3, goalX, goalZ);
    if (!diagonal) continue;
    if (east && south && steps(cell, cell + width + 1)) enter(cell + width + 1, x + 1, z + 1, cost + weight(cell + width + 1) * ACROSS, 4, goalX, goalZ);
    if (west && south && steps(cell, cell + width - 1)) enter(cell + width - 1, x - 1, z + 1, cost + weight(cell + width - 1) * ACROSS, 5, goalX, goalZ);
    if (east && north && steps(cell, cell - width + 1)) enter(cell - width + 1, x + 1, z - 1, cost + weight(cell - width + 1) * ACROSS, 6, goalX, goalZ);
    if (west && north && steps(cell, cell - width - 1)) enter(cell - width - 1, x - 1, z - 1, cost + weight(cell - width - 1) * ACROSS, 7, goalX, goalZ);
  }
  return -1;
}

// ---- regions: the cells of a cluster that are connected inside it by steps that may be taken both ways ----

const REGION: i32 = 24; // cells, sum of x, sum of z, sum of weights, cost + 1, the region before + 1
let labels: usize = 0; // u32 by cell: region + 1, 0 is a wall
let regions: usize = 0;
let regionCount: i32 = 0;

// @ts-ignore: decorator
@inline
function level(a: i32, b: i32): bool {
  return weight(b) != 0 && abs(i32(load<u8>(heights + a)) - i32(load<u8>(heights + b))) <= min(climb, drop);
}

// @ts-ignore: decorator
@inline
function join(cell: i32, height: i32, difference: i32, label: i32, place: i32, stack: usize, size: i32): i32 {
  const at = labels + (usize(cell) << 2);
  if (load<u32>(at) || weight(cell) == 0 || abs(i32(load<u8>(heights + cell)) - height) > difference) return size;
  store<u32>(at, label);
  store<u32>(stack + (usize(size) << 2), place);
  return size + 1;
}

function fill(x: i32, z: i32, stack: usize): void {
  const x0 = (x >> shift) << shift, z0 = (z >> shift) << shift;
  const x1 = min(x0 + (1 << shift), width) - 1, z1 = min(z0 + (1 << shift), depth) - 1;
  const region = regions + regionCount * REGION, label = ++regionCount, difference = min(climb, drop);
  let size = 1, count = 0, sumX = 0, sumZ = 0, sumWeight = 0;
  store<u32>(stack, (z << 16) | x);
  store<u32>(labels + (usize(z * width + x) << 2), label);
  while (size > 0) {
    const place = load<i32>(stack + (usize(--size) << 2));
    z = place >> 16;
    x = place & 0xffff;
    const cell = z * width + x, height = i32(load<u8>(heights + cell));
    count++;
    sumX += x;
    sumZ += z;
    sumWeight += weight(cell);
    if (x < x1) size = join(cell + 1, height, difference, label, place + 1, stack, size);
    if (x > x0) size = join(cell - 1, height, difference, label, place - 1, stack, size);
    if (z < z1) size = join(cell + width, height, difference, label, place + 0x10000, stack, size);
    if (z > z0) size = join(cell - width, height, difference, label, place - 0x10000, stack, size);
  }
  store<i32>(region, count);
  store<i32>(region, sumX, 4);
  store<i32>(region, sumZ, 8);
  store<i32>(region, sumWeight, 12);
}

/** A step over the border of a cluster: the neighbour's region may be reached at the cost of the way between the middles. */
function cross(from: i32, fromX: i32, fromZ: i32, cost: i32, cell: i32, next: i32, goalX: i32, goalZ: i32): void {
  if (load<u32>(labels + (usize(cell) << 2)) != u32(from + 1)) return;
  const label = load<i32>(labels + (usize(next) << 2));
  if (label == 0 || !level(cell, next)) return;
  const region = regions + (label - 1) * REGION;
  const size = load<i32>(region);
  const x = load<i32>(region, 4) / size, z = load<i32>(region, 8) / size;
  const reached = min(cost + away(fromX, fromZ, x, z) * (load<i32>(region, 12) / size), COST_MAX);
  const known = load<u32>(region, 16);
  if (known && known <= u32(reached + 1)) return;
  store<u32>(region, reached + 1, 16);
  store<u32>(region, from + 1, 20);
  queuePut(label - 1, reached + away(x, z, goalX, goalZ));
}

/** Opens the clusters along a way over the regions, and those around them. Without such a way everything stays open. */
function corridor(from: i32, goal: i32): void {
  const cells = width * depth;
  clustersWide = (width + (1 << shift) - 1) >> shift;
  const clustersDeep = (depth + (1 << shift) - 1) >> shift;
  labels = room(cells << 2);
  regions = room(cells * REGION);
  const stack = room(4 << (2 * shift));
  for (let z = 0, cell = 0; z < depth; z++) {
    for (let x = 0; x < width; x++, cell++) {
      if (weight(cell) != 0 && !load<u32>(labels + (usize(cell) << 2))) fill(x, z, stack);
    }
  }
  const goalX = goal % width, goalZ = goal / width;
  const first = load<i32>(labels + (usize(from) << 2)) - 1, last = load<i32>(labels + (usize(goal) << 2)) - 1;
  queueClear(regionCount);
  store<u32>(regions + first * REGION, 1, 16);
  queuePut(first, 0);
  let found = false;
  while (queueCount() > 0) {
    const at = i32(queueTake());
    if (at == last) {
      found = true;
      break;
    }
    const region = regions + at * REGION;
    const size = load<i32>(region);
    const x = load<i32>(region, 4) / size, z = load<i32>(region, 8) / size;
    const cost = load<i32>(region, 16) - 1;
    // A region's middle lies in its cluster, as all of its cells do.
    const x0 = (x >> shift) << shift, z0 = (z >> shift) << shift;
    const x1 = min(x0 + (1 << shift), width), z1 = min(z0 + (1 << shift), depth);
    for (let i = x0; i < x1; i++) {
      if (z0 > 0) cross(at, x, z, cost, z0 * width + i, z0 * width + i - width, goalX, goalZ);
      if (z1 < depth) cross(at, x, z, cost, (z1 - 1) * width + i, z1 * width + i, goalX, goalZ);
    }
    for (let i = z0; i < z1; i++) {
      if (x0 > 0) cross(at, x, z, cost, i * width + x0, i * width + x0 - 1, goalX, goalZ);
      if (x1 < width) cross(at, x, z, cost, i * width + x1 - 1, i * width + x1, goalX, goalZ);
    }
  }
  if (!found) return;
  open = room(clustersWide * clustersDeep);
  for (let at = last + 1; at != 0; ) {
    const region = regions + (at - 1) * REGION;
    const size = load<i32>(region);
    const cx = (load<i32>(region, 4) / size) >> shift, cz = (load<i32>(region, 8) / size) >> shift;
    for (let z = max(cz - 1, 0); z <= min(cz + 1, clustersDeep - 1); z++) {
      for (let x = max(cx - 1, 0); x <= min(cx + 1, clustersWide - 1); x++) store<u8>(open + z * clustersWide + x, 1);
    }
    at = at == first + 1 ? 0 : load<i32>(region, 20);
  }
}

// @ts-ignore: decorator
@inline
function back(cell: i32, direction: u8): i32 {
  const dx = direction == 0 || direction == 4 || direction == 6 ? 1 : direction == 2 || direction == 3 ? 0 : -1;
  const dz = direction == 2 || direction == 4 || direction == 5 ? 1 : direction < 2 ? 0 : -1;
  return cell - dx - dz * width;
}

function found(from: i32, goal: i32, cost: i32): i64 {
  let count = 1;
  for (let cell = goal; cell != from; cell = back(cell, load<u8>(arrived + cell))) count++;
  const output = room(12 + (count << 2));
  store<u32>(output, 0);
  store<u32>(output, cost, 4);
  store<u32>(output, count, 8);
  let at = output + 12 + (usize(count) << 2);
  for (let cell = goal; ; cell = back(cell, load<u8>(arrived + cell))) {
    at -= 4;
    store<u32>(at, cell);
    if (cell == from) break;
  }
  return answer(output, 12 + (count << 2));
}

/** No way: the set of all cells that can be reached proves it. */
function lost(from: i32): i64 {
  const cells = width * depth, bytes = (cells + 7) >> 3;
  const output = room(12 + bytes);
  store<u32>(output, 1);
  let reached = 0;
  for (let cell = 0; cell < cells; cell++) {
    if (cell != from && !load<u32>(costs + (usize(cell) << 2))) continue;
    reached++;
    const at = output + 12 + (cell >> 3);
    store<u8>(at, load<u8>(at) | u8(<i32>1 << (cell & 7)));
  }
  store<u32>(output, reached, 8);
  return answer(output, 12 + bytes);
}

/** One end is a wall: nothing is searched, and nothing but that needs to be shown. */
function closed(): i64 {
  const output = room(12);
  store<u32>(output, 2);
  return answer(output, 12);
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER) return MALFORMED;
  width = i32(load<u16>(input));
  depth = i32(load<u16>(input, 2));
  const flags = load<u8>(input, 4);
  climb = i32(load<u8>(input, 5));
  drop = i32(load<u8>(input, 6));
  shift = i32(load<u8>(input, 7));
  const from = load<u32>(input, 8), goal = load<u32>(input, 12);
  const cells = width * depth;
  if (width < 1 || width > SIDE_MAX || depth < 1 || depth > SIDE_MAX || cells > CELLS_MAX || len != HEADER + cells * 2) return MALFORMED;
  if (flags > 3 || from >= u32(cells) || goal >= u32(cells)) return MALFORMED;
  if (flags & CLUSTERED ? shift < 3 || shift > 6 : shift != 0) return MALFORMED;
  diagonal = (flags & DIAGONAL) != 0;
  weights = input + HEADER;
  heights = weights + cells;
  if (weight(from) == 0 || weight(goal) == 0) return closed();
  if (flags & CLUSTERED) corridor(i32(from), i32(goal));
  const cost = search(i32(from), i32(goal));
  return cost < 0 ? lost(i32(from)) : found(i32(from), i32(goal), cost);
}
