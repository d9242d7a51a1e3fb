// Runs standard kernels in Node's V8, as a tab does: a new instance a task, the module compiled once. Reads lines {"name", "input" (a file: shared block and input), "output" (a file, or
// absent), "fuel" (or absent: plenty)} and writes for each {"code" (0, or what a refusal says), "trap", "fuel" (used), "bytes", "sha256", "ms"}.
//
//   node run.mjs
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PLENTY = 1n << 60n;
const DEPTH = 256;
const modules = new Map();

function module(name) {
  let found = modules.get(name);
  if (!found) modules.set(name, (found = new WebAssembly.Module(readFileSync(new URL(`./${name}/${name}.wasm`, import.meta.url)))));
  return found;
}

function run({ name, input, output, fuel }) {
  const bytes = readFileSync(input);
  const { exports } = new WebAssembly.Instance(module(name));
  const given = fuel === undefined ? PLENTY : BigInt(fuel);
  exports['egregore:fuel'].value = given;
  exports['egregore:depth'].value = DEPTH;
  const started = process.hrtime.bigint();
  let result;
  try {
    const at = exports.alloc(bytes.length);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    result = exports.run(at, bytes.length);
  } catch (trap) {
    return { code: 0, trap: String(trap), fuel: String(given), bytes: 0, sha256: '', ms: 0 };
  }
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  const used = String(given - exports['egregore:fuel'].value);
  if (result < 0n) return { code: Number(-result), trap: null, fuel: used, bytes: 0, sha256: '', ms };
  const answer = new Uint8Array(exports.memory.buffer, Number(result >> 32n), Number(result & 0xffffffffn));
  if (output) writeFileSync(output, answer);
  return { code: 0, trap: null, fuel: used, bytes: answer.length, sha256: createHash('sha256').update(answer).digest('hex'), ms };
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(run(JSON.parse(line))));
