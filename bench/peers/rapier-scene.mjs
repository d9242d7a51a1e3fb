// A thousand boxes and balls that fall onto a ground, through the official package's own interface. RapierScene.cs builds the same from the raw exports.
import { register } from 'node:module';
import { createHash } from 'node:crypto';

register('./rapier-loader.mjs', import.meta.url);
// The solver keeps times for its statistics in memory: constant, so that memories can be compared.
performance.now = () => 0;
export const { default: RAPIER } = await import('@dimforge/rapier3d-deterministic/rapier.js');
const { memory } = await import('@dimforge/rapier3d-deterministic/rapier_wasm3d_bg.wasm');

export class Scene {
  constructor(bodies) {
    this.world = new RAPIER.World({ x: 0, y: -9.81, z: 0 });
    this.world.createCollider(RAPIER.ColliderDesc.cuboid(60, 0.5, 60).setTranslation(0, -0.5, 0));
    this.bodies = [];
    for (let i = 0; i < bodies; i++) {
      const column = i % 10, row = Math.floor(i / 10) % 10, layer = Math.floor(i / 100);
      const body = this.world.createRigidBody(RAPIER.RigidBodyDesc.dynamic()
        .setTranslation(column * 1.25 + layer * 0.125 - 6, layer * 1.5 + 1, row * 1.25 + (layer % 3) * 0.25 - 6)
        .setCanSleep(false));
      this.world.createCollider(i % 2 ? RAPIER.ColliderDesc.ball(0.5) : RAPIER.ColliderDesc.cuboid(0.5, 0.375, 0.625), body);
      this.bodies.push(body);
    }
  }

  /** One step of a 60th of a second, as a game calls it: after it the package asks the engine for bodies that it does not know. */
  step() {
    this.world.step();
  }

  /** The engine's part of a step alone. */
  stepOnly() {
    const w = this.world;
    w.physicsPipeline.step(w.gravity, w.integrationParameters, w.islands, w.broadPhase, w.narrowPhase, w.bodies, w.colliders, w.softBodies, w.impulseJoints, w.multibodyJoints, w.ccdSolver);
  }

  /** Seven floats for each body, little-endian: translation x y z, rotation x y z w. */
  state() {
    const floats = new Float32Array(this.bodies.length * 7);
    this.bodies.forEach((body, i) => {
      const { x, y, z } = body.translation(), q = body.rotation();
      floats.set([x, y, z, q.x, q.y, q.z, q.w], i * 7);
    });
    return Buffer.from(floats.buffer);
  }

  hash() {
    return createHash('sha256').update(this.state()).digest('hex');
  }

  /** Of the whole linear memory. */
  memoryHash() {
    return createHash('sha256').update(new Uint8Array(memory.buffer)).digest('hex');
  }

  free() {
    this.world.free();
  }
}
