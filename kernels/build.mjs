// Compiles the standard kernels (AssemblyScript) and meters them: kernels/NAME/NAME.ts becomes kernels/NAME/NAME.wasm, which every host runs, and kernels.json names them all.
//
//   npm ci && node build.mjs             writes them; metering is our own, so it needs the .NET SDK
//   node build.mjs --compile FOLDER      only compiles, to FOLDER/NAME.wasm: what the tests meter and compare with the files that are there
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

// Pages of 64 KiB: what an instance begins with, and what it may grow to. A kernel that knows its size begins with it, since growing copies in some engines.
const KERNELS = {
  'flow-field': { pages: 32, pagesMax: 64 },
  fluid: { pages: 10, pagesMax: 16 },
  'grid-path': { pages: 16, pagesMax: 512 },
  'npc-decide': { pages: 8, pagesMax: 64 },
  'ray-tile': { pages: 20, pagesMax: 24, version: 2 },
  sight: { pages: 8, pagesMax: 16 },
  'voxel-light': { pages: 32, pagesMax: 128 },
  'voxel-mesh': { pages: 16, pagesMax: 80 },
  'voxel-terrain': { pages: 2, pagesMax: 32 },
};

/** A start function would run before a host can give fuel: kernels have none (no global with a computed first value, no static array). */
function refuseStart(name, bytes) {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let size = 0, shift = 0, byte;
    do {
      byte = bytes[at++];
      size |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    if (id === 8) throw new Error(`${name} has a start function`);
    at += size;
  }
}

const here = fileURLToPath(new URL('.', import.meta.url));

async function compile(name, file) {
  const { pages, pagesMax } = KERNELS[name];
  const options = ['-O3', '--noAssert', '--converge', '--runtime', 'stub', '--use', 'abort=', '--initialMemory', `${pages}`, '--maximumMemory', `${pagesMax}`];
  const { error, stderr } = await asc.main([`${name}/${name}.ts`, ...options, '--outFile', 'out.wasm'], {
    readFile: (path) => (path.endsWith('.ts') && existsSync(join(here, path)) ? readFileSync(join(here, path), 'utf8') : null),
    writeFile: (path, contents) => { if (path === 'out.wasm') { refuseStart(name, contents); writeFileSync(file, contents); } },
    listFiles: () => [],
  });
  if (error) throw new Error(`${name}.ts: ${error.message}\n${stderr.toString()}`);
}

const only = process.argv[2] === '--compile' ? process.argv[3] : null;
const folder = only ?? mkdtempSync(join(tmpdir(), 'egregore-kernels-'));
mkdirSync(folder, { recursive: true });
for (const name of Object.keys(KERNELS)) await compile(name, join(folder, `${name}.wasm`));
if (!only) {
  const pairs = Object.keys(KERNELS).flatMap((name) => [join(folder, `${name}.wasm`), join(here, name, `${name}.wasm`)]);
  execFileSync('dotnet', ['run', join(here, 'meter.cs'), '--', ...pairs], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
  const list = [];
  for (const name of readdirSync(here).sort()) {
    const file = join(here, name, `${name}.wasm`);
    if (!existsSync(file)) continue;
    const bytes = readFileSync(file);
    list.push({ name, version: KERNELS[name]?.version ?? 1, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length });
  }
  writeFileSync(join(here, 'kernels.json'), `[\n${list.map((kernel) => `  ${JSON.stringify(kernel)}`).join(',\n')}\n]\n`);
  for (const { name, sha256, bytes } of list) console.log(`${name.padEnd(16)} ${String(bytes).padStart(8)} ${sha256}`);
}
