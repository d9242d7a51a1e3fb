// The thousand bodies in the official package: writes {"step", "hash"} after every 50 steps; at the end {"state"}, in base64, and {"memory"}, a hash of the linear memory.
//
//   node wasm-rapier.mjs [BODIES] [STEPS]
import { Scene } from './rapier-scene.mjs';

const bodies = Number(process.argv[2] ?? 1000);
const steps = Number(process.argv[3] ?? 300);
const scene = new Scene(bodies);
for (let step = 1; step <= steps; step++) {
  scene.step();
  if (step % 50 === 0) console.log(JSON.stringify({ step, hash: scene.hash() }));
}
console.log(JSON.stringify({ state: scene.state().toString('base64') }));
console.log(JSON.stringify({ memory: scene.memoryHash() }));
