// The official Rapier package, loaded by rapier-loader.mjs, and what those who measure it share.
import { register } from 'node:module';

register('./rapier-loader.mjs', import.meta.url);
// The solver keeps times for its statistics in memory: constant, so that memories can be compared.
performance.now = () => 0;
export const { default: RAPIER } = await import('@dimforge/rapier3d-deterministic/rapier.js');
export const { memory } = await import('@dimforge/rapier3d-deterministic/rapier_wasm3d_bg.wasm');

/** The engine's part of a world's step alone: `world.step()` asks the engine afterwards for bodies that it does not know. */
export function stepOnly(w) {
  w.physicsPipeline.step(w.gravity, w.integrationParameters, w.islands, w.broadPhase, w.narrowPhase, w.bodies, w.colliders, w.softBodies, w.impulseJoints, w.multibodyJoints, w.ccdSolver);
}

/** Seven floats for each body, little-endian: translation x y z, rotation x y z w. */
export function stateOf(bodies) {
  const floats = new Float32Array(bodies.length * 7);
  bodies.forEach((body, i) => {
    const { x, y, z } = body.translation(), q = body.rotation();
    floats.set([x, y, z, q.x, q.y, q.z, q.w], i * 7);
  });
  return Buffer.from(floats.buffer);
}
