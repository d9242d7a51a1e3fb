// Open addressing with 64-bit keys: put, find, erase with tombstones, a megabyte of table: dependent loads over more than the first caches.
const SLOTS: u32 = 1 << 16;
const EMPTY: u64 = 0;
const GONE: u64 = 1;

const keys = memory.data(65536 * 8, 16);
const values = memory.data(65536 * 8, 16);

function slotOf(key: u64): u32 {
  let h = key ^ key >> 31;
  h *= 0x9e3779b97f4a7c15;
  return u32(h >> 48);
}

function put(key: u64, value: u64): void {
  let slot = slotOf(key);
  for (;;) {
    const there = load<u64>(keys + (slot << 3));
    if (there == key) break;
    if (there <= GONE) {
      store<u64>(keys + (slot << 3), key);
      break;
    }
    slot = slot + 1 & SLOTS - 1;
  }
  store<u64>(values + (slot << 3), value);
}

function find(key: u64): i32 {
  let slot = slotOf(key);
  for (let tries: u32 = 0; tries < SLOTS; tries++) {
    const there = load<u64>(keys + (slot << 3));
    if (there == key) return i32(slot);
    if (there == EMPTY) return -1;
    slot = slot + 1 & SLOTS - 1;
  }
  return -1;
}

/** n rounds of 20,000 puts, finds and erasures; a checksum of what was found. */
export function run(n: i32): i64 {
  let sum: u64 = 0;
  let state: u64 = 88172645463325252;
  for (let round = 0; round < n; round++) {
    memory.fill(keys, 0, SLOTS * 8);
    for (let i = 0; i < 20000; i++) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      const key = (state & 0x7fff) + 2;
      const slot = find(key);
      if (slot < 0) {
        put(key, state);
      } else {
        sum = sum * 31 + load<u64>(values + (slot << 3));
        if ((state >> 20 & 3) == 0) store<u64>(keys + (slot << 3), GONE);
      }
    }
  }
  return i64(sum);
}
