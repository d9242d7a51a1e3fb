import './dashboard.css';
import { Charts } from './charts';
import { MeshGraph } from './graph';
import { formatBytes, formatCount, formatDuration, formatMs, History, median, parseReport, roundTrip, sessionRows, sortRows, type SortKey } from './model';
import type { WorldReport } from './types';
import { showWork } from './work';

/** Without an event for this long the numbers are old, and the page says so. */
const STALE_MS = 3500;
const ROWS_MAX = 500;

const history = new History();
const charts = new Charts(history);
const graph = new MeshGraph(document.querySelector<SVGSVGElement>('#mesh')!);
const status = document.getElementById('status')!;
let latest: WorldReport | null = null;
let before: WorldReport | null = null;
let receivedAtMs = 0;
let damaged = 0;
let sort: { key: SortKey; descending: boolean } = { key: 'name', descending: false };

const stream = new EventSource('/api/stream');
stream.addEventListener('report', ({ data }: MessageEvent<string>) => {
  const report = parseReport(data);
  if (!report) {
    damaged++;
    return;
  }
  before = latest;
  latest = report;
  receivedAtMs = performance.now();
  history.add(report, before);
  showStatus();
  if (!document.hidden) show(report);
});
// EventSource gives up on some answers; then it is made to try again by a reload of the page's own.
stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000); };
document.addEventListener('visibilitychange', () => { if (!document.hidden && latest) show(latest); });
setInterval(showStatus, 500);
showStatus();

function showStatus(): void {
  const age = performance.now() - receivedAtMs;
  const [state, text] = !latest
    ? ['waiting', 'Waiting for the server…']
    : age < STALE_MS
      ? ['live', damaged > 0 ? `Live · ${damaged} unreadable` : 'Live']
      : ['lost', `Stream lost. These numbers are ${formatDuration(age / 1000)} old. Reconnecting…`];
  if (status.textContent !== text) status.textContent = text;
  document.documentElement.dataset['stream'] = state;
}

function show(report: WorldReport): void {
  const { world, stats, mesh } = report;
  const refusals = [...stats.refusals].sort((a, b) => b.count - a.count);
  const direct = mesh.links.filter((l) => l.kind === 'direct').map(roundTrip);
  const relayed = mesh.links.filter((l) => l.kind !== 'direct').map(roundTrip);
  const groups = history.values.groups.at(-1) ?? null;
  text('world-name', world.name || 'World');
  text('world-note', [world.game, world.authority, `up ${formatDuration(stats.uptimeSeconds)}`, `${formatCount(stats.memoryMb)} MB`].filter(Boolean).join(' · '));
  text('sessions-count', formatCount(stats.sessions));
  text('sessions-note', `${formatCount(stats.connections)} connected · ${formatCount(stats.bodies)} in the world`);
  text('links-count', formatCount(direct.length));
  text('links-note', [direct.length > 0 ? `median ${formatMs(median(direct))}` : '', `${formatCount(relayed.length)} by relay`, relayed.length > 0 ? formatMs(median(relayed)) : ''].filter(Boolean).join(' · '));
  text('tick', `${stats.ticksPerSecond.toFixed(1)}`);
  text('tick-note', `of ${world.tickRateHz} · ${formatMs(stats.tickMsMax)} longest · ${formatCount(stats.ticksSkipped)} skipped`);
  text('messages', formatCount(stats.messagesInPerSecond + stats.messagesOutPerSecond));
  text('messages-note', `${formatCount(stats.messagesInPerSecond)} in · ${formatCount(stats.messagesOutPerSecond)} out · ${formatCount(stats.actionsPerSecond)} actions`);
  text('bytes', formatBytes(stats.bytesInPerSecond + stats.bytesOutPerSecond));
  text('bytes-note', `${formatBytes(stats.bytesInPerSecond)} in · ${formatBytes(stats.bytesOutPerSecond)} out`);
  text('journal', formatCount(stats.transaction));
  text('journal-note', `${formatCount(stats.durableTransaction)} durable · ${formatBytes(stats.journalBytes)} written`);
  text('commit', stats.journalGroups > 0 ? formatMs(stats.journalCommitMs) : '–');
  text('commit-note', `${formatCount(stats.journalGroups)} groups · ${groups === null ? '–' : groups.toFixed(1)} a second${stats.journalFailures > 0 ? ` · ${formatCount(stats.journalFailures)} FAILED` : ''}`);
  text('refusals', formatCount(refusals.reduce((sum, r) => sum + r.count, 0)));
  text('refusals-note', [...refusals.slice(0, 3).map((r) => `${r.code} ${formatCount(r.count)}`), `movement states ${formatCount(stats.statesRejected)}`].join(' · '));
  text('mesh-empty', mesh.nodes.length === 0 ? 'Nobody is here yet. Open the game in two windows.' : '');
  graph.show(report);
  charts.draw();
  showSessions(report);
  showWork(report.work, stats.timeMs);
}

function showSessions(report: WorldReport): void {
  const body = document.querySelector<HTMLTableSectionElement>('#sessions tbody')!;
  const rows = sortRows(sessionRows(report, before), sort.key, sort.descending).slice(0, ROWS_MAX);
  const perSecond = (bytes: number | null) => (bytes === null ? '–' : `${formatBytes(bytes)}/s`);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((session, i) => {
    const row = body.rows[i] ?? body.insertRow();
    const cells = [
      session.name || '–', session.peer.slice(0, 8), session.state, session.x === null || session.z === null ? '–' : `${Math.round(session.x)}, ${Math.round(session.z)}`,
      formatDuration(session.hereS), String(session.direct), String(session.relay), formatMs(session.rttMs), perSecond(session.inPerS), perSecond(session.outPerS),
      formatCount(session.rejected),
    ];
    cells.forEach((value, c) => {
      const cell = row.cells[c] ?? row.insertCell();
      if (cell.textContent !== value) cell.textContent = value;
    });
    row.className = session.state;
  });
  document.getElementById('sessions-empty')!.hidden = rows.length > 0;
}

for (const button of document.querySelectorAll<HTMLButtonElement>('#sessions th button')) {
  button.addEventListener('click', () => {
    const key = button.dataset['key'] as SortKey;
    sort = { key, descending: sort.key === key ? !sort.descending : key !== 'name' && key !== 'peer' && key !== 'state' };
    for (const header of document.querySelectorAll('#sessions th')) header.removeAttribute('aria-sort');
    button.parentElement!.setAttribute('aria-sort', sort.descending ? 'descending' : 'ascending');
    if (latest) showSessions(latest);
  });
}

function text(id: string, value: string): void {
  const target = document.getElementById(id)!;
  if (target.textContent !== value) target.textContent = value;
}
