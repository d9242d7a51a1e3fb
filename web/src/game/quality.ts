export interface QualityLevel {
  name: 'Low' | 'Medium' | 'High';
  /** Pixels drawn for a CSS pixel, at most. */
  pixelRatioMax: number;
  /** Side of the sun's shadow map; 0: no shadows. */
  shadowMap: number;
  viewDistance: number;
  cloudOctaves: number;
}

export const LEVELS: readonly QualityLevel[] = [
  { name: 'Low', pixelRatioMax: 0.75, shadowMap: 0, viewDistance: 4, cloudOctaves: 2 },
  { name: 'Medium', pixelRatioMax: 1, shadowMap: 1024, viewDistance: 6, cloudOctaves: 3 },
  { name: 'High', pixelRatioMax: 2, shadowMap: 2048, viewDistance: 8, cloudOctaves: 4 },
];

const WINDOW_FRAMES = 90;
const SLOW_MS = 24;
const FAST_MS = 18;
const FAST_WINDOWS = 5;
/** After a level proved too slow it is not tried again for this long. */
const RETRY_MS = 120_000;

/** Chooses the level from the time between frames: down at the first slow window, up after several fast ones. */
export class AutoQuality {
  private readonly frames: number[] = [];
  private fastWindows = 0;
  private readonly barredUntilMs: number[] = LEVELS.map(() => 0);
  level: number;
  private readonly levelMax: number;

  constructor(level: number, levelMax = LEVELS.length - 1) {
    this.level = Math.min(level, levelMax);
    this.levelMax = levelMax;
  }

  /** One frame took `frameMs`. Returns true when {@link level} changed. */
  frame(frameMs: number, nowMs: number): boolean {
    // A pause (hidden tab, a dialog) says nothing about speed.
    if (frameMs > 1000) return false;
    this.frames.push(frameMs);
    if (this.frames.length < WINDOW_FRAMES) return false;
    const sorted = this.frames.splice(0).sort((a, b) => a - b);
    const typical = sorted[Math.floor(sorted.length * 0.75)]!;
    if (typical > SLOW_MS && this.level > 0) {
      this.barredUntilMs[this.level] = nowMs + RETRY_MS;
      this.level--;
      this.fastWindows = 0;
      return true;
    }
    this.fastWindows = typical < FAST_MS ? this.fastWindows + 1 : 0;
    if (this.fastWindows >= FAST_WINDOWS && this.level < this.levelMax && nowMs >= this.barredUntilMs[this.level + 1]!) {
      this.level++;
      this.fastWindows = 0;
      return true;
    }
    return false;
  }
}
