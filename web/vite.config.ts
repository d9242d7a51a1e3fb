import { defineConfig } from 'vitest/config';

// Three pages. `public/` is empty on purpose: the server adds /_egregore (the .NET part) beside what is built here.
export default defineConfig({
  appType: 'mpa',
  build: {
    target: 'es2022',
    rolldownOptions: { input: { index: 'index.html', dashboard: 'dashboard.html', lend: 'lend.html' } },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  worker: { format: 'es' },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
