import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorldReport } from '../src/dashboard/types';

/** A made-up `/api/stream` for work on the dashboard. */
export function developmentStream(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let second = 0;
  const send = () => response.write(`event: report\ndata: ${JSON.stringify(reportAt(second++))}\n\n`);
  send();
  const timer = setInterval(send, 1000);
  request.on('close', () => clearInterval(timer));
}

const NAMES = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Katherine', 'Donald', 'Margaret', 'Tim', 'Radia', 'Linus', 'Frances'];

export function reportAt(second: number): WorldReport {
  const count = 9 + Math.round(Math.sin(second / 20) * 3);
  const wave = (period: number, low: number, high: number) => low + ((Math.sin(second / period) + 1) / 2) * (high - low) + Math.random() * (high - low) * 0.1;
  const peers = NAMES.slice(0, count).map((name, i) => ({ name, peer: `${(i * 2654435761 >>> 0).toString(16).padStart(8, '0')}`.repeat(4) }));
  const places = peers.map((_, i) => ({ x: Math.sin(second / 9 + i) * 60, z: Math.cos(second / 11 + i) * 60 }));
  return {
    world: {
      name: 'main', game: 'voxel-arena/1', authority: 'hybrid', seed: '1', tickRateHz: 20, tables: ['blocks', 'players', 'paces'], reducers: ['set_name', 'place_block', 'dig_block'],
    },
    stats: {
      timeMs: Date.now(), uptimeSeconds: second, tick: 20 * second, ticksPerSecond: wave(7, 19.9, 20), ticksSkipped: 2, tickMsMean: wave(9, 0.3, 0.6), tickMsMax: wave(7, 1, 3.4),
      sessions: count, connections: count - 1, bodies: count, messagesInPerSecond: wave(8, 180, 420), messagesOutPerSecond: wave(9, 500, 1400),
      bytesInPerSecond: wave(8, 9e3, 3e4), bytesOutPerSecond: wave(9, 2e4, 9e4), actionsPerSecond: wave(5, 2, 20), statesAccepted: second * 180, statesRejected: 3, commandsWaiting: 0,
      transaction: 41_200 + second * 14, durableTransaction: 41_196 + second * 14, journalGroups: second * 8, journalTransactions: second * 14, journalBytes: 5_900_000 + second * 1800,
      journalFailures: 0, journalCommitMs: wave(8, 1, 4), memoryMb: wave(20, 40, 60), refusals: [{ code: 'RateLimited', count: 1 }, { code: 'Rejected', count: 3 + Math.floor(second / 9) }],
    },
    sessions: peers.map(({ name, peer }, i) => ({
      peer, name, connected: i !== 4, sinceMs: Date.now() - (second + i * 40) * 1000, ...places[i]!, y: 20, messagesIn: second * 30, messagesOut: second * 60,
      bytesIn: second * (400 + i * 90), bytesOut: second * (800 + i * 260), rejectedStates: i === 2 ? 3 : 0,
    })),
    mesh: {
      nodes: peers.map((p, i) => ({ ...p, ...places[i]! })),
      links: peers.flatMap((p, i) => [1, 2, 5].map((step) => ({ from: p, to: peers[(i + step) % count]!, i, step })))
        .filter(({ from, to }) => from.peer < to.peer)
        .map(({ from, to, i, step }) => ({ a: from.peer, b: to.peer, kind: (i + step) % 5 === 0 ? 'relay' : 'direct', rttMs: wave(10 + i, 1, 24), bytesPerSecond: wave(5, 800, 9000) })),
    },
    work: workAt(second, wave),
  };
}

function workAt(second: number, wave: (period: number, low: number, high: number) => number): WorldReport['work'] {
  const helpers = ['Ada', 'Grace', 'old laptop', 'rack 1'].map((name, i) => ({
    peer: `${i + 1}`.repeat(32), name, tier: i === 3 ? 'cloud' : 'peer', slots: 2 + i, sinceMs: Date.now() - (second + i * 90) * 1000, trust: i === 2 ? 0.41 : 0.97, fuelPerUs: wave(9, 180, 420),
    latencyMs: wave(8, 3, 24), jitterMs: wave(6, 0.4, 5), accepted: second * (9 - i), late: i, wrong: i === 2 ? 4 : 0, credits: second * 0.002 * (4 - i), bannedSeconds: i === 2 ? 3_400 : 0,
    reason: i === 2 ? 'wrong: truth computed another output' : '',
  }));
  return {
    enabled: true,
    stats: {
      helpers: 4, parked: 3, tasks: 6, submitted: second * 24, submittedPerSecond: wave(7, 8, 40), byPeers: second * 20, byOtherPeers: second, byCloud: second * 2, byTruth: second, deadlinesKept: 0.997,
      hedges: 12, audits: second * 2, redundant: 0.11, late: 3, wrong: 4, forged: 0, bans: 1, rolledBack: 2, failed: 0, paidPerHour: wave(9, 1.1, 1.9), truthPerHour: wave(9, 3.4, 5.2), costPerPlayerHour: 0.14,
    },
    kernels: ['physics', 'voxel-light', 'grid-path', 'ray-tile'].map((name, i) => ({
      name, hash: `${i}`.repeat(64), class: i === 3 ? 'cosmetic' : i === 2 ? 'critical' : 'simulated', byLevel: [second * (9 - 2 * i), second, i, second >> 2], failed: i === 1 ? 2 : 0, meanMs: 4 + i,
    })),
    helpers,
    refused: [{ timeMs: Date.now() - 9_000, peer: helpers[2]!.peer, name: 'old laptop', kernel: 'physics', verdict: 'Wrong', reason: 'truth computed another output' }],
    physics: { awake: 184, islands: 3, frames: second * 10, framesLate: 0, lateMsMax: 12, lateMs: 0, tasks: second * 24, tasksDiscarded: 5, byHelpers: second * 22, byTruth: 2, corrections: 2 },
  };
}
