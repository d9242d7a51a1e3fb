import { chromium, type Browser } from 'playwright-core';

/** Debian's Chromium, drawing with SwiftShader; `EGREGORE_CHROMIUM` names another. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['EGREGORE_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
    ],
  });
}
