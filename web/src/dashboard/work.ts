import { formatCount, formatCredits, formatDuration, formatMs, formatPeer, formatShare } from './model';
import type { HelperInfo, KernelInfo, WorkRefusal, WorkReport } from './types';

const LEVELS = ['first peer', 'another peer', 'cloud', 'truth'] as const;
const REFUSALS_SHOWN = 20;

/** The dashboard's part on helpers: who computes what, how well, what was not taken and why, and what it costs. */
export function showWork(work: WorkReport, nowMs: number): void {
  const { stats, physics } = work;
  const answered = stats.byPeers + stats.byOtherPeers + stats.byCloud + stats.byTruth;
  text('helpers-count', formatCount(stats.helpers));
  text('helpers-note', work.enabled ? `${formatCount(stats.parked)} free · ${formatCount(stats.tasks)} tasks under way` : 'off');
  text('tasks-count', stats.submittedPerSecond >= 10 ? formatCount(stats.submittedPerSecond) : stats.submittedPerSecond.toFixed(1));
  text('tasks-note', `${formatShare(answered === 0 ? 0 : 1 - stats.byTruth / answered)} by helpers · ${formatShare(stats.deadlinesKept)} in time`);
  text('trust-count', formatCount(stats.wrong + stats.forged));
  text('trust-note', `${formatCount(stats.late)} late · ${formatCount(stats.bans)} banned · ${formatCount(stats.rolledBack)} rolled back`);
  text('cost-count', formatCredits(stats.paidPerHour));
  text('cost-note', `on the server alone ${formatCredits(stats.truthPerHour)} · a player's hour ${formatCredits(stats.costPerPlayerHour)}`);
  text('work-checks', [
    `${formatCount(stats.hedges)} hedges`, `${formatCount(stats.audits)} audits`, `${formatShare(stats.redundant)} computed twice`, `${formatCount(stats.failed)} without an answer`,
  ].join(' · '));
  text('physics-note', physics.frames === 0 ? 'Nothing has moved yet. Throw a crate.' : [
    `${formatCount(physics.awake)} bodies awake in ${formatCount(physics.islands)} islands`, `${formatCount(physics.frames)} frames, ${formatCount(physics.framesLate)} late (at most ${formatMs(physics.lateMsMax)})`,
    `${formatCount(physics.byHelpers)} answers by helpers, ${formatCount(physics.byTruth)} by truth`, `${formatCount(physics.tasksDiscarded)} discarded`, `${formatCount(physics.corrections)} put right`,
  ].join(' · '));
  showKernels(work.kernels);
  table('helpers', work.helpers, (helper) => helperCells(helper, nowMs), (helper) => (helper.bannedSeconds > 0 ? 'bad' : ''));
  table('refused', work.refused.slice(-REFUSALS_SHOWN).reverse(), (refusal) => refusalCells(refusal, nowMs), (refusal) => (refusal.verdict === 'Late' ? '' : 'bad'));
}

function helperCells(helper: HelperInfo, nowMs: number): string[] {
  return [
    formatPeer(helper.peer, helper.name), helper.tier, String(helper.slots), formatDuration(Math.max(0, (nowMs - helper.sinceMs) / 1000)),
    helper.accepted + helper.wrong === 0 ? 'new' : formatShare(helper.trust), helper.fuelPerUs === 0 ? '–' : `${formatCount(helper.fuelPerUs)} fuel/µs`,
    helper.latencyMs === 0 ? '–' : `${formatMs(helper.latencyMs)} ± ${formatMs(helper.jitterMs)}`, formatCount(helper.accepted), formatCount(helper.late), formatCount(helper.wrong),
    formatCredits(helper.credits), helper.bannedSeconds > 0 ? `banned for ${formatDuration(helper.bannedSeconds)}: ${helper.reason}` : helper.reason,
  ];
}

function refusalCells(refusal: WorkRefusal, nowMs: number): string[] {
  return [`${formatDuration(Math.max(0, (nowMs - refusal.timeMs) / 1000))} ago`, formatPeer(refusal.peer, refusal.name), refusal.kernel || '–', refusal.verdict, refusal.reason || '–'];
}

function showKernels(kernels: KernelInfo[]): void {
  const list = document.getElementById('kernels')!;
  const used = kernels.filter((kernel) => kernel.byLevel.some((count) => count > 0) || kernel.failed > 0);
  const most = Math.max(1, ...used.map((kernel) => kernel.byLevel.reduce((sum, count) => sum + count, 0)));
  while (list.children.length > used.length) list.lastElementChild!.remove();
  used.forEach((kernel, i) => {
    const row = list.children[i] ?? list.appendChild(kernelRow());
    const total = kernel.byLevel.reduce((sum, count) => sum + count, 0);
    const [name, bar, note] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
    set(name, kernel.name);
    LEVELS.forEach((_, level) => ((bar.children[level] as HTMLElement).style.width = `${(100 * (kernel.byLevel[level] ?? 0)) / most}%`));
    const parts = LEVELS.map((level, at) => `${formatCount(kernel.byLevel[at] ?? 0)} by ${level}`);
    bar.setAttribute('aria-label', parts.join(', '));
    bar.title = parts.join(', ');
    set(note, `${formatCount(total)} tasks · ${formatMs(kernel.meanMs)} · ${kernel.class}${kernel.failed > 0 ? ` · ${formatCount(kernel.failed)} failed` : ''}`);
  });
  document.getElementById('kernels-empty')!.hidden = used.length > 0;
}

function kernelRow(): HTMLElement {
  const row = document.createElement('li');
  const bar = document.createElement('span');
  bar.className = 'levels';
  bar.setAttribute('role', 'img');
  for (let level = 0; level < LEVELS.length; level++) bar.append(document.createElement('i'));
  row.append(document.createElement('b'), bar, document.createElement('span'));
  return row;
}

function table<T>(id: string, rows: T[], cells: (row: T) => string[], mark: (row: T) => string): void {
  const body = document.querySelector<HTMLTableSectionElement>(`#${id} tbody`)!;
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((entry, i) => {
    const row = body.rows[i] ?? body.insertRow();
    cells(entry).forEach((value, c) => set(row.cells[c] ?? row.insertCell(), value));
    row.className = mark(entry);
  });
  document.getElementById(`${id}-empty`)!.hidden = rows.length > 0;
}

function text(id: string, value: string): void {
  set(document.getElementById(id)!, value);
}

function set(target: HTMLElement, value: string): void {
  if (target.textContent !== value) target.textContent = value;
}
