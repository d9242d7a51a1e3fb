// V8 as the other opinion on generated modules. A line in, a line out:
//   "v BASE64"  "1", or "! REASON": is this a valid module?
//   "m BASE64"  instantiates it and makes the calls that its last custom section "calls" lists, NAME:PARAMETERS:RESULTS:ARGUMENTS;...; writes what came of
//               each, a hash of the memory and the exported numbers. A metered module's fuel is FUEL for each call, and written after it
//   "r BASE64"  the same, with a call of the export "refuel" before each
//
//   node wasm-fuzz.mjs [FUEL]
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

const fuelName = 'egregore:fuel';
const fuel = BigInt(process.argv[2] ?? 0);
const view = new DataView(new ArrayBuffer(8));

function fromBits(type, bits) {
  view.setBigUint64(0, BigInt(`0x${bits}`));
  switch (type) {
    case 'i': return view.getInt32(4);
    case 'I': return view.getBigInt64(0);
    case 'f': return view.getFloat32(4);
    default: return view.getFloat64(0);
  }
}

function toText(type, value) {
  if (type === 'i' || type === 'I') return String(value);
  if (Number.isNaN(value)) return 'nan';
  view.setBigUint64(0, 0n);
  if (type === 'f') view.setFloat32(4, value);
  else view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16);
}

const kinds = [
  [/^unreachable/, 'unreachable'], [/memory access out of bounds|data segment.*out of bounds/, 'memory'], [/divide by zero|remainder by zero/, 'zero'], [/divide result unrepresentable|float unrepresentable/, 'overflow'],
  [/null function|signature mismatch/, 'call'], [/table index is out of bounds|table.*out of bounds|element segment.*out of bounds/, 'table'],
];

function trap(error) {
  if (error instanceof RangeError) return 'trap:stack';
  if (!(error instanceof WebAssembly.RuntimeError)) return `${error.name} ${error.message}`;
  const kind = kinds.find(([pattern]) => pattern.test(error.message));
  return `trap:${kind ? kind[1] : error.message}`;
}

function host() {
  let state = 17;
  return {
    mix: (x) => (state = (Math.imul(state, 31) + x) | 0),
    fold: (x, y) => {
      state = (Math.imul(state, 31) + Number(BigInt.asIntN(32, x))) | 0;
      view.setFloat64(0, y);
      return x ^ (Number.isNaN(y) ? 0n : view.getBigInt64(0));
    },
    count: () => (state = (state + 1) | 0),
    half: (x) => x * 0.5,
  };
}

function run(bytes, refuels) {
  const module = new WebAssembly.Module(bytes);
  const section = WebAssembly.Module.customSections(module, 'calls').at(-1);
  const calls = section ? Buffer.from(section).toString() : '';
  let instance;
  try {
    instance = new WebAssembly.Instance(module, { host: host() });
  } catch (error) {
    return `start ${trap(error)}`;
  }
  const { exports } = instance;
  const metered = exports[fuelName] !== undefined;
  const lines = [];
  for (const call of calls ? calls.split(';') : []) {
    const [name, parameters, results, list] = call.split(':');
    const values = list ? list.split(',').map((bits, i) => fromBits(parameters[i], bits)) : [];
    if (metered) exports[fuelName].value = fuel;
    if (refuels) exports.refuel();
    try {
      const given = exports[name](...values);
      const all = results.length === 1 ? [given] : results.length === 0 ? [] : given;
      lines.push(all.map((value, i) => toText(results[i], value)).join(','));
    } catch (error) {
      lines.push(trap(error));
    }
    if (metered) lines.push(`fuel ${exports[fuelName].value}`);
  }
  if (exports.memory instanceof WebAssembly.Memory) {
    const memory = Buffer.from(exports.memory.buffer);
    lines.push(`memory ${memory.length} ${createHash('sha256').update(memory).digest('hex')}`);
  }
  for (const name of Object.keys(exports).sort()) {
    const text = exports[name] instanceof WebAssembly.Global ? globalText(exports[name]) : undefined;
    if (text !== undefined) lines.push(`${name}=${text}`);
  }
  return lines.join(';');
}

// The interface does not tell i32 from f32 and f64: as a double, all three compare.
function globalText(global) {
  let value;
  try {
    ({ value } = global);
  } catch {
    return undefined; // a v128, which JavaScript cannot see
  }
  return typeof value === 'bigint' ? String(value) : typeof value === 'number' ? toText('F', value) : undefined;
}

// An error quotes names of the module, which may hold anything; the answer is one line.
function say(text) {
  console.log(text.replaceAll(/[\r\n]/g, ' '));
}

for await (const line of createInterface({ input: process.stdin })) {
  const bytes = Buffer.from(line.slice(2), 'base64');
  try {
    if (line[0] === 'v') {
      new WebAssembly.Module(bytes);
      say('1');
    } else {
      say(run(bytes, line[0] === 'r'));
    }
  } catch (error) {
    say(`! ${error.message}`);
  }
}
