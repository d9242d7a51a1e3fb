import type { MeshLinkInfo, WorldReport } from './types';

/** Seconds that the charts show. */
export const HISTORY_S = 300;

export const SERIES = ['messagesIn', 'messagesOut', 'bytesIn', 'bytesOut', 'tickMean', 'tickMax', 'commit', 'groups', 'transactions'] as const;
export type Series = (typeof SERIES)[number];

/** The last {@link HISTORY_S} reports as columns, oldest first; a gap in time is a row of nulls, so that a lost stream shows as a hole. */
export class History {
  /** Seconds since the Unix epoch. */
  readonly times: number[] = [];
  readonly values: Record<Series, (number | null)[]> = Object.fromEntries(SERIES.map((s) => [s, []])) as unknown as Record<Series, (number | null)[]>;

  /** @param before The report before this one, for what is the difference of two. */
  add(report: WorldReport, before: WorldReport | null): void {
    const { stats } = report;
    const time = stats.timeMs / 1000;
    const last = this.times.at(-1);
    // The stream of a server that started anew may repeat a moment; time only moves on.
    if (last !== undefined && time <= last) return;
    if (last !== undefined && time - last > 4) this.push(last + 1, null);
    const groups = rate(report, before, (r) => r.stats.journalGroups);
    this.push(time, {
      messagesIn: stats.messagesInPerSecond, messagesOut: stats.messagesOutPerSecond, bytesIn: stats.bytesInPerSecond, bytesOut: stats.bytesOutPerSecond,
      tickMean: stats.tickMsMean, tickMax: stats.tickMsMax,
      // Where nothing was written there is no time to show.
      commit: groups === null || groups > 0 ? stats.journalCommitMs : null,
      groups, transactions: rate(report, before, (r) => r.stats.journalTransactions),
    });
  }

  private push(time: number, row: Record<Series, number | null> | null): void {
    this.times.push(time);
    for (const series of SERIES) this.values[series].push(row ? row[series] : null);
    if (this.times.length <= HISTORY_S) return;
    this.times.shift();
    for (const series of SERIES) this.values[series].shift();
  }
}

/** How much a counter grew a second between two reports; null when that cannot be told: no report before, or the server started anew. */
export function rate(report: WorldReport, before: WorldReport | null, counter: (report: WorldReport) => number | undefined): number | null {
  const now = counter(report);
  const then = before ? counter(before) : undefined;
  const seconds = before ? (report.stats.timeMs - before.stats.timeMs) / 1000 : 0;
  return now === undefined || then === undefined || seconds <= 0 || now < then ? null : (now - then) / seconds;
}

/** The shape of a report, with what stands for a field that is missing or of another kind; a list has one entry, the shape of its entries. */
const SHAPE: WorldReport = {
  world: { name: '', game: '', authority: '', seed: '', tickRateHz: 0, tables: [''], reducers: [''] },
  stats: {
    timeMs: 0, uptimeSeconds: 0, tick: 0, ticksPerSecond: 0, ticksSkipped: 0, tickMsMean: 0, tickMsMax: 0, sessions: 0, connections: 0, bodies: 0,
    messagesInPerSecond: 0, messagesOutPerSecond: 0, bytesInPerSecond: 0, bytesOutPerSecond: 0, actionsPerSecond: 0, statesAccepted: 0, statesRejected: 0,
    commandsWaiting: 0, transaction: 0, durableTransaction: 0, journalGroups: 0, journalTransactions: 0, journalBytes: 0, journalFailures: 0, journalCommitMs: 0,
    memoryMb: 0, refusals: [{ code: '', count: 0 }],
  },
  sessions: [{
    peer: '', name: '', connected: false, sinceMs: 0, x: null, y: null, z: null, messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, rejectedStates: 0,
  }],
  mesh: { nodes: [{ peer: '', name: '', x: null, z: null }], links: [{ a: '', b: '', kind: '', rttMs: 0, bytesPerSecond: 0 }] },
  work: {
    enabled: false,
    stats: {
      helpers: 0, parked: 0, tasks: 0, submitted: 0, submittedPerSecond: 0, byPeers: 0, byOtherPeers: 0, byCloud: 0, byTruth: 0, deadlinesKept: 1, hedges: 0, audits: 0, redundant: 0,
      late: 0, wrong: 0, forged: 0, bans: 0, rolledBack: 0, failed: 0, paidPerHour: 0, truthPerHour: 0, costPerPlayerHour: 0,
    },
    kernels: [{ name: '', hash: '', class: '', byLevel: [0], failed: 0, meanMs: 0 }],
    helpers: [{
      peer: '', name: '', tier: '', slots: 0, sinceMs: 0, trust: 0, fuelPerUs: 0, latencyMs: 0, jitterMs: 0, accepted: 0, late: 0, wrong: 0, credits: 0, bannedSeconds: 0, reason: '',
    }],
    refused: [{ timeMs: 0, peer: '', name: '', kernel: '', verdict: '', reason: '' }],
    physics: { awake: 0, islands: 0, frames: 0, framesLate: 0, lateMsMax: 0, lateMs: 0, tasks: 0, tasksDiscarded: 0, byHelpers: 0, byTruth: 0, corrections: 0 },
  },
};

/** Reads one event: what is missing or of another kind is empty, unknown fields are left out. Returns null when it is no report. */
export function parseReport(text: string): WorldReport | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  const report = fill(SHAPE, raw);
  return report.stats.timeMs > 0 ? report : null;
}

function fill<T>(shape: T, value: unknown): T {
  if (Array.isArray(shape)) return (Array.isArray(value) ? value.map((entry) => fill(shape[0], entry)) : []) as T;
  if (shape === null || typeof shape === 'number') return (Number.isFinite(value) ? value : shape) as T;
  if (typeof shape !== 'object') return typeof value === typeof shape ? (value as T) : shape;
  const from = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, fill(inner as unknown, from[key])])) as T;
}

/** What is known of a link's round trip: a direct link can take less than a millisecond, a relay through the server cannot, so there 0 is "not measured". */
export function roundTrip({ kind, rttMs }: MeshLinkInfo): number | null {
  return rttMs === 0 && kind !== 'direct' ? null : rttMs;
}

/** A row of the table of sessions. */
export interface SessionRow {
  peer: string;
  name: string;
  state: 'connected' | 'away';
  x: number | null;
  z: number | null;
  hereS: number;
  direct: number;
  relay: number;
  /** Median of its links with other peers. */
  rttMs: number | null;
  /** From the client, bytes a second. */
  inPerS: number | null;
  outPerS: number | null;
  rejected: number;
}

export function sessionRows(report: WorldReport, before: WorldReport | null): SessionRow[] {
  const links = new Map<string, { direct: number; relay: number; rtts: number[] }>();
  for (const link of report.mesh.links) {
    const rttMs = roundTrip(link);
    for (const peer of [link.a, link.b]) {
      const of = links.get(peer) ?? { direct: 0, relay: 0, rtts: [] };
      links.set(peer, of);
      if (link.kind === 'direct') of.direct++;
      else of.relay++;
      if (rttMs !== null) of.rtts.push(rttMs);
    }
  }
  const now = new Map(report.sessions.map((s) => [s.peer, s]));
  const then = new Map(before?.sessions.map((s) => [s.peer, s]));
  const of = (r: WorldReport, peer: string) => (r === report ? now : then).get(peer);
  return report.sessions.map(({ peer, name, connected, sinceMs, x, z, rejectedStates }) => ({
    peer, name, state: connected ? 'connected' : 'away', x, z, hereS: Math.max(0, (report.stats.timeMs - sinceMs) / 1000),
    direct: links.get(peer)?.direct ?? 0, relay: links.get(peer)?.relay ?? 0, rttMs: median(links.get(peer)?.rtts ?? []),
    inPerS: rate(report, before, (r) => of(r, peer)?.bytesIn), outPerS: rate(report, before, (r) => of(r, peer)?.bytesOut), rejected: rejectedStates,
  }));
}

export type SortKey = keyof SessionRow;

/** Sorted copy; nulls and nameless last in both directions, ties by peer so that rows do not jump. */
export function sortRows(rows: readonly SessionRow[], key: SortKey, descending: boolean): SessionRow[] {
  const sign = descending ? -1 : 1;
  const known = (value: SessionRow[SortKey]) => value !== null && value !== '';
  return [...rows].sort((a, b) => {
    const left = a[key];
    const right = b[key];
    const order = known(left) !== known(right)
      ? (known(left) ? -sign : sign)
      : typeof left === 'number' && typeof right === 'number' ? left - right : String(left ?? '').localeCompare(String(right ?? ''));
    return order !== 0 ? order * sign : a.peer.localeCompare(b.peer);
  });
}

/** Of the values that are known. */
export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.sort((a, b) => a - b)[known.length >> 1] ?? null;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function formatCount(count: number): string {
  return count >= 10_000_000 ? `${(count / 1e6).toFixed(1)} M` : Math.round(count).toLocaleString('en');
}

export function formatDuration(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export function formatMs(ms: number | null): string {
  return ms === null ? '–' : `${ms === 0 || ms >= 10 ? Math.round(ms) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** A share of 0 to 1, as a percentage. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent === 0 || percent >= 99.95 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** Millionths matter for a task, whole credits for an hour. */
export function formatCredits(credits: number): string {
  const size = Math.abs(credits);
  return size === 0 ? '0' : size >= 100 ? formatCount(credits) : credits.toPrecision(3).replace(/\.?0+$/, '');
}

/** A peer as people read it: its name, or the beginning of its id. */
export function formatPeer(peer: string, name: string): string {
  return name || peer.slice(0, 8);
}
