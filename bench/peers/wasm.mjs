// V8 beside Egregore.Wasm: bench/kernels run on request, so that the two take turns on a machine that others use too.
// Reads lines "NAME N", runs that kernel once and writes {"ms", "result"}; the result is the i64 as decimal text.
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

for await (const line of createInterface({ input: process.stdin })) {
  const [name, n] = line.split(' ');
  const run = kernel(name);
  const started = process.hrtime.bigint();
  const result = run(Number(n));
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  console.log(JSON.stringify({ ms, result: String(result) }));
}
