import { describe, expect, it } from 'vitest';
import { Layout } from '../src/dashboard/forces';
import { formatBytes, formatCount, formatDuration, formatMs, History, HISTORY_S, parseSample, sortSessions } from '../src/dashboard/model';
import type { DashboardSample } from '../src/dashboard/types';

const event = (time: number, more: object = {}) => JSON.stringify({
  time, world: { name: 'Arena', authority: 'hybrid', tick: 5, tickRateHz: 20, tickMs: { p50: 0.5, p99: 2 } },
  sessions: [{ id: '1', peer: 'ab', name: 'Ada', x: 1, z: 2, connectedS: 3, bytesInPerS: 4, bytesOutPerS: 5, rttMs: null, state: 'active' }],
  mesh: { nodes: [{ id: 'a', name: 'Ada', kind: 'peer' }], links: [{ a: 'a', b: 'b', kind: 'direct', rttMs: 1.5, bytesPerS: 100 }] },
  journal: { transaction: 7, bytes: 8, groupsPerS: 9, commitMs: { p50: 1, p99: 4 } },
  totals: { messagesInPerS: 10, messagesOutPerS: 11, bytesInPerS: 12, bytesOutPerS: 13, refusals: { RateLimited: 2 } }, ...more,
});

describe('parseSample', () => {
  it('reads a whole event as it is', () => {
    expect(parseSample(event(1000))).toEqual(JSON.parse(event(1000)));
  });

  it('fills what is missing and survives what is wrong', () => {
    const sample = parseSample('{"time":5,"sessions":[null,{"name":7,"rttMs":"x"}],"mesh":3,"totals":{"refusals":{"A":"b"}}}')!;
    expect(sample.sessions.map((s) => [s.name, s.rttMs])).toEqual([['', null], ['7', null]]);
    expect(sample.mesh.links).toEqual([]);
    expect(sample.totals.refusals).toEqual({ A: 0 });
    for (const text of ['', 'null', '[]', '{"time":"now"}', '{']) expect(parseSample(text)).toBeNull();
  });
});

describe('History', () => {
  const sample = (time: number) => parseSample(event(time)) as DashboardSample;

  it('keeps a bounded number of rows', () => {
    const history = new History();
    for (let i = 0; i < HISTORY_S + 50; i++) history.add(sample(1000 * (i + 1)));
    expect(history.times.length).toBe(HISTORY_S);
    expect(history.values.tickP99.length).toBe(HISTORY_S);
    expect(history.times[0]).toBe(51);
  });

  it('shows a lost stream as a hole and never goes back in time', () => {
    const history = new History();
    for (const time of [1000, 2000, 9000, 8000, 9000]) history.add(sample(time));
    expect(history.times).toEqual([1, 2, 3, 9]);
    expect(history.values.messagesIn).toEqual([10, 10, null, 10]);
  });
});

describe('sessions', () => {
  it('sort either way, unknown values last, ties steady', () => {
    const base = parseSample(event(1))!.sessions[0]!;
    const sessions = [{ ...base, id: '1', rttMs: 5 }, { ...base, id: '2', rttMs: null }, { ...base, id: '3', rttMs: 1 }, { ...base, id: '0', rttMs: 5 }];
    const ids = (descending: boolean) => sortSessions(sessions, 'rttMs', descending).map((s) => s.id);
    expect(ids(false)).toEqual(['3', '0', '1', '2']);
    expect(ids(true)).toEqual(['0', '1', '3', '2']);
  });
});

describe('Layout', () => {
  it('comes to rest with linked nodes near each other and none on another', () => {
    const layout = new Layout();
    const ids = Array.from({ length: 12 }, (_, i) => `n${i}`);
    layout.set(ids, ids.slice(1).map((id) => ({ a: 'n0', b: id, length: 100 })));
    let steps = 0;
    while (layout.energy > 0.05 && steps < 2000) {
      layout.step();
      steps++;
    }
    expect(steps).toBeLessThan(2000);
    const bodies = [...layout.bodies.values()];
    for (const a of bodies) for (const b of bodies) if (a !== b) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(25);
  });

  it('keeps places when nodes come and go', () => {
    const layout = new Layout();
    layout.set(['a', 'b'], [{ a: 'a', b: 'gone', length: 1 }]);
    for (let i = 0; i < 50; i++) layout.step();
    const { x, y } = layout.bodies.get('a')!;
    layout.set(['a', 'c'], []);
    expect(layout.bodies.get('a')).toMatchObject({ x, y });
    expect([...layout.bodies.keys()]).toEqual(['a', 'c']);
  });
});

it('formats for reading', () => {
  expect([formatBytes(0), formatBytes(1536), formatBytes(200 * 1024), formatBytes(5e12)]).toEqual(['0 B', '1.5 KiB', '200 KiB', '4.5 TiB']);
  expect([formatCount(1234.4), formatCount(12_345_678)]).toEqual(['1,234', '12.3 M']);
  expect([formatDuration(5.7), formatDuration(125), formatDuration(7300)]).toEqual(['5 s', '2 min', '2 h 1 min']);
  expect([formatMs(null), formatMs(0.25), formatMs(33.3)]).toEqual(['–', '0.3 ms', '33 ms']);
});
