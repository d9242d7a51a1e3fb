import type { Senses } from './policy';

interface BatteryManager extends EventTarget {
  charging: boolean;
  level: number;
}

interface IdleDetectorPort extends EventTarget {
  userState: 'active' | 'idle' | null;
  screenState: 'locked' | 'unlocked' | null;
  start(options: { threshold: number; signal: AbortSignal }): Promise<void>;
}

interface IdleDetectorClass {
  new (): IdleDetectorPort;
  requestPermission(): Promise<'granted' | 'denied'>;
}

/** Frames whose middle is taken: one late frame says nothing. */
const FRAMES = 31;
/** The shortest threshold that the Idle Detection API allows. */
const IDLE_THRESHOLD_MS = 60_000;

/** What the browser tells of battery, use and visibility. */
export class BrowserSenses {
  battery: BatteryManager | null = null;
  idle: IdleDetectorPort | null = null;
  private lastInputMs = -Infinity;
  private readonly frames: number[] = [];
  private frameAtMs = 0;
  private measuring = false;
  private stopIdle: AbortController | null = null;

  constructor() {
    for (const type of ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart']) {
      addEventListener(type, () => (this.lastInputMs = performance.now()), { passive: true, capture: true });
    }
    const asked = (navigator as { getBattery?: () => Promise<BatteryManager> }).getBattery?.();
    asked?.then((battery) => (this.battery = battery)).catch(() => {});
  }

  /** Looks at frames, and at the whole machine's use where the person allows it, or stops looking. Call it from a click: the browser asks only then. */
  async watchUse(on: boolean): Promise<void> {
    this.measuring = on;
    this.frames.length = 0;
    if (on) this.measure();
    this.stopIdle?.abort();
    this.stopIdle = null;
    this.idle = null;
    const detector = (globalThis as { IdleDetector?: IdleDetectorClass }).IdleDetector;
    if (!on || !detector) return;
    const stop = new AbortController();
    this.stopIdle = stop;
    try {
      if ((await detector.requestPermission()) !== 'granted' || stop.signal.aborted) return;
      const idle = new detector();
      await idle.start({ threshold: IDLE_THRESHOLD_MS, signal: stop.signal });
      this.idle = idle;
    } catch {
      // Not allowed here: this page's own keys, pointer and frames are what is left.
    }
  }

  read(nowMs: number): Senses {
    const sorted = [...this.frames].sort((a, b) => a - b);
    return {
      nowMs,
      charging: this.battery?.charging ?? null,
      hidden: document.hidden,
      lastInputMs: this.lastInputMs,
      frameMs: document.hidden || sorted.length < FRAMES ? null : sorted[FRAMES >> 1]!,
      userActive: this.idle ? this.idle.userState === 'active' && this.idle.screenState !== 'locked' : null,
    };
  }

  private measure(): void {
    this.frameAtMs = 0;
    const frame = (at: number) => {
      if (!this.measuring) return;
      // A page that was hidden has no frames; what lies between is none.
      if (this.frameAtMs > 0 && at - this.frameAtMs < 1000) {
        this.frames.push(at - this.frameAtMs);
        if (this.frames.length > FRAMES) this.frames.shift();
      }
      this.frameAtMs = at;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
}
