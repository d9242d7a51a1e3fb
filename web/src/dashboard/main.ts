import './dashboard.css';
import { Charts } from './charts';
import { MeshGraph } from './graph';
import { formatBytes, formatCount, formatDuration, formatMs, History, parseSample, sortSessions, type SortKey } from './model';
import type { DashboardSample, Session } from './types';

/** Without an event for this long the numbers are old, and the page says so. */
const STALE_MS = 3500;
const ROWS_MAX = 500;

const history = new History();
const charts = new Charts(history);
const graph = new MeshGraph(document.querySelector<SVGSVGElement>('#mesh')!);
const status = document.getElementById('status')!;
let latest: DashboardSample | null = null;
let receivedAtMs = 0;
let damaged = 0;
let sort: { key: SortKey; descending: boolean } = { key: 'name', descending: false };

const stream = new EventSource('/api/stream');
stream.onmessage = ({ data }: MessageEvent<string>) => {
  const sample = parseSample(data);
  if (!sample) {
    damaged++;
    return;
  }
  latest = sample;
  receivedAtMs = performance.now();
  history.add(sample);
  if (!document.hidden) show(sample);
};
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

function show(sample: DashboardSample): void {
  const { world, totals, journal, mesh, sessions } = sample;
  const direct = mesh.links.filter((l) => l.kind === 'direct');
  const refusals = Object.entries(totals.refusals).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  text('world-name', world.name || 'World');
  text('authority', world.authority);
  text('sessions-count', formatCount(sessions.length));
  text('sessions-note', `median round trip ${formatMs(median(sessions))}`);
  text('links-count', formatCount(direct.length));
  text('links-note', `${mesh.links.filter((l) => l.kind === 'relay').length} relayed · median ${formatMs(median(direct))}`);
  text('tick', formatMs(world.tickMs.p99));
  text('tick-note', `p99 of ${world.tickRateHz} a second · tick ${formatCount(world.tick)}`);
  text('messages', formatCount(totals.messagesInPerS + totals.messagesOutPerS));
  text('messages-note', `${formatCount(totals.messagesInPerS)} in · ${formatCount(totals.messagesOutPerS)} out`);
  text('bytes', `${formatBytes(totals.bytesInPerS + totals.bytesOutPerS)}/s`);
  text('bytes-note', `${formatBytes(totals.bytesInPerS)} in · ${formatBytes(totals.bytesOutPerS)} out`);
  text('journal', formatCount(journal.transaction));
  text('journal-note', `${formatBytes(journal.bytes)} · ${formatCount(journal.groupsPerS)} groups a second`);
  text('refusals', formatCount(refusals.reduce((sum, [, count]) => sum + count, 0)));
  text('refusals-note', refusals.length === 0 ? 'none' : refusals.slice(0, 3).map(([code, count]) => `${code} ${formatCount(count)}`).join(' · '));
  text('mesh-empty', mesh.nodes.length <= 1 ? 'Nobody is here yet. Open the game in two windows.' : '');
  graph.show(mesh);
  charts.draw();
  showSessions(sessions);
}

function showSessions(sessions: readonly Session[]): void {
  const body = document.querySelector<HTMLTableSectionElement>('#sessions tbody')!;
  const rows = sortSessions(sessions, sort.key, sort.descending).slice(0, ROWS_MAX);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((session, i) => {
    const row = body.rows[i] ?? body.insertRow();
    const cells = [
      session.name || '–', session.peer.slice(0, 8), session.state, `${Math.round(session.x)}, ${Math.round(session.z)}`, formatDuration(session.connectedS),
      formatMs(session.rttMs), `${formatBytes(session.bytesInPerS)}/s`, `${formatBytes(session.bytesOutPerS)}/s`,
    ];
    cells.forEach((value, c) => {
      const cell = row.cells[c] ?? row.insertCell();
      if (cell.textContent !== value) cell.textContent = value;
    });
    row.className = session.state;
  });
  document.getElementById('sessions-empty')!.hidden = sessions.length > 0;
}

for (const button of document.querySelectorAll<HTMLButtonElement>('#sessions th button')) {
  button.addEventListener('click', () => {
    const key = button.dataset['key'] as SortKey;
    sort = { key, descending: sort.key === key ? !sort.descending : key !== 'name' && key !== 'peer' && key !== 'state' };
    for (const header of document.querySelectorAll('#sessions th')) header.removeAttribute('aria-sort');
    button.parentElement!.setAttribute('aria-sort', sort.descending ? 'descending' : 'ascending');
    if (latest) showSessions(latest.sessions);
  });
}

function median(measured: readonly { rttMs: number | null }[]): number | null {
  const known = measured.map((m) => m.rttMs).filter((ms): ms is number => ms !== null).sort((a, b) => a - b);
  return known[known.length >> 1] ?? null;
}

function text(id: string, value: string): void {
  const target = document.getElementById(id)!;
  if (target.textContent !== value) target.textContent = value;
}
