import { Fault } from './wire';

/** A task for one worker. */
export interface Task {
  id: number;
  module: WebAssembly.Module;
  shared: Uint8Array<ArrayBuffer>;
  input: Uint8Array<ArrayBuffer>;
  fuel: bigint;
  outputMax: number;
}

export type ToRunner = Task & { share: number; memoryPagesMax: number };
export interface Ran {
  id: number;
  fault: Fault;
  output: Uint8Array<ArrayBuffer>;
  hash: Uint8Array;
  fuel: bigint;
  text: string;
  runMs: number;
  /** How long its worker rests now. */
  restMs: number;
}
export type FromRunner = ({ type: 'ran' } & Ran) | { type: 'rested' };

export type RunnerState = 'free' | 'busy' | 'resting';

/** What the pool needs of a Worker. */
export interface RunnerPort {
  postMessage(message: ToRunner): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromRunner>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

interface Runner {
  port: RunnerPort;
  state: RunnerState;
  task: number;
  deadlineMs: number;
}

/** Pages of 64 KiB that one run's memory may have. */
const MEMORY_PAGES_MAX = 1024;
const NOTHING = new Uint8Array();

/** Workers, one task each. A task that is over its time ends with its worker, and another worker is made. */
export class RunnerPool {
  /** A task ended: with what it gave, or with a fault. */
  onRan: (ran: Ran) => void = () => {};
  /** A worker is free again after its rest. */
  onFree: () => void = () => {};
  share = 1;

  private readonly runners: Runner[] = [];
  private readonly make: () => RunnerPort;
  private size = 0;

  constructor(make: () => RunnerPort) {
    this.make = make;
  }

  /** How many workers there shall be; busy ones that are too many end their task first. */
  resize(count: number): void {
    this.size = count;
    while (this.runners.length < count) this.runners.push(this.start());
    for (let i = this.runners.length - 1; i >= 0 && this.runners.length > count; i--) {
      if (this.runners[i]!.state !== 'busy') this.end(i);
    }
  }

  states(): RunnerState[] {
    return this.runners.map(({ state }) => state);
  }

  get free(): number {
    return Math.max(0, Math.min(this.size, this.runners.length) - this.runners.filter(({ state }) => state !== 'free').length);
  }

  /** False where no worker is free. */
  run(task: Task, deadlineMs: number): boolean {
    const runner = this.free > 0 ? this.runners.find(({ state }) => state === 'free') : undefined;
    if (!runner) return false;
    Object.assign(runner, { state: 'busy', task: task.id, deadlineMs } satisfies Partial<Runner>);
    runner.port.postMessage({ ...task, share: this.share, memoryPagesMax: MEMORY_PAGES_MAX });
    return true;
  }

  /** Ends the worker of a task that nobody wants any more; nothing is said of it. */
  drop(id: number): void {
    const index = this.runners.findIndex((runner) => runner.state === 'busy' && runner.task === id);
    if (index >= 0) this.replace(index);
  }

  /** Leaves a task that nobody wants any more so much time at most: most end by then, and a new worker would have cost more. */
  hasten(id: number, deadlineMs: number): void {
    const runner = this.runners.find(({ state, task }) => state === 'busy' && task === id);
    if (runner) runner.deadlineMs = Math.min(runner.deadlineMs, deadlineMs);
  }

  /** Ends what is over its time. */
  tick(nowMs: number): void {
    for (let i = this.runners.length - 1; i >= 0; i--) {
      const runner = this.runners[i]!;
      if (runner.state === 'busy' && nowMs > runner.deadlineMs) this.fail(i, Fault.TooLate, 'it took longer than it was given');
    }
  }

  private start(): Runner {
    const runner: Runner = { port: this.make(), state: 'free', task: 0, deadlineMs: 0 };
    runner.port.onmessage = ({ data }) => this.heard(runner, data);
    runner.port.onerror = (event) => {
      event.preventDefault?.();
      const index = this.runners.indexOf(runner);
      if (index < 0) return;
      if (runner.state === 'busy') this.fail(index, Fault.Internal, `the worker failed: ${event.message ?? 'unknown'}`);
      else this.end(index);
    };
    return runner;
  }

  private heard(runner: Runner, message: FromRunner): void {
    const index = this.runners.indexOf(runner);
    if (index < 0) return;
    if (message.type === 'ran') {
      runner.state = message.restMs > 0 ? 'resting' : 'free';
      if (this.runners.length > this.size) this.end(index);
      this.onRan(message);
    } else if (runner.state === 'resting') {
      runner.state = 'free';
      this.onFree();
    }
  }

  private fail(index: number, fault: Fault, text: string): void {
    const { task } = this.runners[index]!;
    this.replace(index);
    this.onRan({ id: task, fault, output: NOTHING, hash: NOTHING, fuel: 0n, text, runMs: 0, restMs: 0 });
  }

  private replace(index: number): void {
    this.end(index);
    if (this.runners.length < this.size) this.runners.push(this.start());
  }

  private end(index: number): void {
    this.runners[index]!.port.terminate();
    this.runners.splice(index, 1);
  }
}
