import { runKernel } from './abi';
import { DutyCycle } from './duty';
import type { FromRunner, ToRunner } from './pool';

// One task at a time, in a thread of its own: whoever started it ends it when a task takes too long. Rests are timed here, as a hidden page's own timers are slowed.
const duty = new DutyCycle();

self.onmessage = (event: MessageEvent<ToRunner>) => void run(event.data);

async function run(task: ToRunner): Promise<void> {
  duty.set(task.share);
  const started = performance.now();
  const { fault, output, fuel, text } = runKernel(task.module, task.shared, task.input, task.fuel, task.outputMax, task.memoryPagesMax);
  const runMs = performance.now() - started;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', output));
  const restMs = duty.ran(runMs);
  say({ type: 'ran', id: task.id, fault, output, hash, fuel, text, runMs, restMs }, [output.buffer]);
  if (restMs > 0) setTimeout(() => say({ type: 'rested' }), restMs);
}

function say(message: FromRunner, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
