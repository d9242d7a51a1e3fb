import type { Runtime } from '../edge/boot';
import { clockNow, clockTicker, nextTask, TICK_MS } from '../edge/clock';
import { cryptoStart } from '../edge/crypto';
import type { WorldInfo } from '../edge/session';
import { FrameFlag, FrameOutput, InputFlag, QueueFlag, INPUT_BYTES, writeInput, type BlockKind, type Person, type StartOptions } from '../edge/frame';
import { pageAttach } from '../edge/page';
import { onArrival } from '../edge/queue';
import { rtcWaiting } from '../edge/rtc';
import { socketWaiting } from '../edge/socket';
import { storeOnDegraded } from '../edge/store';
import { DEFAULT_KINDS } from './blocks';
import { debugHandle } from './debug';
import { probeGraphics } from './graphics';
import { element, Hud } from './hud';
import { Input } from './input';
import { PhotoMode } from './photo';
import { AutoQuality, LEVELS } from './quality';
import { WorldScene } from './scene';
import { Screens } from './screens';
import { loadSettings } from './settings';

const HUD_MS = 200;
/** Steps that may fail one after the other before the game ends with a page. */
const FAILED_STEPS_MAX = 5;
/** When frames stall this long (hidden tab, covered window) the worker's ticks step instead. */
const STALLED_MS = 120;
/** What comes is read at once, but not again within this time: each reading costs some hundredths of a millisecond, however little it reads. */
const RECEIVE_MS = 8;
const HOTBAR_SLOTS = 12;
/** How many of the last steps' times are kept for {@link Game.takeStepTimes}: twenty seconds of 60 frames. */
const STEP_TIMES_MAX = 1200;

/** What the browser lacks, as a sentence; null when nothing. */
function missingFeature(): string | null {
  if (typeof WebAssembly === 'undefined') return 'This browser has no WebAssembly, in which the game runs.';
  if (!probeGraphics().webgl2) return 'This browser shows no WebGL 2. Turn on hardware acceleration, or try another browser.';
  if (!globalThis.crypto?.subtle) return 'WebCrypto is missing: open this page over https, or from localhost.';
  return null;
}

/** Runs the page: start screen, world, loop. `boot` brings the runtime (C#, or the development source). */
export async function startGame(boot: () => Promise<Runtime>, world: () => Promise<WorldInfo>): Promise<void> {
  const settings = loadSettings();
  const screens = new Screens(settings);
  const hud = new Hud();
  pageAttach((level, text) => hud.toast(level, text), (title, text) => screens.fatal(title, text));
  storeOnDegraded((reason) => hud.toast('warning', reason));
  const missing = missingFeature();
  if (missing) {
    screens.fatal('This browser cannot show the world', missing);
    return;
  }

  const query = new URLSearchParams(location.search);
  // .NET loads while the player types a name.
  const booted = Promise.all([cryptoStart(location.search).then(boot), world()]);
  booted.catch(() => {});
  const name = await screens.untilWalkIn(booted, query.get('walk'));
  const [runtime, { seed, tickRateHz }] = await booted;
  const game = new Game(runtime, screens, hud, settings);
  if (typeof RTCPeerConnection === 'undefined') hud.toast('warning', 'This browser has no WebRTC: others reach you through the server only.');
  game.start({ name, socket: '/ws', seed, tickRateHz });
}

class Game {
  readonly frame = new FrameOutput();
  readonly input: Input;
  readonly scene: WorldScene;
  readonly photo: PhotoMode;
  people: Person[] = [];
  framesPerSecond = 0;
  stepMs = 0;
  drawMs = 0;
  private stepTimes: number[] = [];
  /** Time in C# between the last step and the next. */
  private receivedMs = 0;
  private receivedAtMs = 0;
  private receiving = false;
  /** From navigation to the first drawn frame with ground under the player; 0 before it. */
  walkingAfterMs = 0;
  private readonly runtime: Runtime;
  private readonly screens: Screens;
  private readonly hud: Hud;
  private readonly settings: ReturnType<typeof loadSettings>;
  private readonly bytes = new Uint8Array(INPUT_BYTES);
  private readonly kinds: BlockKind[];
  private readonly quality: AutoQuality;
  private slot = 0;
  private peopleVersion = -1;
  private failedSteps = 0;
  private lastStepMs = 0;
  private lastDrawMs = 0;
  private hudAtMs = 0;
  private ended = false;
  private stopTicker = () => {};

  constructor(runtime: Runtime, screens: Screens, hud: Hud, settings: ReturnType<typeof loadSettings>) {
    this.runtime = runtime;
    this.screens = screens;
    this.hud = hud;
    this.settings = settings;
    const canvas = element('world') as HTMLCanvasElement;
    const kinds = parseJson<BlockKind[]>(runtime.Frame.blocks(), [...DEFAULT_KINDS]);
    this.kinds = kinds.filter((k) => k.placeable).slice(0, HOTBAR_SLOTS);
    this.scene = new WorldScene(canvas, runtime.Frame, kinds, new URLSearchParams(location.search).get('draw') !== 'off');
    this.quality = new AutoQuality(this.scene.software ? 0 : 1, this.scene.software ? 0 : LEVELS.length - 1);
    this.input = new Input(canvas, settings);
    this.photo = new PhotoMode(runtime.Frame);
    this.bindInput();
  }

  start(options: StartOptions): void {
    element('hud').hidden = false;
    this.screens.loading('Looking for ground…');
    this.screens.attach(this.input);
    this.screens.onSettings = () => this.applyQuality();
    window.addEventListener('resize', () => this.scene.resize());
    this.screens.onPhoto = () => this.openPhoto();
    this.screens.isCovered = () => this.photo.isOpen;
    this.photo.onClose = () => {
      this.input.menu = false;
      this.input.lock();
      element('world').focus();
    };
    this.applyQuality();
    this.runtime.Frame.start(JSON.stringify(options), clockNow());
    element('world').focus();
    this.input.lock();
    window.egregore = debugHandle(this);
    onArrival(() => this.receiveSoon());
    this.stopTicker = clockTicker(() => {
      const now = clockNow();
      // Ticks that piled up while the page was frozen are one.
      if (now - this.lastStepMs > (document.hidden ? TICK_MS / 2 : STALLED_MS)) this.step(now);
    });
    const draw = () => {
      if (this.ended) return;
      requestAnimationFrame(draw);
      this.tick();
    };
    requestAnimationFrame(draw);
  }

  /** The kind that the hotbar holds. */
  get selected(): BlockKind | undefined {
    return this.kinds[this.slot];
  }

  select(slot: number): void {
    if (this.kinds.length === 0) return;
    this.slot = ((slot % this.kinds.length) + this.kinds.length) % this.kinds.length;
    this.hud.select(this.slot, this.selected!.name);
  }

  selectKind(id: number): boolean {
    const slot = this.kinds.findIndex((k) => k.id === id);
    if (slot >= 0) this.select(slot);
    return slot >= 0;
  }

  /** How long C# took in each step since the last call, with what it did since the step before, milliseconds; of many, the last 1,200. */
  takeStepTimes(): number[] {
    return this.stepTimes.splice(0);
  }

  /** See {@link FrameExports.trace}. */
  trace(): unknown {
    return JSON.parse(this.runtime.Frame.trace());
  }

  private tick(): void {
    const now = clockNow();
    const elapsed = now - (this.lastDrawMs || now);
    this.lastDrawMs = now;
    this.step(now);
    if (this.ended) return;
    const before = performance.now();
    // In photo mode the view stands still: what it costs to draw is left to the rays.
    if (this.photo.isOpen) this.photo.step(!this.frame.has(FrameFlag.ServerGone));
    else if (this.frame.has(FrameFlag.Spawned)) this.scene.draw(this.frame, this.input.yaw, this.input.pitch, now, Math.min(elapsed, 250) / 1000);
    this.drawMs += (performance.now() - before - this.drawMs) * 0.05;
    if (elapsed > 0) this.framesPerSecond += (1000 / elapsed - this.framesPerSecond) * 0.06;
    if (this.settings.quality === 'auto' && this.walkingAfterMs > 0 && this.quality.frame(elapsed, now)) this.applyQuality();
    this.showLoading();
    if (now - this.hudAtMs >= HUD_MS) {
      this.hudAtMs = now;
      this.hud.update(this.frame, this.framesPerSecond);
    }
  }

  private step(now: number): void {
    if (this.ended) return;
    this.lastStepMs = now;
    const { input } = this;
    writeInput(this.bytes, {
      action: input.action(now),
      buttons: input.buttons(now),
      yaw: input.yaw,
      pitch: input.pitch,
      block: this.selected?.id ?? 0,
      flags: (document.hidden ? InputFlag.Hidden : 0) | (input.menu ? InputFlag.Menu : 0),
      viewDistance: this.viewDistance,
      queues: waitingQueues(),
    });
    const before = performance.now();
    try {
      const problem = this.frame.read(this.runtime.Frame.step(now, this.bytes));
      if (problem !== 'none') throw new Error(`the frame could not be read: ${problem}`);
      this.failedSteps = 0;
    } catch (error) {
      console.error(error);
      if (++this.failedSteps >= FAILED_STEPS_MAX) this.end('The game stopped', error instanceof Error ? error.message : String(error));
      return;
    }
    const took = performance.now() - before + this.receivedMs;
    this.receivedMs = 0;
    this.stepMs += (took - this.stepMs) * 0.05;
    if (this.stepTimes.length === STEP_TIMES_MAX) this.stepTimes.shift();
    this.stepTimes.push(took);
    for (let i = 0; i < this.frame.chunkCount; i++) this.scene.chunks.changed(this.frame.chunks[2 * i]!, this.frame.chunks[2 * i + 1]!);
    if (this.frame.peopleVersion !== this.peopleVersion) {
      this.peopleVersion = this.frame.peopleVersion;
      this.people = parseJson<Person[]>(this.runtime.Frame.people(), []);
      this.scene.people.setPeople(this.people);
    }
    this.scene.receive(this.frame, now);
  }

  /** In a task of its own, so that what comes together is read together. */
  private receiveSoon(): void {
    if (this.receiving || this.ended) return;
    this.receiving = true;
    const wait = this.receivedAtMs + RECEIVE_MS - clockNow();
    if (wait > 0) setTimeout(() => this.receive(), wait);
    else void nextTask().then(() => this.receive());
  }

  private receive(): void {
    this.receiving = false;
    const queues = waitingQueues();
    if (this.ended || queues === 0) return;
    const before = performance.now();
    this.receivedAtMs = clockNow();
    try {
      this.runtime.Frame.receive(this.receivedAtMs, queues);
    } catch (error) {
      // What is wrong for good shows in the next step, which counts.
      console.error(error);
    }
    this.receivedMs += performance.now() - before;
  }

  private openPhoto(): void {
    if (this.walkingAfterMs === 0 || this.photo.isOpen) return;
    this.input.menu = true;
    this.photo.open({ ...this.scene.view, yaw: this.input.yaw, pitch: this.input.pitch });
    document.exitPointerLock?.();
  }

  private showLoading(): void {
    if (this.walkingAfterMs > 0) return;
    const { frame } = this;
    if (frame.has(FrameFlag.Spawned) && frame.has(FrameFlag.Ready) && this.scene.chunks.shownNear(frame.current.x, frame.current.z)) {
      this.walkingAfterMs = performance.now();
      this.screens.loading(null);
      if (!this.input.locked && !document.body.classList.contains('touch')) this.hud.toast('info', 'Click the world to look around with the mouse. F throws a crate, C stacks one, G blasts.');
    } else if (frame.has(FrameFlag.ServerGone)) this.screens.loading(frame.retryInMs > 0 ? `The server does not answer. Trying again in ${Math.ceil(frame.retryInMs / 1000)} s.` : 'The server does not answer. Trying again…');
    else this.screens.loading(frame.has(FrameFlag.Spawned) ? 'Laying out the ground…' : 'Walking in…');
  }

  private get viewDistance(): number {
    return this.settings.viewDistance || this.level.viewDistance;
  }

  private get level() {
    return LEVELS.find((l) => l.name === this.settings.quality) ?? LEVELS[this.quality.level]!;
  }

  private applyQuality(): void {
    this.scene.setQuality(this.level, this.viewDistance);
  }

  private bindInput(): void {
    this.hud.setHotbar(this.kinds);
    this.hud.onPick = (slot) => this.select(slot);
    this.input.onSlot = (slot) => { if (slot < this.kinds.length) this.select(slot); };
    this.input.onWheel = (by) => this.select(this.slot + by);
    this.select(0);
    if (matchMedia('(pointer: coarse)').matches) document.body.classList.add('touch');
    window.addEventListener('touchstart', () => document.body.classList.add('touch'), { once: true, passive: true });
    this.input.attachTouch(element('stick'), element('knob'), { jump: element('touch-jump'), dig: element('touch-dig'), place: element('touch-place'), throw: element('touch-throw'), crate: element('touch-crate'), blast: element('touch-blast') });
  }

  private end(title: string, text: string): void {
    this.ended = true;
    this.stopTicker();
    this.screens.fatal(title, text);
  }
}

export type { Game };

function waitingQueues(): number {
  return (socketWaiting() ? QueueFlag.Socket : 0) | (rtcWaiting() ? QueueFlag.Links : 0);
}

function parseJson<T>(text: string, otherwise: T): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}
