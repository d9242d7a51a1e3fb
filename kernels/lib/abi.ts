// Kernel ABI v1 (docs/kernels.md): the host writes a task's bytes where `alloc` says and calls `run`; the answer is (pointer << 32) | length, or -n, which refuses the input.

/** The input is not of the kernel's layout, or over its bounds. */
export const MALFORMED: i64 = -1;

let next: usize = 0;

/** Room that is zero, as fresh memory is. Nothing is ever given back: a run has an instance of its own. The runtime's own heap would need a start function, and that fuel. */
export function room(bytes: i32): usize {
  if (next == 0) next = __heap_base;
  const at = (next + 15) & ~15;
  next = at + usize(bytes);
  const missing = (i64(next) + 0xffff >> 16) - i64(memory.size());
  if (missing > 0 && memory.grow(i32(missing)) < 0) unreachable();
  return at;
}

/** Room for a task's bytes. */
export function alloc(len: i32): i32 {
  if (len < 0) unreachable();
  return i32(room(len));
}

// @ts-ignore: decorator
@inline
export function answer(at: usize, len: i32): i64 {
  return (i64(at) << 32) | i64(len);
}

/** Whether an f32 is neither infinite nor a NaN. */
// @ts-ignore: decorator
@inline
export function finite(at: usize): bool {
  return (load<u32>(at) & 0x7f800000) != 0x7f800000;
}
