// V8 beside Egregore.Wasm: bench/kernels run on request, so that the two take turns on a machine that others use too.
// Reads lines "NAME N", runs that kernel once and writes {"ms", "result"}; the result is the i64 as decimal text. "scene N" makes a new scene
// of N bodies in the official Rapier package, "step N" takes N steps of it; their result is a hash of all positions and rotations.
//
//   node wasm.mjs
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const kernels = new Map();

function kernel(name) {
  let run = kernels.get(name);
  if (!run) {
    const bytes = readFileSync(new URL(`../kernels/${name}/${name}.wasm`, import.meta.url));
    run = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.run;
    kernels.set(name, run);
  }
  return run;
}

let scene;

async function rapier(command, n) {
  const { Scene } = await import('./rapier-scene.mjs');
  const started = process.hrtime.bigint();
  if (command === 'scene') {
    scene?.free();
    scene = new Scene(n);
  } else {
    for (let i = 0; i < n; i++) scene.stepOnly();
  }
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  return { ms, result: scene.hash() };
}

function run(name, n) {
  const call = kernel(name);
  const started = process.hrtime.bigint();
  const result = call(n);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  return { ms, result: String(result) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, n] = line.split(' ');
  const answer = name === 'scene' || name === 'step' ? await rapier(name, Number(n)) : run(name, Number(n));
  console.log(JSON.stringify(answer));
}
