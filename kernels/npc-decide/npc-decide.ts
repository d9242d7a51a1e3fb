// What each character does next: every action's considerations are read from the character's facts, bent by a cubic, multiplied, and the best action wins. Layout: README.md.
import { answer, finite, MALFORMED, room } from '../lib/abi';
export { alloc } from '../lib/abi';

const HEADER: i32 = 8;
const NPCS_MAX: i32 = 16384;
const ACTIONS_MAX: i32 = 64;
const FACTS_MAX: i32 = 32;
const FACTS_IN_ALL_MAX: i32 = 131072;
const CONSIDERATIONS_MAX: i32 = 512;
const PER_ACTION_MAX: i32 = 16;
const ACTION: i32 = 8; // u16 first consideration, u16 count, f32 weight
const CONSIDERATION: i32 = 28; // u32 fact, f32 low, high, a, b, c, d
const NOTHING: u16 = 0xffff;

// @ts-ignore: decorator
@inline
function unit(value: f32): f32 {
  // A NaN, which only an overflow can make, counts as 0.
  return value > 0 ? (value < 1 ? value : 1) : 0;
}

// @ts-ignore: decorator
@inline
function score(action: usize, considerations: usize, facts: usize): f32 {
  const count = i32(load<u16>(action, 2));
  // Many considerations below 1 would sink an action: each is given back a part of what it lacks.
  const repay: f32 = 1 - <f32>1 / f32(max(count, 1));
  let result: f32 = 1;
  let at = considerations + i32(load<u16>(action)) * CONSIDERATION;
  for (let i = 0; i < count; i++, at += CONSIDERATION) {
    const low = load<f32>(at, 4);
    const t = unit((load<f32>(facts + (usize(load<u32>(at)) << 2)) - low) / (load<f32>(at, 8) - low));
    const y = unit(((load<f32>(at, 12) * t + load<f32>(at, 16)) * t + load<f32>(at, 20)) * t + load<f32>(at, 24));
    result = result * (y + (1 - y) * repay * y);
  }
  return result * load<f32>(action, 4);
}

export function run(ptr: i32, len: i32): i64 {
  const input = usize(ptr);
  if (len < HEADER) return MALFORMED;
  const npcs = i32(load<u16>(input)), actions = i32(load<u16>(input, 2)), facts = i32(load<u16>(input, 4)), considerations = i32(load<u16>(input, 6));
  if (npcs > NPCS_MAX || actions < 1 || actions > ACTIONS_MAX || facts < 1 || facts > FACTS_MAX || considerations > CONSIDERATIONS_MAX || npcs * facts > FACTS_IN_ALL_MAX) return MALFORMED;
  if (len != HEADER + actions * ACTION + considerations * CONSIDERATION + npcs * facts * 4) return MALFORMED;
  const firstAction = input + HEADER, firstConsideration = firstAction + actions * ACTION, firstFact = firstConsideration + considerations * CONSIDERATION;
  for (let i = 0; i < actions; i++) {
    const at = firstAction + i * ACTION;
    const count = i32(load<u16>(at, 2));
    if (count > PER_ACTION_MAX || i32(load<u16>(at)) + count > considerations || !finite(at + 4) || load<f32>(at, 4) < 0) return MALFORMED;
  }
  for (let i = 0; i < considerations; i++) {
    const at = firstConsideration + i * CONSIDERATION;
    if (load<u32>(at) >= u32(facts)) return MALFORMED;
    for (let j = 4; j < CONSIDERATION; j += 4) {
      if (!finite(at + j)) return MALFORMED;
    }
    if (load<f32>(at, 4) >= load<f32>(at, 8)) return MALFORMED;
  }
  for (let at = firstFact; at < input + len; at += 4) {
    if (!finite(at)) return MALFORMED;
  }
  const output = room(npcs << 3);
  for (let npc = 0; npc < npcs; npc++) {
    const mine = firstFact + npc * facts * 4;
    let best: f32 = 0, next: f32 = 0;
    let pick = NOTHING, second = NOTHING;
    for (let i = 0; i < actions; i++) {
      const value = score(firstAction + i * ACTION, firstConsideration, mine);
      if (value > best) {
        next = best;
        second = pick;
        best = value;
        pick = u16(i);
      } else if (value > next) {
        next = value;
        second = u16(i);
      }
    }
    const at = output + (npc << 3);
    store<u16>(at, pick);
    store<u16>(at, second, 2);
    store<f32>(at, best, 4);
  }
  return answer(output, npcs << 3);
}
