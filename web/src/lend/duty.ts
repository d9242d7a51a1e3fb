/** Rests shorter than this are saved up: a timer is not more exact. */
const REST_MS_MIN = 4;
/** The longest rest at once, so that a change of the share is felt soon. */
const REST_MS_MAX = 10_000;

/** Keeps one worker to a share of the time: after so long a run it rests so long. */
export class DutyCycle {
  private owedMs = 0;
  private share = 1;

  /** @param share 0.1 to 1. */
  set(share: number): void {
    this.share = Math.min(1, Math.max(0.1, share));
    if (this.share === 1) this.owedMs = 0;
  }

  /** How long to rest after a run; 0: not yet. */
  ran(runMs: number): number {
    this.owedMs += (runMs * (1 - this.share)) / this.share;
    if (this.owedMs < REST_MS_MIN) return 0;
    const rest = Math.min(REST_MS_MAX, this.owedMs);
    this.owedMs = Math.min(REST_MS_MAX, this.owedMs - rest);
    return rest;
  }
}
