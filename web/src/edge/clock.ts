/** Milliseconds since the Unix epoch with the monotonic clock's resolution: never steps back while the page lives. */
export function clockNow(): number {
  return performance.timeOrigin + performance.now();
}

/** How often {@link clockTicker} calls, in milliseconds. */
export const TICK_MS = 50;

/**
 * Calls `tick` every 50 ms even while the tab is in the background: browsers slow a hidden page's timers to one a second, but not a worker's.
 * Returns a function that stops it.
 */
export function clockTicker(tick: () => void): () => void {
  const worker = new Worker(new URL('./tick.worker.ts', import.meta.url), { type: 'module', name: 'tick' });
  worker.onmessage = tick;
  worker.postMessage(TICK_MS);
  return () => worker.terminate();
}

const tasks = new MessageChannel();
const waitingTasks: (() => void)[] = [];
tasks.port1.onmessage = () => waitingTasks.shift()!();

/** Resolves in a task of its own; unlike a timer's, it is not slowed down while the tab is hidden. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    waitingTasks.push(resolve);
    tasks.port2.postMessage(null);
  });
}
