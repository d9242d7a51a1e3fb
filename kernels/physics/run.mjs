// The physics kernel in Node's V8, as a tab runs it. Reads tasks, a line of base64 each; writes for each {"code", "fuel", "pages", "output" (base64), "ms"}.
//
//   node run.mjs
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PLENTY = 1n << 60n;
const DEPTH = 256;
const module = new WebAssembly.Module(readFileSync(new URL('./physics.wasm', import.meta.url)));

for await (const line of createInterface({ input: process.stdin })) {
  const task = Buffer.from(line, 'base64');
  const started = process.hrtime.bigint();
  const { exports } = new WebAssembly.Instance(module);
  exports['egregore:fuel'].value = PLENTY;
  exports['egregore:depth'].value = DEPTH;
  const at = exports.alloc(task.length);
  new Uint8Array(exports.memory.buffer).set(task, at);
  const result = exports.run(at, task.length);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  const output = result < 0n ? Buffer.alloc(0) : Buffer.from(exports.memory.buffer, Number(result >> 32n), Number(result & 0xffffffffn));
  const code = result < 0n ? Number(-result) : 0;
  console.log(JSON.stringify({ code, fuel: String(PLENTY - exports['egregore:fuel'].value), pages: exports.memory.buffer.byteLength >> 16, output: output.toString('base64'), ms }));
}
