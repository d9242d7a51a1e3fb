import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reportAt } from '../dev/stream';
import { Layout } from '../src/dashboard/forces';
import { formatBytes, formatCount, formatDuration, formatMs, formatPeer, History, HISTORY_S, median, parseReport, rate, roundTrip, sessionRows, sortRows } from '../src/dashboard/model';
import type { WorldReport } from '../src/dashboard/types';

const report = (timeMs: number, change: Partial<WorldReport['stats']> = {}): WorldReport => {
  const made = reportAt(30);
  return { ...made, stats: { ...made.stats, timeMs, ...change } };
};

/** Names of the parameters of each record in the server's source, as JSON has them. */
function serverRecords(): Map<string, string[]> {
  const source = ['Telemetry/WorldReport.cs', 'Work/WorkReport.cs', 'Work/WorkRefusal.cs'].map((file) => readFileSync(new URL(`../../src/Egregore.Server/${file}`, import.meta.url), 'utf8')).join('').replaceAll(/\/\/\/.*\n/g, '');
  return new Map([...source.matchAll(/record (\w+)\(([^)]*)\)/g)].map(([, name, parameters]) => [
    name!, parameters!.split(/,(?![^<]*>)/).map((parameter) => parameter.trim().split(' ').at(-1)!).map((field) => field[0]!.toLowerCase() + field.slice(1)).sort(),
  ]));
}

describe('parseReport', () => {
  it('has the fields of the server, all of them and no others', () => {
    const { world, stats, sessions, mesh, work, ...rest } = parseReport(JSON.stringify(reportAt(30)))!;
    const records = serverRecords();
    const here = { WorldReport: { world, stats, sessions, mesh, work, ...rest }, WorldInfo: world, WorldStats: stats, RefusalCount: stats.refusals[0]!, SessionInfo: sessions[0]!, MeshInfo: mesh, MeshNodeInfo: mesh.nodes[0]!, MeshLinkInfo: mesh.links[0]!,
      WorkReport: work, WorkStats: work.stats, KernelInfo: work.kernels[0]!, HelperInfo: work.helpers[0]!, WorkRefusal: work.refused[0]!, PhysicsInfo: work.physics };
    expect(Object.fromEntries(Object.entries(here).map(([name, value]) => [name, Object.keys(value).sort()]))).toEqual(Object.fromEntries(records));
  });

  it('reads a whole report as it is', () => {
    const whole = reportAt(30);
    expect(parseReport(JSON.stringify(whole))).toEqual(whole);
  });

  it('fills what is missing and survives what is wrong', () => {
    const read = parseReport('{"stats":{"timeMs":5,"tick":"x","refusals":[{"code":3}]},"sessions":[null,{"name":7,"x":"y","z":2}],"mesh":3,"more":1}')!;
    expect(read.stats).toMatchObject({ timeMs: 5, tick: 0, refusals: [{ code: '', count: 0 }] });
    expect(read.sessions.map((s) => [s.name, s.x, s.z])).toEqual([['', null, null], ['', null, 2]]);
    expect(read.mesh).toEqual({ nodes: [], links: [] });
    expect(Object.keys(read)).toEqual(['world', 'stats', 'sessions', 'mesh', 'work']);
    for (const text of ['', 'null', '[]', '{"stats":{"timeMs":"now"}}', '{']) expect(parseReport(text)).toBeNull();
  });
});

describe('History', () => {
  it('keeps a bounded number of rows', () => {
    const history = new History();
    for (let i = 0; i < HISTORY_S + 50; i++) history.add(report(1000 * (i + 1)), null);
    expect(history.times.length).toBe(HISTORY_S);
    expect(history.values.tickMax.length).toBe(HISTORY_S);
    expect(history.times[0]).toBe(51);
  });

  it('shows a lost stream as a hole and never goes back in time', () => {
    const history = new History();
    for (const time of [1000, 2000, 9000, 8000, 9000]) history.add(report(time, { messagesInPerSecond: 10 }), null);
    expect(history.times).toEqual([1, 2, 3, 9]);
    expect(history.values.messagesIn).toEqual([10, 10, null, 10]);
  });

  it('has a commit time only where something was written', () => {
    const history = new History();
    const reports = [5, 9, 9, 1].map((journalGroups, i) => report(1000 * (i + 1), { journalGroups, journalCommitMs: 2 }));
    reports.forEach((r, i) => history.add(r, reports[i - 1] ?? null));
    expect(history.values.groups).toEqual([null, 4, 0, null]);
    expect(history.values.commit).toEqual([2, 2, null, 2]);
  });
});

it('a rate is what a counter grew a second', () => {
  const tick = (r: WorldReport) => r.stats.tick;
  expect(rate(report(3000, { tick: 50 }), report(1000, { tick: 10 }), tick)).toBe(20);
  expect(rate(report(3000, { tick: 50 }), null, tick)).toBeNull();
  expect(rate(report(3000, { tick: 5 }), report(1000, { tick: 10 }), tick)).toBeNull();
});

describe('sessions', () => {
  it('have their links, their rates and how long they are here', () => {
    const base = reportAt(30);
    const session = { ...base.sessions[0]!, connected: true, sinceMs: 1000 };
    const at = (timeMs: number, bytes: number): WorldReport => ({
      ...report(timeMs), sessions: [{ ...session, peer: 'a', bytesIn: bytes, bytesOut: 2 * bytes }, { ...session, peer: 'b', connected: false }],
      mesh: { nodes: [], links: [{ a: 'a', b: 'b', kind: 'direct', rttMs: 3, bytesPerSecond: 1 }, { a: 'a', b: 'c', kind: 'relay', rttMs: 90, bytesPerSecond: 1 }, { a: 'b', b: 'c', kind: 'relay', rttMs: 0, bytesPerSecond: 1 }] },
    });
    const [a, b] = sessionRows(at(5000, 300), at(3000, 100));
    expect(a).toMatchObject({ state: 'connected', hereS: 4, direct: 1, relay: 1, rttMs: 90, inPerS: 100, outPerS: 200 });
    expect(b).toMatchObject({ state: 'away', direct: 1, relay: 1, rttMs: 3, inPerS: 0 });
    expect(sessionRows(at(5000, 300), null)[0]).toMatchObject({ inPerS: null });
  });

  it('do not take a relay that was not measured for a quick one', () => {
    const link = { a: 'a', b: 'b', rttMs: 0, bytesPerSecond: 1 };
    expect([roundTrip({ ...link, kind: 'relay' }), roundTrip({ ...link, kind: 'direct' })]).toEqual([null, 0]);
    expect([median([null, 3, 1, 2]), median([null])]).toEqual([2, null]);
  });

  it('sort either way, unknown values last, ties steady', () => {
    const base = sessionRows(reportAt(30), null)[0]!;
    const rows = [{ ...base, peer: '1', rttMs: 5 }, { ...base, peer: '2', rttMs: null }, { ...base, peer: '3', rttMs: 1 }, { ...base, peer: '0', rttMs: 5 }];
    const peers = (descending: boolean) => sortRows(rows, 'rttMs', descending).map((s) => s.peer);
    expect(peers(false)).toEqual(['3', '0', '1', '2']);
    expect(peers(true)).toEqual(['0', '1', '3', '2']);
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
  expect([formatMs(null), formatMs(0), formatMs(0.031), formatMs(2.25), formatMs(33.3)]).toEqual(['–', '0 ms', '0.03 ms', '2.3 ms', '33 ms']);
  expect([formatPeer('0123456789', 'Ada'), formatPeer('0123456789', '')]).toEqual(['Ada', '01234567']);
});
