import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DashboardSample } from '../src/dashboard/types';

/** A made-up `/api/stream` for work on the dashboard. */
export function developmentStream(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let second = 0;
  const send = () => response.write(`data: ${JSON.stringify(sampleAt(second++))}\n\n`);
  send();
  const timer = setInterval(send, 1000);
  request.on('close', () => clearInterval(timer));
}

const NAMES = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Katherine', 'Donald', 'Margaret', 'Tim', 'Radia', 'Linus', 'Frances'];

export function sampleAt(second: number): DashboardSample {
  const count = 9 + Math.round(Math.sin(second / 20) * 3);
  const wave = (period: number, low: number, high: number) => low + ((Math.sin(second / period) + 1) / 2) * (high - low) + Math.random() * (high - low) * 0.1;
  const peers = NAMES.slice(0, count).map((name, i) => ({ name, id: `${(i * 2654435761 >>> 0).toString(16).padStart(8, '0')}`.repeat(4) }));
  return {
    time: Date.now(),
    world: { name: 'Voxel Arena', authority: 'hybrid', tick: 20 * second, tickRateHz: 20, tickMs: { p50: wave(9, 0.3, 0.6), p99: wave(7, 1, 3.4) } },
    sessions: peers.map(({ name, id }, i) => ({
      id: String(i + 1), peer: id, name, x: Math.sin(second / 9 + i) * 60, z: Math.cos(second / 11 + i) * 60, connectedS: second + i * 40,
      bytesInPerS: wave(5 + i, 400, 1800), bytesOutPerS: wave(6 + i, 800, 3900), rttMs: i === 4 ? null : wave(8 + i, 8, 60), state: i === 4 ? 'lost' : 'active',
    })),
    mesh: {
      nodes: [{ id: 'truth', name: 'truth', kind: 'truth' }, ...peers.map((p) => ({ ...p, kind: 'peer' }))],
      links: [
        ...peers.map((p, i) => ({ a: p.id, b: 'truth', kind: 'session', rttMs: wave(8 + i, 8, 60), bytesPerS: 2000 })),
        ...peers.flatMap((p, i) => [1, 2, 5].map((step) => ({ from: p, to: peers[(i + step) % count]!, i, step })))
          .filter(({ from, to }) => from.id < to.id)
          .map(({ from, to, i, step }) => ({ a: from.id, b: to.id, kind: (i + step) % 5 === 0 ? 'relay' : 'direct', rttMs: wave(10 + i, 1, 24), bytesPerS: wave(5, 800, 9000) })),
      ],
    },
    journal: { transaction: 41_200 + second * 14, bytes: 5_900_000 + second * 1800, groupsPerS: wave(6, 4, 20), commitMs: { p50: wave(8, 1, 2), p99: wave(10, 3, 11) } },
    totals: { messagesInPerS: wave(8, 180, 420), messagesOutPerS: wave(9, 500, 1400), bytesInPerS: wave(8, 9e3, 3e4), bytesOutPerS: wave(9, 2e4, 9e4), refusals: { Rejected: 3 + Math.floor(second / 9), RateLimited: 1 } },
  };
}
