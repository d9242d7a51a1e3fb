import { kernelProblem } from './abi';
import { hex } from './wire';

/** Bytes of one kernel's module, and of the sample task of one. */
const MODULE_BYTES_MAX = 8 << 20;
const SAMPLE_BYTES_MAX = 1 << 20;
/** Kernels compiled at one time; the one used longest ago goes. */
const KERNELS_MAX = 32;
/** Kernels kept in the browser beyond this page. */
const KEPT_MAX = 64;
const CACHE = 'egregore-kernels-1';
const TIMEOUT_MS = 20_000;

export type Fetch = (path: string, signal: AbortSignal) => Promise<Response>;

/** Kernels by their name, which is the SHA-256 of their bytes: fetched once, checked before they are compiled, compiled once for all workers. */
export class Kernels {
  private readonly compiled = new Map<string, Promise<WebAssembly.Module>>();
  private readonly get: Fetch;

  constructor(get: Fetch = (path, signal) => fetch(path, { signal })) {
    this.get = get;
  }

  /** Names of what is here, the latest used last. */
  held(): string[] {
    return [...this.compiled.keys()];
  }

  /** Rejects with a sentence where the kernel cannot be had or is none; the next one who asks tries again. */
  module(name: string): Promise<WebAssembly.Module> {
    const known = this.compiled.get(name);
    const found = known ?? this.load(name);
    this.compiled.delete(name);
    this.compiled.set(name, found);
    if (!known) {
      found.catch(() => this.compiled.delete(name));
      if (this.compiled.size > KERNELS_MAX) this.compiled.delete(this.compiled.keys().next().value!);
    }
    return found;
  }

  /** The input of a task that the server has for trying the kernel; null where it has none. */
  async sample(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const response = await this.get(`/kernels/${name}.sample`, AbortSignal.timeout(TIMEOUT_MS));
    return response.ok && response.body ? read(response.body, SAMPLE_BYTES_MAX, `the sample of kernel ${name.slice(0, 8)}`) : null;
  }

  private async load(name: string): Promise<WebAssembly.Module> {
    const path = `/kernels/${name}.wasm`;
    const kept = await this.fromCache(path);
    if (kept && (await isNamed(kept, name))) return compile(kept, name);
    const bytes = await this.download(path, name);
    if (!(await isNamed(bytes, name))) throw new Error(`the bytes that the server sent are not those of kernel ${name.slice(0, 8)}`);
    const module = await compile(bytes, name);
    await this.keep(path, bytes);
    return module;
  }

  private async download(path: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.get(path, AbortSignal.timeout(TIMEOUT_MS));
    if (!response.ok || !response.body) throw new Error(`the server has no kernel ${name.slice(0, 8)} (${response.status})`);
    return read(response.body, MODULE_BYTES_MAX, `kernel ${name.slice(0, 8)}`);
  }

  private async fromCache(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const found = await (await caches.open(CACHE)).match(path);
      return found ? new Uint8Array(await found.arrayBuffer()) : null;
    } catch {
      // No cache in this browser (private windows): the server is asked again.
      return null;
    }
  }

  private async keep(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      const cache = await caches.open(CACHE);
      await cache.put(path, new Response(bytes, { headers: { 'content-type': 'application/wasm' } }));
      const kept = await cache.keys();
      for (const old of kept.slice(0, Math.max(0, kept.length - KEPT_MAX))) await cache.delete(old);
    } catch {
      // Full or refused: it works without.
    }
  }
}

async function read(body: ReadableStream<Uint8Array>, bytesMax: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > bytesMax) {
      await reader.cancel();
      throw new Error(`${what} is over ${bytesMax >> 20} MiB`);
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

async function isNamed(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<boolean> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))) === name;
}

async function compile(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<WebAssembly.Module> {
  const module = await WebAssembly.compile(bytes);
  const problem = kernelProblem(module);
  if (problem) throw new Error(`kernel ${name.slice(0, 8)} is none: ${problem}`);
  return module;
}
