import { Fault } from './wire';

/** What one run of a kernel gave: as `Egregore.Sandbox.KernelRun`. */
export interface KernelRun {
  fault: Fault;
  output: Uint8Array<ArrayBuffer>;
  /** What the meter counted; all that was given where it ran out. */
  fuel: bigint;
  text: string;
}

interface KernelExports {
  memory: WebAssembly.Memory;
  alloc: (length: number) => number;
  run: (at: number, length: number) => bigint;
  'egregore:fuel': WebAssembly.Global<'i64'>;
  'egregore:depth'?: WebAssembly.Global<'i32'>;
}

const FUEL_MAX = 0x7fffffffffffffffn;
const NOTHING = new Uint8Array();

/** Why a module is no kernel (ABI v1: no imports; `memory`, `alloc`, `run` and the meter's fuel exported), or null. */
export function kernelProblem(module: WebAssembly.Module): string | null {
  const imported = WebAssembly.Module.imports(module)[0];
  if (imported) return `it imports ${imported.module}.${imported.name}; a kernel imports nothing`;
  const exported = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  for (const [name, kind] of [['memory', 'memory'], ['alloc', 'function'], ['run', 'function'], ['egregore:fuel', 'global']] as const) {
    if (exported.get(name) !== kind) return `it exports no ${kind} "${name}"`;
  }
  return null;
}

/**
 * Runs a kernel on a task's bytes in an instance of its own, so that a run sees nothing of the one before it. What bounds its time is fuel, and whoever holds the worker.
 * @param memoryPagesMax Pages of 64 KiB that its memory may have grown to; over it the answer is not taken.
 */
export function runKernel(module: WebAssembly.Module, shared: Uint8Array, input: Uint8Array, fuel: bigint, outputMax: number, memoryPagesMax: number): KernelRun {
  const given = fuel < FUEL_MAX ? fuel : FUEL_MAX;
  const faulty = (fault: Fault, used: bigint, text: string): KernelRun => ({ fault, output: NOTHING, fuel: used, text });
  let kernel: KernelExports;
  try {
    kernel = new WebAssembly.Instance(module).exports as unknown as KernelExports;
  } catch (error) {
    return faulty(Fault.Internal, 0n, `no instance could be made: ${String(error)}`);
  }
  const gauge = kernel['egregore:fuel'];
  const used = () => given - (gauge.value > 0n ? gauge.value : 0n);
  gauge.value = given;
  try {
    const length = shared.byteLength + input.byteLength;
    const at = kernel.alloc(length) >>> 0;
    if (at + length > kernel.memory.buffer.byteLength) return faulty(Fault.Trapped, used(), `alloc(${length}) answered ${at}, which is outside its memory of ${kernel.memory.buffer.byteLength} bytes`);
    const memory = new Uint8Array(kernel.memory.buffer);
    memory.set(shared, at);
    memory.set(input, at + shared.byteLength);
    const answer = kernel.run(at, length);
    if (answer < 0n) return faulty(Fault.Trapped, used(), `it refused its input with code ${-answer}`);
    const start = Number(answer >> 32n);
    const size = Number(answer & 0xffffffffn);
    const { byteLength } = kernel.memory.buffer;
    if (size > outputMax) return faulty(Fault.TooLarge, used(), `it answered ${size} bytes; at most ${outputMax} are taken`);
    if (start + size > byteLength) return faulty(Fault.Trapped, used(), `its answer of ${size} bytes at ${start} is outside its memory of ${byteLength} bytes`);
    if (byteLength > memoryPagesMax * 65_536) return faulty(Fault.TooLarge, used(), `its memory grew to ${byteLength / 65_536} pages; at most ${memoryPagesMax} are given`);
    return { fault: Fault.None, output: new Uint8Array(kernel.memory.buffer, start, size).slice(), fuel: used(), text: '' };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return faulty(Fault.Internal, used(), String(error));
    if (gauge.value < 0n) return faulty(Fault.OutOfFuel, given, `it used all of its ${given} fuel`);
    return faulty(Fault.Trapped, used(), `it trapped: ${(kernel['egregore:depth']?.value ?? 0) < 0 ? 'call stack exhausted' : error.message}`);
  }
}
