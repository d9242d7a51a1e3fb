// The driver of the physics kernel: Rapier (@dimforge/rapier3d-deterministic) asks its JavaScript glue for 29 functions; they are here, so that the two modules together
// import nothing. It reads a task, builds the world anew, steps it and writes what came of it. Layouts are in README.md.
//
// It has no memory of its own: everything lies in Rapier's, taken from Rapier's allocator, so no static data here (no strings, arrays or classes).

// @ts-ignore: decorator
@external("env", "__wbindgen_export3") declare function malloc(bytes: i32, align: i32): i32;
// @ts-ignore: decorator
@external("env", "__wbindgen_export2") declare function release(address: i32, bytes: i32, align: i32): void;
// @ts-ignore: decorator
@external("env", "__wbindgen_add_to_stack_pointer") declare function moveStack(by: i32): i32;
// @ts-ignore: decorator
@external("env", "rawvector_new") declare function vector(x: f32, y: f32, z: f32): i32;
// @ts-ignore: decorator
@external("env", "rawrotation_new") declare function rotation(x: f32, y: f32, z: f32, w: f32): i32;
// @ts-ignore: decorator
@external("env", "__wbg_rawvector_free") declare function freeVector(vector: i32, moved: i32): void;
// @ts-ignore: decorator
@external("env", "__wbg_rawrotation_free") declare function freeRotation(rotation: i32, moved: i32): void;
// @ts-ignore: decorator
@external("env", "rawshape_cuboid") declare function cuboid(x: f32, y: f32, z: f32): i32;
// @ts-ignore: decorator
@external("env", "rawshape_ball") declare function ball(radius: f32): i32;
// @ts-ignore: decorator
@external("env", "__wbg_rawshape_free") declare function freeShape(shape: i32, moved: i32): void;
// @ts-ignore: decorator
@external("env", "rawintegrationparameters_new") declare function newParameters(): i32;
// @ts-ignore: decorator
@external("env", "rawintegrationparameters_set_dt") declare function setDt(parameters: i32, dt: f32): void;
// @ts-ignore: decorator
@external("env", "rawislandmanager_new") declare function newIslands(): i32;
// @ts-ignore: decorator
@external("env", "rawbroadphase_new") declare function newBroadPhase(): i32;
// @ts-ignore: decorator
@external("env", "rawnarrowphase_new") declare function newNarrowPhase(): i32;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_new") declare function newBodies(): i32;
// @ts-ignore: decorator
@external("env", "rawcolliderset_new") declare function newColliders(): i32;
// @ts-ignore: decorator
@external("env", "rawsoftbodyset_new") declare function newSoftBodies(): i32;
// @ts-ignore: decorator
@external("env", "rawimpulsejointset_new") declare function newImpulseJoints(): i32;
// @ts-ignore: decorator
@external("env", "rawmultibodyjointset_new") declare function newMultibodyJoints(): i32;
// @ts-ignore: decorator
@external("env", "rawccdsolver_new") declare function newCcdSolver(): i32;
// @ts-ignore: decorator
@external("env", "rawphysicspipeline_new") declare function newPipeline(): i32;
// @ts-ignore: decorator
@external("env", "rawphysicspipeline_step") declare function pipelineStep(pipeline: i32, gravity: i32, parameters: i32, islands: i32, broadPhase: i32, narrowPhase: i32, bodies: i32, colliders: i32,
  softBodies: i32, impulseJoints: i32, multibodyJoints: i32, ccdSolver: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_createRigidBody") declare function createBody(set: i32, enabled: i32, translation: i32, rotation: i32, gravityScale: f32, mass: f32, massOnly: i32, massCentre: i32,
  linvel: i32, angvel: i32, inertia: i32, inertiaFrame: i32, moveX: i32, moveY: i32, moveZ: i32, turnX: i32, turnY: i32, turnZ: i32, linearDamping: f32, angularDamping: f32, type: i32, canSleep: i32,
  sleeping: i32, softCcd: f32, ccd: i32, dominance: i32, solverIterations: i32, pgsIterations: i32): f64;
// @ts-ignore: decorator
@external("env", "rawcolliderset_createCollider") declare function createCollider(result: i32, set: i32, enabled: i32, shape: i32, translation: i32, rotation: i32, massMode: i32, mass: f32, massCentre: i32,
  inertia: i32, inertiaFrame: i32, density: f32, friction: f32, restitution: f32, frictionRule: i32, restitutionRule: i32, isSensor: i32, groups: i32, solverGroups: i32, collisionTypes: i32, hooks: i32,
  events: i32, forceThreshold: f32, skin: f32, hasParent: i32, parent: f64, bodies: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbTranslation") declare function readTranslation(set: i32, handle: f64, to: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbRotation") declare function readRotation(set: i32, handle: f64, to: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbLinvel") declare function readLinvel(set: i32, handle: f64, to: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbAngvel") declare function readAngvel(set: i32, handle: f64, to: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbIsSleeping") declare function isSleeping(set: i32, handle: f64): i32;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbSleep") declare function putToSleep(set: i32, handle: f64): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbSetLinvel") declare function setLinvel(set: i32, handle: f64, velocity: i32, wake: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbSetAngvel") declare function setAngvel(set: i32, handle: f64, velocity: i32, wake: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbApplyImpulse") declare function applyImpulse(set: i32, handle: f64, impulse: i32, wake: i32): void;
// @ts-ignore: decorator
@external("env", "rawrigidbodyset_rbApplyImpulseAtPoint") declare function applyImpulseAtPoint(set: i32, handle: f64, impulse: i32, point: i32, wake: i32): void;
// @ts-ignore: decorator
@external("env", "rawnarrowphase_contact_pairs_with") declare function contactPairsWith(narrowPhase: i32, handle: f64, callback: i32): void;
// @ts-ignore: decorator
@external("env", "rawnarrowphase_contact_pair") declare function contactPair(narrowPhase: i32, handle1: f64, handle2: f64): i32;
// @ts-ignore: decorator
@external("env", "rawcontactpair_numContactManifolds") declare function manifoldCount(pair: i32): i32;
// @ts-ignore: decorator
@external("env", "rawcontactpair_contactManifold") declare function manifoldAt(pair: i32, index: i32): i32;
// @ts-ignore: decorator
@external("env", "rawcontactmanifold_num_solver_contacts") declare function solverContacts(manifold: i32): i32;
// @ts-ignore: decorator
@external("env", "__wbg_rawcontactpair_free") declare function freePair(pair: i32, moved: i32): void;
// @ts-ignore: decorator
@external("env", "__wbg_rawcontactmanifold_free") declare function freeManifold(manifold: i32, moved: i32): void;

// What the engine's glue would hold as objects: constants, and numbers in slots.
const UNDEFINED: i32 = 1024;
const GLOBAL: i32 = 1028;
const PERFORMANCE: i32 = 1029;
const CALLBACK: i32 = 1030;
const FLOATS: i32 = 1031;
const NUMBERS: i32 = 1040;
const NUMBERS_MAX: i32 = 64;

let numbers: i32 = 0;
let numbersUsed: i64 = 0;
/** Where an array of floats that the engine fills lies. */
let floats: i32 = 0;

export function __wbindgen_object_drop_ref(index: i32): void {
  if (index >= NUMBERS && index < NUMBERS + NUMBERS_MAX) numbersUsed &= ~(1 << i64(index - NUMBERS));
}

export function __wbindgen_object_clone_ref(index: i32): i32 {
  return index < NUMBERS ? index : __wbindgen_generic_0000000000000001(load<f64>(numbers + ((index - NUMBERS) << 3)));
}

export function __wbindgen_generic_0000000000000001(number: f64): i32 {
  const slot = i32(ctz(~numbersUsed));
  if (slot >= NUMBERS_MAX) unreachable();
  numbersUsed |= 1 << i64(slot);
  store<f64>(numbers + (slot << 3), number);
  return NUMBERS + slot;
}

export function __wbg___wbindgen_is_function_1f9d30630b8b1d3d(index: i32): i32 { return i32(index == CALLBACK); }
export function __wbg___wbindgen_is_undefined_8865fb403f8fe9d8(index: i32): i32 { return i32(index == UNDEFINED); }
/** Neither true nor false: no callback gives one. */
export function __wbg___wbindgen_boolean_get_5b446f51afd21013(index: i32): i32 { return 0xFFFFFF; }

export function __wbg___wbindgen_number_get_2e0e7dee9f701a71(to: i32, index: i32): void {
  const isNumber = index >= NUMBERS;
  store<f64>(to + 8, isNumber ? load<f64>(numbers + ((index - NUMBERS) << 3)) : 0);
  store<i32>(to, i32(isNumber));
}

// A global object with a clock that stands still: the solver keeps times for its statistics.
export function __wbg_static_accessor_GLOBAL_THIS_10fb7dc1ae063179(): i32 { return GLOBAL; }
export function __wbg_static_accessor_GLOBAL_266715b9d96ba635(): i32 { return GLOBAL; }
export function __wbg_static_accessor_SELF_0b583911f537483a(): i32 { return 0; }
export function __wbg_static_accessor_WINDOW_d7f903d1508cbdc4(): i32 { return 0; }
export function __wbg_performance_3fcf6e32a7e1ed0a(index: i32): i32 { return index == GLOBAL ? PERFORMANCE : UNDEFINED; }
export function __wbg_now_e7c6795a7f81e10f(index: i32): f64 { return 0; }

// The one callback: it is told the other collider of each pair that may touch.
export function __wbg_call_187d372bd5fdd4aa(callback: i32, self: i32, a: i32): i32 {
  if (callback != CALLBACK || a < NUMBERS) unreachable();
  onPair(load<f64>(numbers + ((a - NUMBERS) << 3)));
  return UNDEFINED;
}

export function __wbg_set_070bd465f1c195a4(index: i32, address: i32, length: i32): void {
  if (index != FLOATS || length > 4) unreachable();
  memory.copy(floats, address, length << 2);
}

export function __wbg_set_index_3a9fd81ba7ece0c0(index: i32, at: i32, value: f32): void {
  if (index != FLOATS || u32(at) > 3) unreachable();
  store<f32>(floats + (at << 2), value);
}

export function __wbg_length_58572db4c38f3c3e(index: i32): i32 { return index == FLOATS ? 4 : 0; }

// What no task makes the engine ask for: snapshots, hooks, events, rays.
export function __wbg_call_1875a20c43a36133(callback: i32, self: i32, a: i32, b: i32): i32 { unreachable(); return 0; }
export function __wbg_call_939a2607c4484b0b(callback: i32, self: i32, a: i32, b: i32, c: i32): i32 { unreachable(); return 0; }
export function __wbg_bind_e7f12e49a3040c89(callback: i32, self: i32, a: i32, b: i32): i32 { unreachable(); return 0; }
export function __wbg_rawraycolliderintersection_new(address: i32): i32 { unreachable(); return 0; }
export function __wbg_rawcontactforceevent_new(address: i32): i32 { unreachable(); return 0; }
export function __wbg_rawsoftbodytearevent_new(address: i32): i32 { unreachable(); return 0; }
export function __wbg_rawshape_unwrap(index: i32): i32 { unreachable(); return 0; }
export function __wbg_length_7f3c00c40364105e(index: i32): i32 { unreachable(); return 0; }
export function __wbg_prototypesetcall_bc27214492979395(address: i32, length: i32, index: i32): void { unreachable(); }
export function __wbg_new_from_slice_9a868026ffa4208a(address: i32, length: i32): i32 { unreachable(); return 0; }
export function __wbg_new_with_length_cc0362bfe8499e5a(length: i32): i32 { unreachable(); return 0; }
export function __wbg___wbindgen_throw_41e9ee4f547fc59a(address: i32, length: i32): void { unreachable(); }

const VERSION: u32 = 1;
const HEADER: i32 = 64;
const STATIC: i32 = 12;
const BODY: i32 = 80;
const IMPULSE: i32 = 28;
const BLAST: i32 = 20;
const OUT_HEADER: i32 = 32;
const OUT_BODY: i32 = 56;

const INPUT_MAX: i32 = 1 << 20;
const STEPS_MAX: u32 = 16;
const STATICS_MAX: u32 = 8192;
const BODIES_MAX: u32 = 1024;
const IMPULSES_MAX: u32 = 1024;
const BLASTS_MAX: u32 = 64;
const PAIRS_MAX: u32 = 8192;

/** Length of the step in which contacts begin, in seconds. */
const BEGIN_SECONDS: f32 = 0.00001;

/** About what the engine takes for a body, and for a box, in bytes. */
const BODY_SPACE: i32 = 20480;
const BOX_SPACE: i32 = 1536;

const MALFORMED: i64 = -1;
const OUT_OF_RANGE: i64 = -2;

const ASLEEP: u32 = 1;
const BALL: u32 = 2;
const IMMOVABLE: u32 = 4;
const TOUCHES_STATIC: u32 = 2;
const SLOW: u32 = 4;
const ALL_REST: u32 = 1;

/** Rapier's kinds of bodies. */
const DYNAMIC: i32 = 0;
const FIXED: i32 = 1;

/** Below these a body counts as slow: squares of m/s and rad/s. */
const SLOW_LINEAR: f32 = 0.04;
const SLOW_ANGULAR: f32 = 0.09;

let bodies: i32 = 0;
let narrowPhase: i32 = 0;
let statics: i32 = 0;

let current: i32 = 0;
let currentFlags: u32 = 0;
let pairs: i32 = 0;
let pairsWritten: u32 = 0;
let pairsFound: u32 = 0;
let pairsMax: u32 = 0;
/** Pairs written before the current body's, which are kept in order. */
let pairsBefore: u32 = 0;

/** Room for a task; 0 where it is too large. */
export function alloc(len: i32): i32 {
  return u32(len) > u32(INPUT_MAX) ? 0 : malloc(max(len, 16), 16);
}

function f(at: i32): f32 { return load<f32>(at); }

/** Between two bounds; a NaN is not. */
function within(value: f32, least: f32, most: f32): bool { return value >= least && value <= most; }

function allWithin(at: i32, count: i32, most: f32): bool {
  for (let i = 0; i < count; i++) if (!within(f(at + (i << 2)), -most, most)) return false;
  return true;
}

/** Handles are an index with a generation, which is 0 where nothing was ever removed. */
function handleOf(index: i32): f64 { return reinterpret<f64>(u64(u32(index))); }

function isValidBody(at: i32): bool {
  const flags = load<u32>(at);
  if (flags > (ASLEEP | BALL | IMMOVABLE) || (flags & (ASLEEP | IMMOVABLE)) == (ASLEEP | IMMOVABLE)) return false;
  for (let i = 4; i < 16; i += 4) if (!within(f(at + i), 0.01, 64)) return false;
  if ((flags & BALL) != 0 && (f(at + 4) != f(at + 8) || f(at + 4) != f(at + 12))) return false;
  if (!allWithin(at + 16, 3, 8192) || !allWithin(at + 28, 4, 1.01) || !allWithin(at + 44, 3, 1000) || !allWithin(at + 56, 3, 1000)) return false;
  const norm = f(at + 28) * f(at + 28) + f(at + 32) * f(at + 32) + f(at + 36) * f(at + 36) + f(at + 40) * f(at + 40);
  return within(norm, 0.98, 1.02) && within(f(at + 68), 0.001, 100000) && within(f(at + 72), 0, 10) && within(f(at + 76), 0, 1);
}

function isValidStatic(at: i32): bool {
  for (let i = 0; i < 6; i += 2) if (load<i16>(at + i) >= load<i16>(at + i + 6)) return false;
  return true;
}

function addCollider(colliders: i32, shape: i32, x: f32, y: f32, z: f32, density: f32, friction: f32, restitution: f32, hasParent: i32, parent: f64): void {
  const translation = vector(x, y, z);
  const turned = rotation(0, 0, 0, 1);
  const none = vector(0, 0, 0);
  const result = moveStack(-16);
  createCollider(result, colliders, 1, shape, translation, turned, 0, 0, none, none, turned, density, friction, restitution, 0, 0, 0, -1, -1, 15, 0, 0, 0, 0, hasParent, parent, bodies);
  if (load<i32>(result) == 0) unreachable();
  moveStack(16);
  freeShape(shape, 0);
  freeVector(translation, 0);
  freeRotation(turned, 0);
  freeVector(none, 0);
}

function addStatic(colliders: i32, at: i32, unit: f32, friction: f32, restitution: f32): void {
  const half: f32 = unit * 0.5;
  const x0 = f32(load<i16>(at)), y0 = f32(load<i16>(at + 2)), z0 = f32(load<i16>(at + 4));
  const x1 = f32(load<i16>(at + 6)), y1 = f32(load<i16>(at + 8)), z1 = f32(load<i16>(at + 10));
  addCollider(colliders, cuboid((x1 - x0) * half, (y1 - y0) * half, (z1 - z0) * half), (x1 + x0) * half, (y1 + y0) * half, (z1 + z0) * half, 1, friction, restitution, 0, 0);
}

function addBody(colliders: i32, at: i32, index: i32): void {
  const flags = load<u32>(at);
  const translation = vector(f(at + 16), f(at + 20), f(at + 24));
  const turned = rotation(f(at + 28), f(at + 32), f(at + 36), f(at + 40));
  const none = vector(0, 0, 0);
  const frame = rotation(0, 0, 0, 1);
  const type = (flags & IMMOVABLE) != 0 ? FIXED : DYNAMIC;
  const handle = createBody(bodies, 1, translation, turned, 1, 0, 0, none, none, none, none, frame, 1, 1, 1, 1, 1, 1, 0, 0, type, 1, 0, 0, 0, 0, 0, 0);
  if (reinterpret<u64>(handle) != u64(index)) unreachable();
  freeVector(translation, 0);
  freeRotation(turned, 0);
  freeVector(none, 0);
  freeRotation(frame, 0);
  const shape = (flags & BALL) != 0 ? ball(f(at + 4)) : cuboid(f(at + 4), f(at + 8), f(at + 12));
  addCollider(colliders, shape, 0, 0, 0, f(at + 68), f(at + 72), f(at + 76), 1, handle);
}

function hasSleepers(at: i32, count: i32): bool {
  for (let i = 0; i < count; i++) if ((load<u32>(at + i * BODY) & ASLEEP) != 0) return true;
  return false;
}

/** A sleeper has no motion, and what is immovable never gets any. */
function setMotion(at: i32, handle: f64): void {
  if ((load<u32>(at) & IMMOVABLE) != 0) return;
  if ((load<u32>(at) & ASLEEP) != 0) {
    putToSleep(bodies, handle);
    return;
  }
  const linvel = vector(f(at + 44), f(at + 48), f(at + 52));
  const angvel = vector(f(at + 56), f(at + 60), f(at + 64));
  setLinvel(bodies, handle, linvel, 1);
  setAngvel(bodies, handle, angvel, 1);
  freeVector(linvel, 0);
  freeVector(angvel, 0);
}

function push(index: i32, x: f32, y: f32, z: f32): void {
  const impulse = vector(x, y, z);
  applyImpulse(bodies, handleOf(index), impulse, 1);
  freeVector(impulse, 0);
}

/** Away from the centre, less with the distance; a body at the centre goes up. */
function blast(at: i32, bodiesAt: i32, count: i32): void {
  const radius = f(at + 12);
  floats = malloc(16, 16);
  for (let i = 0; i < count; i++) {
    if ((load<u32>(bodiesAt + i * BODY) & IMMOVABLE) != 0) continue;
    readTranslation(bodies, handleOf(i), FLOATS);
    const x = f(floats) - f(at), y = f(floats + 4) - f(at + 4), z = f(floats + 8) - f(at + 8);
    const distance = sqrt<f32>(x * x + y * y + z * z);
    if (distance >= radius) continue;
    const strength: f32 = f(at + 16) * (1 - distance / radius);
    if (distance < 0.0001) push(i, 0, strength, 0);
    else push(i, strength * (x / distance), strength * (y / distance), strength * (z / distance));
  }
}

function touches(first: f64, second: f64): bool {
  const pair = contactPair(narrowPhase, first, second);
  if (pair == 0) return false;
  let found = false;
  for (let i = 0, count = manifoldCount(pair); i < count && !found; i++) {
    const manifold = manifoldAt(pair, i);
    if (manifold == 0) continue;
    found = solverContacts(manifold) > 0;
    freeManifold(manifold, 0);
  }
  freePair(pair, 0);
  return found;
}

function onPair(other: f64): void {
  const index = i32(reinterpret<u64>(other)) - statics;
  // Each pair is told from both sides.
  if (index >= 0 && index <= current) return;
  if (!touches(handleOf(statics + current), other)) return;
  if (index < 0) {
    currentFlags |= TOUCHES_STATIC;
    return;
  }
  pairsFound++;
  if (pairsWritten == pairsMax) return;
  let place = pairsWritten++;
  for (; place > pairsBefore && i32(load<u16>(pairs + (place - 1 << 2) + 2)) > index; place--) store<u32>(pairs + (place << 2), load<u32>(pairs + (place - 1 << 2)));
  store<u16>(pairs + (place << 2), u16(current));
  store<u16>(pairs + (place << 2) + 2, u16(index));
}

/** Runs a task: the output's address and length, or a refusal. */
export function run(ptr: i32, len: i32): i64 {
  if (len < HEADER || len > INPUT_MAX || load<u32>(ptr) != VERSION) return MALFORMED;
  const steps = load<u32>(ptr + 4);
  const dt = f(ptr + 8);
  const unit = f(ptr + 24);
  const staticCount = load<u32>(ptr + 36);
  const bodyCount = load<u32>(ptr + 40);
  const impulseCount = load<u32>(ptr + 44);
  const blastCount = load<u32>(ptr + 48);
  pairsMax = load<u32>(ptr + 52);
  if (staticCount > STATICS_MAX || bodyCount > BODIES_MAX || impulseCount > IMPULSES_MAX || blastCount > BLASTS_MAX || pairsMax > PAIRS_MAX) return MALFORMED;
  if (len != HEADER + i32(staticCount) * STATIC + i32(bodyCount) * BODY + i32(impulseCount) * IMPULSE + i32(blastCount) * BLAST) return MALFORMED;
  if (load<u64>(ptr + 56) != 0 || bodyCount == 0) return MALFORMED;
  if (steps == 0 || steps > STEPS_MAX || !within(dt, 0.001, 0.0667) || !allWithin(ptr + 12, 3, 1000) || !within(unit, 0.05, 4)) return OUT_OF_RANGE;
  if (!within(f(ptr + 28), 0, 10) || !within(f(ptr + 32), 0, 1)) return OUT_OF_RANGE;
  const staticsAt = ptr + HEADER;
  const bodiesAt = staticsAt + i32(staticCount) * STATIC;
  const impulsesAt = bodiesAt + i32(bodyCount) * BODY;
  const blastsAt = impulsesAt + i32(impulseCount) * IMPULSE;
  for (let i: u32 = 0; i < staticCount; i++) if (!isValidStatic(staticsAt + i32(i) * STATIC)) return OUT_OF_RANGE;
  for (let i: u32 = 0; i < bodyCount; i++) if (!isValidBody(bodiesAt + i32(i) * BODY)) return OUT_OF_RANGE;
  for (let i: u32 = 0; i < impulseCount; i++) {
    const at = impulsesAt + i32(i) * IMPULSE;
    if (load<u32>(at) >= bodyCount || !allWithin(at + 4, 3, 10000000) || !allWithin(at + 16, 3, 8192)) return OUT_OF_RANGE;
  }
  for (let i: u32 = 0; i < blastCount; i++) {
    const at = blastsAt + i32(i) * BLAST;
    if (!allWithin(at, 3, 8192) || !within(f(at + 12), 0.01, 256) || !within(f(at + 16), 0, 10000000)) return OUT_OF_RANGE;
  }

  // Growing copies the memory in some engines: once, and not a page at a time.
  const space = i32(bodyCount) * BODY_SPACE + i32(staticCount) * BOX_SPACE;
  release(malloc(space, 16), space, 16);
  numbers = malloc(NUMBERS_MAX << 3, 16);
  statics = i32(staticCount);
  bodies = newBodies();
  narrowPhase = newNarrowPhase();
  const parameters = newParameters(), islands = newIslands(), broadPhase = newBroadPhase(), colliders = newColliders(), softBodies = newSoftBodies();
  const impulseJoints = newImpulseJoints(), multibodyJoints = newMultibodyJoints(), ccdSolver = newCcdSolver(), pipeline = newPipeline();
  for (let i: u32 = 0; i < staticCount; i++) addStatic(colliders, staticsAt + i32(i) * STATIC, unit, f(ptr + 28), f(ptr + 32));
  for (let i: u32 = 0; i < bodyCount; i++) addBody(colliders, bodiesAt + i32(i) * BODY, i32(i));
  const gravity = vector(f(ptr + 12), f(ptr + 16), f(ptr + 20));
  if (hasSleepers(bodiesAt, i32(bodyCount))) {
    // A contact that begins wakes, and in a new world all contacts begin: they do in a step that is next to nothing, before anything moves.
    const none = vector(0, 0, 0);
    setDt(parameters, BEGIN_SECONDS);
    pipelineStep(pipeline, none, parameters, islands, broadPhase, narrowPhase, bodies, colliders, softBodies, impulseJoints, multibodyJoints, ccdSolver);
    freeVector(none, 0);
  }
  setDt(parameters, dt);
  for (let i: u32 = 0; i < bodyCount; i++) setMotion(bodiesAt + i32(i) * BODY, handleOf(i32(i)));
  for (let i: u32 = 0; i < impulseCount; i++) {
    const at = impulsesAt + i32(i) * IMPULSE;
    if ((load<u32>(bodiesAt + load<i32>(at) * BODY) & IMMOVABLE) != 0) continue;
    const impulse = vector(f(at + 4), f(at + 8), f(at + 12));
    const point = vector(f(at + 16), f(at + 20), f(at + 24));
    applyImpulseAtPoint(bodies, handleOf(load<i32>(at)), impulse, point, 1);
    freeVector(impulse, 0);
    freeVector(point, 0);
  }
  for (let i: u32 = 0; i < blastCount; i++) blast(blastsAt + i32(i) * BLAST, bodiesAt, i32(bodyCount));

  const out = malloc(OUT_HEADER + i32(bodyCount) * OUT_BODY + (i32(pairsMax) << 2), 16);
  memory.fill(out, 0, OUT_HEADER);
  for (let i: u32 = 0; i < bodyCount; i++) store<u32>(out + OUT_HEADER + i32(i) * OUT_BODY + 52, SLOW);
  for (let i: u32 = 0; i < steps; i++) {
    pipelineStep(pipeline, gravity, parameters, islands, broadPhase, narrowPhase, bodies, colliders, softBodies, impulseJoints, multibodyJoints, ccdSolver);
    readMotion(out + OUT_HEADER, i32(bodyCount));
  }

  let rest = ALL_REST;
  pairs = out + OUT_HEADER + i32(bodyCount) * OUT_BODY;
  for (let i: u32 = 0; i < bodyCount; i++) {
    const to = out + OUT_HEADER + i32(i) * OUT_BODY;
    const handle = handleOf(i32(i));
    floats = to;
    readTranslation(bodies, handle, FLOATS);
    floats = to + 12;
    readRotation(bodies, handle, FLOATS);
    current = i32(i);
    currentFlags = load<u32>(to + 52);
    pairsBefore = pairsWritten;
    contactPairsWith(narrowPhase, handleOf(statics + current), CALLBACK);
    const from = bodiesAt + i32(i) * BODY;
    const flags = load<u32>(from);
    if ((flags & IMMOVABLE) != 0 || (isSleeping(bodies, handle) && (flags & ASLEEP) != 0)) {
      // To the bit where it was.
      currentFlags |= ASLEEP;
      memory.copy(to, from + 16, 28);
      memory.fill(to + 28, 0, 24);
    }
    if ((currentFlags & (ASLEEP | SLOW)) == 0) rest = 0;
    store<u32>(to + 52, currentFlags);
  }
  store<u32>(out, VERSION);
  store<u32>(out + 4, bodyCount);
  store<u32>(out + 8, pairsWritten);
  store<u32>(out + 12, pairsFound);
  store<u32>(out + 16, rest);
  return (i64(u32(out)) << 32) | i64(OUT_HEADER + i32(bodyCount) * OUT_BODY + (i32(pairsWritten) << 2));
}

/** Velocities after a step; who was fast once is not slow. */
function readMotion(out: i32, count: i32): void {
  for (let i = 0; i < count; i++) {
    const to = out + i * OUT_BODY;
    floats = to + 28;
    readLinvel(bodies, handleOf(i), FLOATS);
    floats = to + 40;
    readAngvel(bodies, handleOf(i), FLOATS);
    const linear = f(to + 28) * f(to + 28) + f(to + 32) * f(to + 32) + f(to + 36) * f(to + 36);
    const angular = f(to + 40) * f(to + 40) + f(to + 44) * f(to + 44) + f(to + 48) * f(to + 48);
    if (!(linear < SLOW_LINEAR && angular < SLOW_ANGULAR)) store<u32>(to + 52, 0);
  }
}
