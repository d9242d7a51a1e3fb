import { formatBytes, formatCount, formatDuration, formatMs } from '../dashboard/model';
import { formatCredits, formatFuel, formatPercent } from './format';
import type { Ledger, TaskRecord } from './ledger';
import type { RunnerState } from './pool';
import { hex, type Verdict } from './wire';

/** Rows of the table of tasks; what is older is in the saved receipts. */
const ROWS_MAX = 40;

export const element = <T extends Element = HTMLElement>(id: string) => document.getElementById(id) as unknown as T;

/** Sets text where it differs, so that a screen reader hears changes only. */
export function text(id: string, value: string): void {
  const target = element(id);
  if (target.textContent !== value) target.textContent = value;
}

export function showCores(states: readonly RunnerState[]): void {
  const list = element('cores');
  while (list.children.length > states.length) list.lastElementChild!.remove();
  while (list.children.length < states.length) list.append(document.createElement('li'));
  states.forEach((state, i) => {
    const item = list.children[i]!;
    if (item.className === state) return;
    item.className = state;
    item.setAttribute('aria-label', `worker ${i + 1}: ${state}`);
    (item as HTMLElement).title = state;
  });
}

export function showTiles(ledger: Ledger, rttMs: number | null): void {
  const trust = ledger.trust();
  const standing = ledger.standing;
  text('tasks-count', formatCount(ledger.done));
  text('tasks-note', [`${formatCount(ledger.accepted)} accepted`, ledger.rejected > 0 ? `${formatCount(ledger.rejected)} not` : '', ledger.failed > 0 ? `${formatCount(ledger.failed)} failed` : ''].filter(Boolean).join(' · '));
  text('credits', standing ? formatCredits(standing.balance) : formatCredits(ledger.earned));
  text('credits-note', `${formatCredits(ledger.earned)} on this visit`);
  text('trust', trust === null ? '–' : formatPercent(trust));
  text('trust-note', trust === null ? 'new here: every task is doubled' : `${formatCount(standing!.kernels.length)} ${standing!.kernels.length === 1 ? 'kernel' : 'kernels'}`);
  text('busy', ledger.busyMs < 60_000 ? `${(ledger.busyMs / 1000).toFixed(1)} s` : formatDuration(ledger.busyMs / 1000));
  text('busy-note', `${formatFuel(ledger.fuel)} fuel`);
  text('rtt', formatMs(rttMs));
}

/** Seconds that the line of credits is the mean of: receipts come in bursts. */
const MEAN_S = 5;

/** Bars: tasks a second. Line: credits a second. Each by its own scale; the legend has what is latest. */
export function showChart({ history }: Ledger): void {
  const shown = history.slice(0, -1);
  const step = 240 / shown.length;
  const most = Math.max(1, ...shown.map(({ tasks }) => tasks));
  const means = shown.map((_, i) => shown.slice(Math.max(0, i + 1 - MEAN_S), i + 1).reduce((sum, { credits }) => sum + credits, 0) / MEAN_S);
  const richest = Math.max(1e-9, ...means);
  const first = means.findIndex((credits) => credits !== 0);
  const y = (value: number, max: number) => (100 - (94 * Math.max(0, value)) / max).toFixed(1);
  const bars = shown.map(({ tasks }, i) => (tasks > 0 ? `M${(i * step).toFixed(1)} 100V${y(tasks, most)}h${(step * 0.8).toFixed(2)}V100z` : '')).join('');
  const line = first < 0 ? '' : means.slice(first).map((credits, i) => `${i === 0 ? 'M' : 'L'}${((first + i + 0.4) * step).toFixed(1)} ${y(credits, richest)}`).join('');
  element<SVGElement>('chart').querySelector('.area')!.setAttribute('d', bars);
  element<SVGElement>('chart').querySelector('.line')!.setAttribute('d', line);
  const last = shown.at(-1)!;
  text('chart-tasks', `${last.tasks}, at most ${most}`);
  text('chart-credits', formatCredits(BigInt(Math.round(means.at(-1)! * 1e6))));
}

export function showKernels({ standing }: Ledger): void {
  const kernels = standing?.kernels ?? [];
  element('kernels').hidden = kernels.length === 0;
  element('kernels-empty').hidden = kernels.length > 0;
  rows(element<HTMLTableElement>('kernels'), kernels.map((kernel) => [
    { text: kernel.name || hex(kernel.kernel).slice(0, 8) },
    { text: formatPercent(kernel.trust / 1000), meter: kernel.trust / 1000 },
    { text: formatPercent(kernel.sampled / 1000) },
    { text: formatCount(kernel.accepted) },
    { text: formatCount(kernel.late), tone: kernel.late > 0 ? 'warn' : '' },
    { text: formatCount(kernel.wrong), tone: kernel.wrong > 0 ? 'bad' : '' },
  ]));
}

const VERDICT_TONES: Record<Verdict, string> = { none: 'soft', accepted: 'good', provisional: 'warn', late: 'warn', wrong: 'bad', refused: 'bad', cancelled: 'soft', failed: 'bad' };
const STATE_TEXT = { loading: 'fetching its kernel', waiting: 'waiting for a worker', running: 'computing', sent: 'sent, not judged yet', failed: 'failed', cancelled: 'cancelled' };

export function showTasks(ledger: Ledger, nowMs: number): void {
  element('tasks').hidden = ledger.tasks.length === 0;
  element('tasks-empty').hidden = ledger.tasks.length > 0;
  element<HTMLButtonElement>('save').disabled = ledger.receipts === 0;
  rows(element<HTMLTableElement>('tasks'), ledger.tasks.slice(0, ROWS_MAX).map((task) => [
    { text: nowMs - task.atMs < 1000 ? 'now' : formatDuration((nowMs - task.atMs) / 1000) },
    { text: ledger.kernelName(task.kernel), title: task.kernel },
    { text: formatMs(task.runMs) },
    { text: formatFuel(task.fuel) },
    { text: `${formatBytes(task.bytesIn)}, ${formatBytes(task.bytesOut)}` },
    { text: task.verdict === 'none' ? STATE_TEXT[task.state] : task.verdict, tone: task.verdict === 'none' && task.state === 'failed' ? 'bad' : VERDICT_TONES[task.verdict], title: task.text },
    { text: task.receipt ? formatCredits(task.credits) : '–', tone: task.credits < 0n ? 'bad' : '' },
    receiptCell(task),
  ]));
}

function receiptCell({ receipt, signed, text: why }: TaskRecord): Cell {
  if (!receipt) return { text: why || '–', tone: 'soft', title: why };
  if (signed === null) return { text: why || (receipt.credits === 0n ? 'no payment' : 'not signed'), tone: 'soft', title: why || 'The payment stands in the ledger of the server all the same.' };
  return signed ? { text: 'signed ✓', tone: 'good', title: 'The signature is that of the server.' } : { text: 'forged ✗', tone: 'bad', title: 'The signature is not that of the server.' };
}

interface Cell {
  text: string;
  tone?: string;
  title?: string;
  /** 0 to 1: a bar before the text. */
  meter?: number;
}

function rows(table: HTMLTableElement, cells: Cell[][]): void {
  const body = table.tBodies[0]!;
  while (body.rows.length > cells.length) body.deleteRow(-1);
  cells.forEach((row, r) => {
    const shown = body.rows[r] ?? body.insertRow();
    row.forEach((cell, c) => {
      const target = shown.cells[c] ?? shown.insertCell();
      const value = cell.text;
      if (cell.meter !== undefined) {
        const meter = target.querySelector('meter') ?? target.appendChild(document.createElement('meter'));
        meter.value = cell.meter;
        const label = target.querySelector('span') ?? target.appendChild(document.createElement('span'));
        if (label.textContent !== value) label.textContent = value;
      } else if (target.textContent !== value) target.textContent = value;
      target.className = cell.tone ?? '';
      target.title = cell.title ?? '';
    });
  });
}
