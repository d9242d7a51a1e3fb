/** What the helper may be stopped by, as a person set it. */
export interface LendSettings {
  cores: number;
  /** 0.1 to 1. */
  share: number;
  pauseOnBattery: boolean;
  pauseHidden: boolean;
  pauseInUse: boolean;
}

/** What the browser says; null where it says nothing. */
export interface Senses {
  nowMs: number;
  charging: boolean | null;
  hidden: boolean;
  lastInputMs: number;
  /** The middle of the last frames' times, ms; null while hidden. */
  frameMs: number | null;
  /** Of the Idle Detection API, where the person allowed it: about the whole machine, not this page. */
  userActive: boolean | null;
}

export type PauseReason = 'asked' | 'banned' | 'battery' | 'hidden' | 'in-use' | 'slow';

export const PAUSE_TEXT: Record<PauseReason, string> = {
  asked: 'You paused it.',
  banned: 'The server gives this helper nothing for now.',
  battery: 'The computer runs on its battery. It goes on when it is plugged in.',
  hidden: 'This page is hidden. It goes on when you look at it again.',
  'in-use': 'You are using the computer. It goes on after ten quiet seconds.',
  slow: 'The computer is busy with something else: pictures come late. It goes on when they come in time.',
};

/** How long after the last key or pointer it is quiet. */
const QUIET_MS = 10_000;
/** A frame that takes longer than this comes late (20 a second); a page at rest has 16.7. */
const SLOW_FRAME_MS = 50;
/** Once paused for late frames it stays so until they are this quick, and for at least this long: our own load is then gone, and must not be what is measured. */
const QUICK_FRAME_MS = 25;
const SLOW_MS_MIN = 10_000;

/** Decides whether to pause, and always why. */
export class PausePolicy {
  private slowSinceMs = -1;

  /** All that holds, the most telling first; empty: go on. */
  reasons(settings: LendSettings, senses: Senses, asked: boolean, bannedMs: number): PauseReason[] {
    const found: PauseReason[] = [];
    if (asked) found.push('asked');
    if (bannedMs > 0) found.push('banned');
    if (settings.pauseOnBattery && senses.charging === false) found.push('battery');
    if (settings.pauseHidden && senses.hidden) found.push('hidden');
    if (settings.pauseInUse) {
      if (senses.userActive ?? senses.nowMs - senses.lastInputMs < QUIET_MS) found.push('in-use');
      if (this.isSlow(senses)) found.push('slow');
    } else {
      this.slowSinceMs = -1;
    }
    return found;
  }

  private isSlow({ nowMs, frameMs }: Senses): boolean {
    if (frameMs === null) return this.slowSinceMs >= 0 && nowMs - this.slowSinceMs < SLOW_MS_MIN;
    if (frameMs > SLOW_FRAME_MS && this.slowSinceMs < 0) this.slowSinceMs = nowMs;
    else if (this.slowSinceMs >= 0 && nowMs - this.slowSinceMs >= SLOW_MS_MIN && frameMs < QUICK_FRAME_MS) this.slowSinceMs = -1;
    return this.slowSinceMs >= 0;
  }
}
