import type { DashboardSample, Percentiles, Session } from './types';

/** Seconds that the charts show. */
export const HISTORY_S = 300;

export const SERIES = ['messagesIn', 'messagesOut', 'bytesIn', 'bytesOut', 'tickP50', 'tickP99', 'groups', 'commitP50', 'commitP99'] as const;
export type Series = (typeof SERIES)[number];

/** The last {@link HISTORY_S} samples as columns, oldest first; a gap in time is a row of nulls, so that a lost stream shows as a hole. */
export class History {
  /** Seconds since the Unix epoch. */
  readonly times: number[] = [];
  readonly values: Record<Series, (number | null)[]> = Object.fromEntries(SERIES.map((s) => [s, []])) as unknown as Record<Series, (number | null)[]>;

  add(sample: DashboardSample): void {
    const time = sample.time / 1000;
    const last = this.times.at(-1);
    // The stream of a server that started anew may repeat a moment; time only moves on.
    if (last !== undefined && time <= last) return;
    if (last !== undefined && time - last > 4) this.push(last + 1, null);
    const { totals, world, journal } = sample;
    this.push(time, {
      messagesIn: totals.messagesInPerS, messagesOut: totals.messagesOutPerS, bytesIn: totals.bytesInPerS, bytesOut: totals.bytesOutPerS,
      tickP50: world.tickMs.p50, tickP99: world.tickMs.p99, groups: journal.groupsPerS, commitP50: journal.commitMs.p50, commitP99: journal.commitMs.p99,
    });
  }

  private push(time: number, row: Record<Series, number> | null): void {
    this.times.push(time);
    for (const series of SERIES) this.values[series].push(row ? row[series] : null);
    if (this.times.length <= HISTORY_S) return;
    this.times.shift();
    for (const series of SERIES) this.values[series].shift();
  }
}

/** Reads one event. Returns null when it is not an object of the expected kind. */
export function parseSample(text: string): DashboardSample | null {
  let raw: Loose;
  try {
    raw = object(JSON.parse(text));
  } catch {
    return null;
  }
  if (typeof raw['time'] !== 'number') return null;
  const world = object(raw['world']);
  const mesh = object(raw['mesh']);
  const journal = object(raw['journal']);
  const totals = object(raw['totals']);
  return {
    time: raw['time'],
    world: {
      name: string(world['name']), authority: string(world['authority']) as DashboardSample['world']['authority'], tick: number(world['tick']),
      tickRateHz: number(world['tickRateHz']), tickMs: percentiles(world['tickMs']),
    },
    sessions: list(raw['sessions']).map((s) => ({
      id: string(s['id']), peer: string(s['peer']), name: string(s['name']), x: number(s['x']), z: number(s['z']), connectedS: number(s['connectedS']),
      bytesInPerS: number(s['bytesInPerS']), bytesOutPerS: number(s['bytesOutPerS']), rttMs: numberOrNull(s['rttMs']), state: string(s['state']),
    })),
    mesh: {
      nodes: list(mesh['nodes']).map((n) => ({ id: string(n['id']), name: string(n['name']), kind: string(n['kind']) || 'peer' })),
      links: list(mesh['links']).map((l) => ({ a: string(l['a']), b: string(l['b']), kind: string(l['kind']), rttMs: numberOrNull(l['rttMs']), bytesPerS: number(l['bytesPerS']) })),
    },
    journal: { transaction: number(journal['transaction']), bytes: number(journal['bytes']), groupsPerS: number(journal['groupsPerS']), commitMs: percentiles(journal['commitMs']) },
    totals: {
      messagesInPerS: number(totals['messagesInPerS']), messagesOutPerS: number(totals['messagesOutPerS']), bytesInPerS: number(totals['bytesInPerS']),
      bytesOutPerS: number(totals['bytesOutPerS']), refusals: Object.fromEntries(Object.entries(object(totals['refusals'])).map(([code, count]) => [code, number(count)])),
    },
  };
}

export type SortKey = keyof Session;

/** Sorted copy; nulls last in both directions, ties by id so that rows do not jump. */
export function sortSessions(sessions: readonly Session[], key: SortKey, descending: boolean): Session[] {
  const sign = descending ? -1 : 1;
  return [...sessions].sort((a, b) => {
    const left = a[key];
    const right = b[key];
    if (left === null || right === null) return left === right ? a.id.localeCompare(b.id) : left === null ? 1 : -1;
    const order = typeof left === 'number' && typeof right === 'number' ? left - right : String(left).localeCompare(String(right));
    return order !== 0 ? order * sign : a.id.localeCompare(b.id);
  });
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
  return ms === null || Number.isNaN(ms) ? '–' : ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

type Loose = Record<string, unknown>;
const object = (value: unknown): Loose => (value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Loose) : {});
const list = (value: unknown): Loose[] => (Array.isArray(value) ? value.map(object) : []);
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const string = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
const percentiles = (value: unknown): Percentiles => ({ p50: number(object(value)['p50']), p99: number(object(value)['p99']) });
