// Islands in the official Rapier package, from tasks of the physics kernel (layout in kernels/physics/README.md): the same bodies and blocks in the same order, so that a new world answers to the bit
// what the kernel does. Reads JSON lines, writes {"ms", "state"} for each; the state is position and rotation of each body, seven floats little-endian, in base64.
//
//   {"new": TASK}    makes a world of the task and takes its steps
//   {"keep": TASK}   makes a world that stays, in which nothing falls asleep, and takes the task's steps
//   {"step": N}      takes N steps in it
import { createInterface } from 'node:readline';
import { RAPIER, stateOf, stepOnly } from './rapier.mjs';

const HEADER = 64, BOX = 12, BODY = 80, BALL = 2;

class Island {
  constructor(task, canSleep) {
    const at = Buffer.from(task, 'base64');
    const f = (offset) => at.readFloatLE(offset);
    const vector = (offset) => ({ x: f(offset), y: f(offset + 4), z: f(offset + 8) });
    this.steps = at.readUInt32LE(4);
    this.world = new RAPIER.World(vector(12));
    this.world.timestep = f(8);
    const half = f(24) / 2, boxes = at.readUInt32LE(36), bodies = at.readUInt32LE(40);
    for (let i = 0, box = HEADER; i < boxes; i++, box += BOX) {
      const [x0, y0, z0, x1, y1, z1] = [0, 2, 4, 6, 8, 10].map((offset) => at.readInt16LE(box + offset));
      this.world.createCollider(RAPIER.ColliderDesc.cuboid((x1 - x0) * half, (y1 - y0) * half, (z1 - z0) * half)
        .setTranslation((x1 + x0) * half, (y1 + y0) * half, (z1 + z0) * half).setFriction(f(28)).setRestitution(f(32)));
    }
    this.bodies = [];
    for (let i = 0, body = HEADER + boxes * BOX; i < bodies; i++, body += BODY) {
      const { x, y, z } = vector(body + 16);
      const made = this.world.createRigidBody(RAPIER.RigidBodyDesc.dynamic().setTranslation(x, y, z)
        .setRotation({ ...vector(body + 28), w: f(body + 40) }).setCanSleep(canSleep));
      const shape = at.readUInt32LE(body) & BALL ? RAPIER.ColliderDesc.ball(f(body + 4)) : RAPIER.ColliderDesc.cuboid(f(body + 4), f(body + 8), f(body + 12));
      this.world.createCollider(shape.setDensity(f(body + 68)).setFriction(f(body + 72)).setRestitution(f(body + 76)), made);
      this.bodies.push(made);
      made.setLinvel(vector(body + 44), true);
      made.setAngvel(vector(body + 56), true);
    }
  }

  step(steps) {
    for (let i = 0; i < steps; i++) stepOnly(this.world);
  }

  state() {
    return stateOf(this.bodies).toString('base64');
  }

  free() {
    this.world.free();
  }
}

let kept;

function run(line) {
  const started = process.hrtime.bigint();
  let island = kept;
  if (line.step) {
    kept.step(line.step);
  } else {
    island = new Island(line.new ?? line.keep, !line.keep);
    island.step(island.steps);
  }
  const state = island.state();
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (line.keep) {
    kept?.free();
    kept = island;
  } else if (line.new) {
    island.free();
  }
  return { ms, state };
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(run(JSON.parse(line))));
