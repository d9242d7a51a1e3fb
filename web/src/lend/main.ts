import './lend.css';
import { toBase64Url } from '../edge/bytes';
import { clockTicker } from '../edge/clock';
import { cryptoPublicKey, cryptoStart } from '../edge/crypto';
import { sessionWorld } from '../edge/session';
import { storeOnDegraded } from '../edge/store';
import { formatDuration } from '../dashboard/model';
import { Kernels } from './kernels';
import { Lender } from './lender';
import { Link, type SocketPort } from './link';
import { PAUSE_TEXT, type PauseReason } from './policy';
import { RunnerPool, type RunnerPort } from './pool';
import { receiptHolds } from './receipts';
import { BrowserSenses } from './senses';
import { loadSettings, saveSettings } from './settings';
import { element, showChart, showCores, showKernels, showTasks, showTiles, text } from './view';
import { hex } from './wire';

/** What is shown is renewed this often; states and workers at every tick. */
const SHOW_EVERY_MS = 500;
/** Without a task for so long it says that it waits. */
const IDLE_MS = 2500;

const coresMax = Math.min(64, Math.max(1, navigator.hardwareConcurrency || 1));
const settings = loadSettings(coresMax);
// All tabs of this browser are one helper, so that trust grows; `?identity=NAME` is another one.
const identity = new URLSearchParams(location.search).get('identity')?.slice(0, 64) || 'lend';
const senses = new BrowserSenses();
const pool = new RunnerPool(() => new Worker(new URL('./runner.worker.ts', import.meta.url), { type: 'module', name: 'kernel' }) as unknown as RunnerPort);
const link = new Link(() => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/work`) as unknown as SocketPort);
const lender = new Lender(link, pool, new Kernels(), { ...settings, cores: 0 }, receiptHolds, () => performance.now());
let stopTicker: (() => void) | null = null;
let release: () => void = () => {};
/** The next press of the button takes the turn of another tab. */
let steal = false;
let shownAtMs = 0;
let busyAtMs = 0;

showSettings();
text('start-note', `${settings.cores} of ${coresMax} cores at ${Math.round(settings.share * 100)} % to begin with; you can change that while it runs.`);
storeOnDegraded(() => (lender.notice = 'This browser keeps nothing for this page: trust that is earned here is gone with the tab.'));
sessionWorld().then(({ name, game }) => text('world-note', `${name} · ${game}`)).catch(() => {});
element('start').addEventListener('click', () => void start());
element('pause').addEventListener('click', () => {
  lender.asked = !lender.asked;
  tick();
});
element('stop').addEventListener('click', stop);
element('retry').addEventListener('click', () => link.retryNow());
element('save').addEventListener('click', saveReceipts);
addEventListener('pagehide', () => lender.leave());

async function start(): Promise<void> {
  const button = element<HTMLButtonElement>('start');
  button.disabled = true;
  text('ask-problem', '');
  try {
    if (!(await takeTurn())) {
      steal = true;
      text('ask-problem', 'Another tab of this browser lends already. Press the button again to lend from this one instead.');
      return;
    }
    await cryptoStart(`?identity=${encodeURIComponent(identity)}`);
  } catch (error) {
    text('ask-problem', error instanceof Error ? error.message : String(error));
    return;
  } finally {
    button.disabled = false;
  }
  element('ask').hidden = true;
  element('work').hidden = false;
  lender.asked = false;
  lender.set({ ...settings });
  void senses.watchUse(settings.pauseInUse);
  link.start(navigator.userAgent.includes('Mobile') ? 'phone' : 'tab', coresMax);
  stopTicker ??= clockTicker(tick);
  element('pause').focus();
}

function stop(): void {
  lender.leave();
  link.stop();
  lender.set({ ...settings, cores: 0 });
  stopTicker?.();
  stopTicker = null;
  release();
  void senses.watchUse(false);
  element('work').hidden = true;
  element('ask').hidden = false;
  document.documentElement.dataset['state'] = 'ask';
  text('status', 'Not lending');
  document.title = 'Egregore: lend';
  element('start').focus();
}

/** One tab of a browser lends for one identity; false: another does. */
function takeTurn(): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = steal ? { steal: true } : { ifAvailable: true };
    steal = false;
    navigator.locks
      .request(`egregore.lend.${identity}`, options, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise<void>((done) => (release = done)) : undefined;
      })
      .catch(() => {
        stop();
        text('ask-problem', 'Another tab of this browser lends now.');
      });
  });
}

function tick(): void {
  const nowMs = performance.now();
  link.tick();
  lender.tick(senses.read(nowMs));
  const states = pool.states();
  if (lender.running > 0 || states.includes('busy')) busyAtMs = nowMs;
  showState(nowMs);
  if (document.hidden) return;
  showCores(states);
  if (nowMs - shownAtMs < SHOW_EVERY_MS) return;
  shownAtMs = nowMs;
  showTiles(lender.ledger, link.rttMs);
  showChart(lender.ledger);
  showKernels(lender.ledger);
  showTasks(lender.ledger, nowMs);
  showHardware();
}

function showState(nowMs: number): void {
  const [state, word, why] = stateOf(nowMs);
  document.documentElement.dataset['state'] = state;
  text('state-word', word);
  text('state-why', why);
  text('status', word);
  const waiting = link.state === 'waiting' || link.state === 'refused';
  element('retry').hidden = !waiting;
  text('state-countdown', waiting ? `Trying again in ${formatDuration(link.retryInS)}.` : '');
  text('pause', lender.asked ? 'Go on' : 'Pause');
  element('pause').setAttribute('aria-pressed', String(lender.asked));
  element('notice').hidden = lender.notice === '';
  text('notice', lender.notice);
  document.title = `${word} · Egregore: lend`;
}

function stateOf(nowMs: number): [state: string, word: string, why: string] {
  switch (link.state) {
    case 'waiting': return ['away', 'Server away', `${sentence(link.text)} Nothing to do for you: this page comes back by itself.`];
    case 'refused': return ['refused', 'Refused', `${sentence(link.text)} Perhaps the server asks for something else by now: load this page again.`];
    case 'online': break;
    default: return link.text === '' ? ['connecting', 'Connecting…', ''] : ['away', 'Server away', `${sentence(link.text)} Trying again now.`];
  }
  const [pause] = lender.pauses;
  if (pause) return ['paused', 'Paused', pauseText(pause, nowMs)];
  if (nowMs - busyAtMs < IDLE_MS && busyAtMs > 0) return ['computing', 'Computing', `${settings.cores === 1 ? 'One core at' : `${settings.cores} cores, each at`} ${Math.round(settings.share * 100)} % of its time.`];
  return ['ready', 'Ready', 'Waiting for tasks: the world needs nothing computed at the moment.'];
}

function pauseText(pause: PauseReason, nowMs: number): string {
  if (pause !== 'banned') return PAUSE_TEXT[pause];
  const left = formatDuration(Math.ceil(lender.ledger.bannedMs(nowMs) / 1000));
  return `${PAUSE_TEXT.banned} ${sentence(lender.ledger.standing?.reason || 'It did not say why.')} It goes on in ${left}.`;
}

const sentence = (said: string) => (said === '' ? '' : `${said[0]!.toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? '' : '.'}`);

function showSettings(): void {
  const cores = element<HTMLInputElement>('cores-range');
  const share = element<HTMLInputElement>('share-range');
  cores.max = String(coresMax);
  cores.value = String(settings.cores);
  cores.disabled = coresMax === 1;
  share.value = String(Math.round(settings.share * 100));
  const label = () => {
    text('cores-out', `${settings.cores} of ${coresMax}`);
    text('share-out', `${Math.round(settings.share * 100)} %`);
  };
  label();
  const changed = () => {
    label();
    saveSettings(settings);
    if (link.state !== 'off') lender.set({ ...settings });
  };
  cores.addEventListener('input', () => {
    settings.cores = Number(cores.value);
    changed();
  });
  share.addEventListener('input', () => {
    settings.share = Number(share.value) / 100;
    changed();
  });
  const boxes = { 'pause-battery': 'pauseOnBattery', 'pause-hidden': 'pauseHidden', 'pause-use': 'pauseInUse' } as const;
  for (const [id, name] of Object.entries(boxes)) {
    const box = element<HTMLInputElement>(id);
    box.checked = settings[name];
    box.addEventListener('change', () => {
      settings[name] = box.checked;
      if (name === 'pauseInUse') void senses.watchUse(box.checked);
      changed();
    });
  }
}

function showHardware(): void {
  const { battery, idle } = senses;
  text('battery-note', battery ? `(${battery.charging ? 'plugged in' : 'on battery'}, ${Math.round(battery.level * 100)} %)` : '(this browser does not tell)');
  text('use-note', idle ? '(the whole computer)' : '(keys, pointer and late pictures of this page)');
}

/** All receipts that are remembered, with what it takes to check them elsewhere. */
function saveReceipts(): void {
  const { welcome } = link;
  const receipts = lender.ledger.tasks.flatMap(({ receipt, signed }) => (receipt ? [{ ...receipt, lease: String(receipt.lease), kernel: hex(receipt.kernel), fuel: String(receipt.fuel), credits: String(receipt.credits), time: String(receipt.time), signature: toBase64Url(receipt.signature), signed }] : []));
  const saved = { helper: welcome?.peer ?? '', helperKey: toBase64Url(cryptoPublicKey()), serverKey: welcome ? toBase64Url(welcome.publicKey) : '', receipts };
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(new Blob([JSON.stringify(saved, null, 2)], { type: 'application/json' }));
  anchor.download = 'egregore-receipts.json';
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}
