// Compiles bench/kernels/NAME/NAME.ts (AssemblyScript) and NAME.wat (Binaryen's text reader) to NAME.wasm beside them.
//
//   node kernels.mjs            writes them
//   node kernels.mjs --check    compares them with the files that are there; a line for each that differs, exit code 1
import { readdirSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import binaryen from 'binaryen';

const folder = fileURLToPath(new URL('../kernels/', import.meta.url));
const check = process.argv.includes('--check');

async function script(file, name) {
  let binary;
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', ...(name.endsWith('-simd') ? ['--enable', 'simd'] : [])];
  const { error, stderr } = await asc.main([`${name}.ts`, ...options, '--outFile', `${name}.wasm`], {
    readFile: (path) => (path === `${name}.ts` ? readFileSync(file, 'utf8') : null),
    writeFile: (path, contents) => { if (path.endsWith('.wasm')) binary = contents; },
    listFiles: () => [],
  });
  if (error) throw new Error(`${name}.ts: ${error.message}\n${stderr.toString()}`);
  return binary;
}

function text(file) {
  const module = binaryen.parseText(readFileSync(file, 'utf8'));
  module.setFeatures(binaryen.Features.MVP);
  if (!module.validate()) throw new Error(`${file} is not valid`);
  return module.emitBinary();
}

let differ = 0;
for (const name of readdirSync(folder).sort()) {
  const source = join(folder, name, name);
  if (!existsSync(`${source}.ts`) && !existsSync(`${source}.wat`)) continue;
  const binary = Buffer.from(existsSync(`${source}.ts`) ? await script(`${source}.ts`, name) : text(`${source}.wat`));
  if (!check) {
    writeFileSync(`${source}.wasm`, binary);
    console.log(`${name} ${binary.length}`);
  } else if (!existsSync(`${source}.wasm`) || !readFileSync(`${source}.wasm`).equals(binary)) {
    console.log(`${name}.wasm is not what its source compiles to`);
    differ++;
  }
}
process.exit(differ ? 1 : 0);
