// The Rapier package is made for bundlers (imports without endings, a .wasm file as a module): these hooks let Node load its own files as they are.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const own = (url) => url?.includes('/@dimforge/rapier3d-deterministic/');

export async function resolve(specifier, context, next) {
  if (own(context.parentURL) && specifier.startsWith('.') && !/\.(js|wasm)$/.test(specifier)) {
    const file = new URL(`${specifier}.js`, context.parentURL);
    try {
      readFileSync(file);
      return { url: file.href, shortCircuit: true };
    } catch {
      return { url: new URL(`${specifier}/index.js`, context.parentURL).href, shortCircuit: true };
    }
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!own(url)) return next(url, context);
  if (!url.endsWith('.wasm')) return { format: 'module', source: readFileSync(new URL(url)), shortCircuit: true };
  const path = fileURLToPath(url);
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(path)));
  const source = `
    import { readFileSync } from 'node:fs';
    import * as glue from './rapier_wasm3d_bg.js';
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(${JSON.stringify(path)})), { './rapier_wasm3d_bg.js': glue });
    const { ${exports.map((e) => e.name).join(', ')} } = instance.exports;
    export { ${exports.map((e) => e.name).join(', ')} };`;
  return { format: 'module', source, shortCircuit: true };
}
