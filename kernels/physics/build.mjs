// Links Rapier with driver.ts into one module that imports nothing: the driver's 29 functions are Rapier's imports, Rapier's functions and memory are the driver's.
// Rapier's own code stays as it was compiled, to the instruction; what no export reaches is left out.
//
//   npm ci && node build.mjs               writes physics.wasm, metered (our own meter, so it needs the .NET SDK)
//   node build.mjs --compile FILE          only links
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import binaryen from 'binaryen';

const here = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);
const packageOf = (name) => dirname(require.resolve(`${name}/package.json`));
const rapier = join(packageOf('@dimforge/rapier3d-deterministic'), 'rapier_wasm3d_bg.wasm');
const merge = join(packageOf('binaryen'), 'bin', 'wasm-merge');
const PAGES_MAX = 1024;
const EXPORTS = ['memory', 'alloc', 'run'];

/** The module with a bound of its memory: section 5, one memory without a maximum so far. */
function bounded(bytes, pagesMax) {
  const leb = (at) => {
    let value = 0, shift = 0;
    for (; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return [value, at];
    }
  };
  const toLeb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...toLeb(value >> 7)]);
  for (let at = 8; at < bytes.length; ) {
    const start = at;
    const id = bytes[at];
    const [size, content] = leb(at + 1);
    at = content + size;
    if (id === 8) throw new Error('It has a start function, which would run before it has fuel');
    if (id !== 5) continue;
    if (bytes[content] !== 1 || bytes[content + 1] !== 0) throw new Error('It has not one memory without a maximum');
    const memory = [1, 1, ...bytes.subarray(content + 2, at), ...toLeb(pagesMax)];
    return Buffer.concat([bytes.subarray(0, start), Buffer.from([5, memory.length, ...memory]), bytes.subarray(at)]);
  }
  throw new Error('It has no memory');
}

async function compile(file) {
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--importMemory', '--enable', 'bulk-memory'];
  const { error, stderr } = await asc.main(['driver.ts', ...options, '--outFile', 'driver.wasm'], {
    readFile: (path) => (path === 'driver.ts' ? readFileSync(join(here, path), 'utf8') : null),
    writeFile: (path, contents) => { if (path === 'driver.wasm') writeFileSync(file, contents); },
    listFiles: () => [],
  });
  if (error) throw new Error(`driver.ts: ${error.message}\n${stderr.toString()}`);
}

async function link(file) {
  const folder = mkdtempSync(join(tmpdir(), 'egregore-physics-'));
  try {
    const driver = join(folder, 'driver.wasm');
    const merged = join(folder, 'merged.wasm');
    await compile(driver);
    execFileSync(process.execPath, [merge, rapier, 'env', driver, './rapier_wasm3d_bg.js', '--rename-export-conflicts', '--enable-bulk-memory', '--enable-nontrapping-float-to-int', '--enable-sign-ext',
      '--enable-mutable-globals', '--enable-reference-types', '--enable-multivalue', '-o', merged], { stdio: 'inherit' });
    const module = binaryen.readBinary(readFileSync(merged));
    for (let i = module.getNumExports() - 1; i >= 0; i--) {
      const { name } = binaryen.getExportInfo(module.getExportByIndex(i));
      if (!EXPORTS.includes(name)) module.removeExport(name);
    }
    module.runPasses(['remove-unused-module-elements']);
    const bytes = bounded(Buffer.from(module.emitBinary()), PAGES_MAX);
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
    if (imports.length > 0) throw new Error(`It imports ${imports.map((i) => i.name).join(', ')}`);
    writeFileSync(file, bytes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[2] === '--compile') {
  await link(process.argv[3]);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'egregore-physics-'));
  await link(join(folder, 'physics.wasm'));
  execFileSync('dotnet', ['run', join(here, '..', 'meter.cs'), '--', join(folder, 'physics.wasm'), join(here, 'physics.wasm')], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
}
