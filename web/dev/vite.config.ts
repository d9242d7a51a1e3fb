import { defineConfig } from 'vite';
import { developmentStream } from './stream.ts';

// The pages on a made-up world (dev/source.ts) and a made-up stream, for work on them without .NET: `npm run dev`.
export default defineConfig({
  appType: 'mpa',
  root: new URL('..', import.meta.url).pathname,
  plugins: [
    {
      name: 'development-source',
      transformIndexHtml: (html) => html.replace('/src/game/main.ts', '/dev/main.ts').replace(/<link rel="modulepreload".*\n/, ''),
      configureServer: (server) => void server.middlewares.use('/api/stream', developmentStream),
    },
  ],
  worker: { format: 'es' },
});
