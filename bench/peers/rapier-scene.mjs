// A thousand boxes and balls that fall onto a ground, through the official package's own interface. RapierScene.cs builds the same from the raw exports.
import { createHash } from 'node:crypto';
import { RAPIER, memory, stateOf, stepOnly } from './rapier.mjs';

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
    stepOnly(this.world);
  }

  /** As stateOf has it. */
  state() {
    return stateOf(this.bodies);
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
