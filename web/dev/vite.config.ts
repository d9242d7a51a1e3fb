import { defineConfig } from 'vite';

// The game page on a made-up world (dev/source.ts), for work on the picture without .NET: `npm run dev`.
export default defineConfig({
  appType: 'mpa',
  root: new URL('..', import.meta.url).pathname,
  plugins: [
    {
      name: 'development-source',
      transformIndexHtml: (html) => html.replace('/src/game/main.ts', '/dev/main.ts').replace(/<link rel="modulepreload".*\n/, ''),
    },
  ],
  worker: { format: 'es' },
});
