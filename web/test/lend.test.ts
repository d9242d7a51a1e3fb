import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { cryptoVerify } from '../src/edge/crypto';
import { kernelProblem, runKernel } from '../src/lend/abi';
import { DutyCycle } from '../src/lend/duty';
import { readFlat, writeFlat } from '../src/lend/flat';
import { formatCredits, formatFuel, formatPercent } from '../src/lend/format';
import { Kernels } from '../src/lend/kernels';
import { HISTORY_S, Ledger, TASKS_MAX } from '../src/lend/ledger';
import { Lender } from '../src/lend/lender';
import { Link, type SocketPort } from '../src/lend/link';
import { PausePolicy, type LendSettings, type Senses } from '../src/lend/policy';
import { RunnerPool, type FromRunner, type RunnerPort, type ToRunner } from '../src/lend/pool';
import { receiptBytes, receiptHolds } from '../src/lend/receipts';
import { Fault, hex, Kind, message, readMessage, tables, type HelperWelcome, type WorkReceipt } from '../src/lend/wire';

const PROBE = readFileSync(new URL('golden/probe.wasm', import.meta.url));
const RUNS = JSON.parse(readFileSync(new URL('golden/probe-runs.json', import.meta.url), 'utf8')) as { input: string; given: number; fault: number; output: string; fuel: number }[];
const probe = await WebAssembly.compile(PROBE);
const sha = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
const PROBE_NAME = hex(await sha(new Uint8Array(PROBE)));
const NOTHING = new Uint8Array();
const bytes = (...values: number[]) => Uint8Array.from(values);

// What runs on other threads takes its time where the machine is busy: it is counted.
const elsewhere = new Set<Promise<unknown>>();
function count<Name extends string>(of: Record<Name, (...given: never[]) => Promise<unknown>>, ...names: Name[]): void {
  for (const name of names) {
    const real = of[name].bind(of) as (...given: unknown[]) => Promise<unknown>;
    vi.spyOn(of as Record<string, (...given: unknown[]) => unknown>, name).mockImplementation((...given) => {
      const promise = real(...given);
      elsewhere.add(promise);
      void promise.catch(() => undefined).finally(() => elsewhere.delete(promise));
      return promise;
    });
  }
}
count(crypto.subtle, 'digest', 'importKey', 'verify', 'sign');
count(WebAssembly, 'compile');

/** Lets what was resolved run on, as deep as a task's way goes, and waits for what other threads do. */
const settle = async () => {
  do {
    await Promise.allSettled(elsewhere);
    for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
  } while (elsewhere.size > 0);
};

describe('a kernel', () => {
  it.each(RUNS)('answers $input as in the server: fault $fault, fuel $fuel', ({ input, given, fault, output, fuel }) => {
    const run = runKernel(probe, NOTHING, Uint8Array.from(Buffer.from(input, 'hex')), BigInt(given), 65_536, 1024);
    expect([run.fault, hex(run.output), run.fuel]).toEqual([fault, output, BigInt(fuel)]);
  });

  it('gets the shared block with the input behind it, and sees nothing of the run before', () => {
    expect([...runKernel(probe, bytes(0, 10), bytes(5, 6), 10_000n, 64, 16).output]).toEqual([21, 0, 0, 0]);
    for (let i = 0; i < 2; i++) expect([...runKernel(probe, NOTHING, bytes(7), 10_000n, 64, 16).output]).toEqual([0, 0, 0, 0]);
  });

  it('is not taken with more memory than it is given', () => {
    const run = runKernel(probe, NOTHING, bytes(5), 10_000_000n, 2 << 20, 4);
    expect(run.fault).toBe(Fault.TooLarge);
    expect(run.text).toContain('17 pages');
  });

  it('is told from other modules', async () => {
    expect(kernelProblem(probe)).toBeNull();
    expect(kernelProblem(await WebAssembly.compile(bytes(0, 97, 115, 109, 1, 0, 0, 0)))).toContain('exports no memory');
    // (import "a" "b" (func)) of type ()
    const importing = bytes(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 97, 1, 98, 0, 0);
    expect(kernelProblem(await WebAssembly.compile(importing))).toBe('it imports a.b; a kernel imports nothing');
  });
});

describe('kernels', () => {
  it('are fetched once, held against their name, and asked for again after a failure', async () => {
    const asked: string[] = [];
    let body: Uint8Array<ArrayBuffer> = new Uint8Array([...PROBE, 0]);
    let status = 200;
    const kernels = new Kernels(async (path) => {
      asked.push(path);
      return new Response(body, { status });
    });
    await expect(kernels.module(PROBE_NAME)).rejects.toThrow('not those of kernel');
    status = 404;
    await expect(kernels.module(PROBE_NAME)).rejects.toThrow('no kernel');
    status = 200;
    body = new Uint8Array(9 << 20);
    await expect(kernels.module(PROBE_NAME)).rejects.toThrow('over 8 MiB');
    expect(kernels.held()).toEqual([]);
    body = new Uint8Array(PROBE);
    await Promise.all([kernels.module(PROBE_NAME), kernels.module(PROBE_NAME)]);
    await kernels.module(PROBE_NAME);
    expect(asked).toEqual(Array(4).fill(`/kernels/${PROBE_NAME}.wasm`));
    expect(kernels.held()).toEqual([PROBE_NAME]);
  });
});

describe('the duty cycle', () => {
  it.each([[1, 0.3], [0.5, 0.3], [0.25, 7], [0.1, 200]])('of %d keeps a worker to it, with tasks of %d ms', (share, runMs) => {
    const duty = new DutyCycle();
    duty.set(share);
    let ran = 0;
    let rested = 0;
    for (let i = 0; i < 1000; i++) {
      ran += runMs;
      const rest = duty.ran(runMs);
      expect(rest === 0 || rest >= 4).toBe(true);
      rested += rest;
    }
    expect(ran / (ran + rested)).toBeCloseTo(share, 1);
  });
});

const SETTINGS: LendSettings = { cores: 2, share: 1, pauseOnBattery: true, pauseHidden: true, pauseInUse: true };
const CALM: Senses = { nowMs: 100_000, charging: true, hidden: false, lastInputMs: 0, frameMs: 16.7, userActive: null };

describe('the pause policy', () => {
  const reasons = (senses: Partial<Senses>, settings: Partial<LendSettings> = {}, asked = false, banned = 0) => new PausePolicy().reasons({ ...SETTINGS, ...settings }, { ...CALM, ...senses }, asked, banned);

  it('goes on where nothing holds, and says all that does', () => {
    expect(reasons({})).toEqual([]);
    expect(reasons({ charging: false, hidden: true, lastInputMs: 99_000 }, {}, true, 5)).toEqual(['asked', 'banned', 'battery', 'hidden', 'in-use']);
    expect(reasons({ charging: false, hidden: true, lastInputMs: 99_000, frameMs: 200 }, { pauseOnBattery: false, pauseHidden: false, pauseInUse: false })).toEqual([]);
    expect(reasons({ charging: null })).toEqual([]);
  });

  it('believes the browser about the whole machine rather than this page', () => {
    expect(reasons({ lastInputMs: 99_999, userActive: false })).toEqual([]);
    expect(reasons({ lastInputMs: 0, userActive: true })).toEqual(['in-use']);
  });

  it('pauses for late frames, for ten seconds at least, until they are quick again', () => {
    const policy = new PausePolicy();
    const at = (nowMs: number, frameMs: number | null) => policy.reasons(SETTINGS, { ...CALM, nowMs, frameMs }, false, 0);
    expect(at(100_000, 40)).toEqual([]);
    expect(at(101_000, 80)).toEqual(['slow']);
    expect(at(105_000, 16)).toEqual(['slow']);
    expect(at(112_000, 40)).toEqual(['slow']);
    expect(at(113_000, 17)).toEqual([]);
    expect(at(114_000, 80)).toEqual(['slow']);
    expect(at(126_000, null)).toEqual([]);
  });
});

/** Workers that a test answers for. */
class FakeRunner implements RunnerPort {
  static all: FakeRunner[] = [];
  task: ToRunner | null = null;
  ended = false;
  onmessage: RunnerPort['onmessage'] = null;
  onerror: RunnerPort['onerror'] = null;

  constructor() {
    FakeRunner.all.push(this);
  }

  postMessage(task: ToRunner): void {
    this.task = task;
  }

  terminate(): void {
    this.ended = true;
  }

  say(data: FromRunner): void {
    this.onmessage!({ data } as MessageEvent<FromRunner>);
  }

  ran(more: Partial<Extract<FromRunner, { type: 'ran' }>> = {}): void {
    this.say({ type: 'ran', id: this.task!.id, fault: Fault.None, output: bytes(1, 2), hash: new Uint8Array(32), fuel: 7n, text: '', runMs: 1, restMs: 0, ...more });
  }

  static alive(): FakeRunner[] {
    return FakeRunner.all.filter(({ ended }) => !ended);
  }
}

function makePool(size: number): { pool: RunnerPool; ran: { id: number; fault: Fault }[] } {
  FakeRunner.all = [];
  const pool = new RunnerPool(() => new FakeRunner());
  const ran: { id: number; fault: Fault }[] = [];
  pool.onRan = ({ id, fault }) => ran.push({ id, fault });
  pool.resize(size);
  return { pool, ran };
}

const task = (id: number) => ({ id, module: probe, shared: NOTHING, input: NOTHING, fuel: 1n, outputMax: 1 });

describe('the pool', () => {
  it('runs one task a worker, lets them rest, and is never over its size', () => {
    const { pool, ran } = makePool(2);
    expect([pool.run(task(1), 10), pool.run(task(2), 10), pool.run(task(3), 10)]).toEqual([true, true, false]);
    FakeRunner.all[0]!.ran();
    FakeRunner.all[1]!.ran({ restMs: 5 });
    expect([pool.states(), pool.free]).toEqual([['free', 'resting'], 1]);
    let freed = 0;
    pool.onFree = () => freed++;
    FakeRunner.all[1]!.say({ type: 'rested' });
    expect([pool.free, freed, ran.length]).toEqual([2, 1, 2]);
    pool.run(task(4), 10);
    pool.resize(1);
    pool.resize(1);
    expect(FakeRunner.alive().length).toBe(1);
    FakeRunner.alive()[0]!.ran();
    pool.resize(0);
    expect(FakeRunner.alive().length).toBe(0);
  });

  it('ends the worker of a task over its time, says so, and makes another', () => {
    const { pool, ran } = makePool(1);
    pool.run(task(1), 1000);
    pool.tick(1000);
    expect(ran).toEqual([]);
    pool.tick(1001);
    expect(ran).toEqual([{ id: 1, fault: Fault.TooLate }]);
    expect([FakeRunner.all[0]!.ended, FakeRunner.alive().length, pool.free]).toEqual([true, 1, 1]);
    // What the ended one still says is not heard.
    FakeRunner.all[0]!.ran();
    expect(ran.length).toBe(1);
  });

  it('fails the task of a worker that broke, and drops without a word what nobody wants', () => {
    const { pool, ran } = makePool(1);
    pool.run(task(1), 1000);
    FakeRunner.all[0]!.onerror!({ message: 'out of memory' } as ErrorEvent);
    expect(ran).toEqual([{ id: 1, fault: Fault.Internal }]);
    pool.run(task(2), 1000);
    pool.drop(2);
    expect([ran.length, FakeRunner.alive().length, pool.free]).toEqual([1, 1, 1]);
  });
});

const WELCOME: HelperWelcome = { peer: '0123456789abcdeffedcba9876543210', time: 1n, creditsMax: 8, taskBytesMax: 1 << 20, outputBytesMax: 1 << 20, publicKey: new Uint8Array(65), kernels: new Uint8Array() };

class Scene {
  nowMs = 1000;
  readonly sent: { kind: number; payload: Uint8Array<ArrayBuffer> }[] = [];
  readonly link = {
    state: 'online' as Link['state'], welcome: WELCOME as HelperWelcome | null, send: (kind: number, payload: Uint8Array<ArrayBuffer>) => void this.sent.push({ kind, payload }),
    onWelcome: () => {}, onClosed: () => {}, onMessage: (_: { kind: number; sequence: number; payload: Uint8Array<ArrayBuffer> }) => {}, onRefusal: (_: string) => {},
  };
  readonly pool = makePool(0).pool;
  signed: boolean | null = true;
  kernel: () => Promise<WebAssembly.Module> = () => Promise.resolve(probe);
  sample: Uint8Array<ArrayBuffer> | null = null;
  readonly tried: string[] = [];
  readonly lender: Lender;

  /** With a share below 1 nothing waits for a worker. */
  constructor(cores = 2, share = 0.9) {
    this.lender = new Lender(this.link, this.pool, { module: () => this.kernel(), sample: async () => this.sample, held: () => [PROBE_NAME] }, { ...SETTINGS, cores, share }, async () => this.signed, () => this.nowMs);
    this.link.onWelcome();
    this.tick();
  }

  tick(senses: Partial<Senses> = {}): void {
    this.lender.tick({ ...CALM, lastInputMs: -1e9, nowMs: this.nowMs, ...senses });
  }

  say(kind: number, payload: Uint8Array<ArrayBuffer>): Promise<void> {
    this.link.onMessage({ kind, sequence: 1, payload });
    return settle();
  }

  assign(lease: bigint, more: object = {}): Promise<void> {
    return this.say(Kind.WorkAssign, writeFlat(tables.workAssign, { lease, kernel: Uint8Array.from(Buffer.from(PROBE_NAME, 'hex')), input: bytes(0), runMs: 200, fuel: 9n, outputMax: 64, ...more }));
  }

  /** What was sent since the last call, each as its kind and the fields that tell. */
  take(): unknown[] {
    return this.sent.splice(0).map(({ kind, payload }) => {
      if (kind === Kind.WorkPark && readFlat(tables.workPark, payload).tried.length > 0) this.tried.push(hex(readFlat(tables.workPark, payload).tried));
      if (kind === Kind.WorkPark) return readFlat(tables.workPark, payload).paused ? 'pause' : ['park', readFlat(tables.workPark, payload).slots];
      if (kind === Kind.WorkResult) return ['result', readFlat(tables.workResult, payload).lease, readFlat(tables.workResult, payload).park];
      return ['failure', readFlat(tables.workFailure, payload).lease, readFlat(tables.workFailure, payload).code, readFlat(tables.workFailure, payload).park];
    });
  }
}

describe('the lender', () => {
  it('parks what is free, runs what comes, answers, and parks again', async () => {
    const scene = new Scene();
    expect(scene.take()).toEqual([['park', 2]]);
    await scene.assign(5n);
    FakeRunner.all[0]!.ran();
    expect(scene.take()).toEqual([['result', 5n, 1]]);
    await scene.assign(6n);
    FakeRunner.all[0]!.ran({ restMs: 10 });
    // A worker that rests is parked after it.
    expect(scene.take()).toEqual([['result', 6n, 0]]);
    FakeRunner.all[0]!.say({ type: 'rested' });
    expect(scene.take()).toEqual([['park', 1]]);
    expect([scene.lender.ledger.done, scene.lender.ledger.fuel]).toEqual([2, 14n]);
  });

  it('has the next task here when one ends, where workers never rest', async () => {
    const scene = new Scene(1, 1);
    expect(scene.take()).toEqual([['park', 2]]);
    await scene.assign(1n, { input: bytes(1) });
    await scene.assign(2n, { input: bytes(2) });
    await scene.assign(3n);
    expect(scene.take()).toEqual([['failure', 3n, Fault.Declined, 0]]);
    expect([...FakeRunner.all[0]!.task!.input]).toEqual([1]);
    FakeRunner.all[0]!.ran();
    expect([scene.take(), [...FakeRunner.all[0]!.task!.input]]).toEqual([[['result', 1n, 1]], [2]]);
    await scene.assign(4n);
    await scene.say(Kind.WorkCancel, writeFlat(tables.workCancel, { lease: 4n }));
    expect(scene.take()).toEqual([['park', 1]]);
    await scene.assign(5n);
    scene.nowMs += 201;
    scene.tick();
    // The one that ran is over its time, and so is the one that waited.
    expect(scene.take()).toEqual([['failure', 2n, Fault.TooLate, 1], ['failure', 5n, Fault.TooLate, 1]]);
  });

  it('answers faults with their codes', async () => {
    const scene = new Scene(1);
    scene.take();
    await scene.assign(1n);
    FakeRunner.all[0]!.ran({ fault: Fault.OutOfFuel, fuel: 9n, text: 'it used all' });
    expect(scene.take()).toEqual([['failure', 1n, Fault.OutOfFuel, 1]]);
    scene.kernel = () => Promise.reject(new Error('the server has no kernel'));
    await scene.assign(2n);
    expect(scene.take()).toEqual([['failure', 2n, Fault.Missing, 1]]);
    scene.kernel = () => Promise.resolve(probe);
    await scene.assign(3n);
    await scene.assign(4n);
    expect(scene.take()).toEqual([['failure', 4n, Fault.Declined, 0]]);
    scene.nowMs += 201;
    scene.tick();
    expect(scene.take()).toEqual([['failure', 3n, Fault.TooLate, 1]]);
    expect(FakeRunner.alive().length).toBe(1);
  });

  it('gives a kernel that does not come in time up, once', async () => {
    const scene = new Scene(1);
    scene.take();
    let come: (module: WebAssembly.Module) => void = () => {};
    scene.kernel = () => new Promise((resolve) => (come = resolve));
    await scene.assign(1n);
    scene.nowMs += 500;
    scene.tick();
    expect(scene.take()).toEqual([['failure', 1n, Fault.TooLate, 1]]);
    come(probe);
    await settle();
    expect([scene.take(), FakeRunner.all[0]!.task]).toEqual([[], null]);
  });

  it('takes back what is parked when it pauses, declines what comes, and parks again', async () => {
    const scene = new Scene();
    scene.take();
    scene.tick({ charging: false });
    expect([scene.take(), scene.lender.pauses]).toEqual([['pause'], ['battery']]);
    scene.tick({ charging: false });
    await scene.assign(1n);
    expect(scene.take()).toEqual([['failure', 1n, Fault.Declined, 0]]);
    scene.tick();
    expect(scene.take()).toEqual([['park', 2]]);
  });

  it('parks less when fewer cores are lent', () => {
    const scene = new Scene(4);
    scene.take();
    scene.lender.set({ ...SETTINGS, share: 0.9, cores: 1 });
    expect([scene.take(), FakeRunner.alive().length]).toEqual([['pause', ['park', 1]], 1]);
    scene.link.welcome = { ...WELCOME, creditsMax: 2 };
    scene.lender.set({ ...SETTINGS, share: 0.9, cores: 6 });
    expect(scene.take()).toEqual([['park', 1]]);
  });

  it('does not answer what was cancelled', async () => {
    const scene = new Scene(1);
    scene.take();
    await scene.assign(1n);
    await scene.say(Kind.WorkCancel, writeFlat(tables.workCancel, { lease: 1n }));
    expect([scene.take(), scene.lender.ledger.cancelled]).toEqual([[], 1]);
    // It may end by itself; its worker is free then, and nothing else is said.
    FakeRunner.all[0]!.ran();
    expect([scene.take(), FakeRunner.alive().length]).toEqual([[['park', 1]], 1]);
  });

  it('ends the worker of what was cancelled and does not end', async () => {
    const scene = new Scene(1);
    scene.take();
    await scene.assign(1n, { runMs: 60_000 });
    await scene.say(Kind.WorkCancel, writeFlat(tables.workCancel, { lease: 1n }));
    scene.nowMs += 301;
    scene.tick();
    expect([scene.take(), FakeRunner.all[0]!.ended, FakeRunner.alive().length]).toEqual([[['park', 1]], true, 1]);
  });

  it('tries the kernels that it is told to expect before it parks, once', async () => {
    const scene = new Scene(1);
    scene.take();
    scene.link.onClosed();
    scene.link.welcome = { ...WELCOME, kernels: Uint8Array.from(Buffer.from(PROBE_NAME, 'hex')) };
    scene.sample = bytes(1, 2, 3);
    scene.link.onWelcome();
    await settle();
    for (let run = 0; run < 60; run++) {
      expect([scene.take(), [...FakeRunner.all[0]!.task!.input]]).toEqual([[], [1, 2, 3]]);
      // Nothing is tried while something stands against computing.
      if (run === 5) scene.tick({ charging: false });
      FakeRunner.all[0]!.ran({ fuel: 7000n });
      if (run === 5) scene.tick();
      scene.take();
    }
    expect(scene.tried).toEqual([PROBE_NAME + '581b0000']);
    await scene.assign(1n);
    FakeRunner.all[0]!.ran();
    expect(scene.take()).toEqual([['result', 1n, 1]]);
    scene.link.onClosed();
    scene.link.onWelcome();
    await settle();
    expect(scene.take()).toEqual([['park', 1]]);
  });

  it('parks where a sample is none, and where trying takes too long', async () => {
    for (const more of [{ fault: Fault.Trapped }, { late: 2_001 }]) {
      const scene = new Scene(1);
      scene.take();
      scene.link.onClosed();
      scene.link.welcome = { ...WELCOME, kernels: Uint8Array.from(Buffer.from(PROBE_NAME, 'hex')) };
      scene.sample = bytes(1);
      scene.link.onWelcome();
      await settle();
      // The first run compiles; it has more time.
      scene.nowMs += 5_000;
      FakeRunner.all[0]!.ran({ fault: more.fault ?? Fault.None });
      scene.nowMs += more.late ?? 0;
      if (more.late) FakeRunner.all[0]!.ran();
      expect(scene.take()).toEqual([['park', 1]]);
    }
  });

  it('keeps shared blocks and holds them against their name', async () => {
    const scene = new Scene(1);
    const block = bytes(1, 2, 3);
    await scene.assign(1n, { shared: await sha(block), sharedBytes: block });
    expect([...FakeRunner.all[0]!.task!.shared]).toEqual([1, 2, 3]);
    FakeRunner.all[0]!.ran();
    await scene.assign(2n, { shared: await sha(block) });
    expect([...FakeRunner.all[0]!.task!.shared]).toEqual([1, 2, 3]);
    FakeRunner.all[0]!.ran();
    scene.take();
    await scene.assign(3n, { shared: await sha(bytes(9)), sharedBytes: block });
    await scene.assign(4n, { shared: await sha(bytes(8)) });
    expect(scene.take()).toEqual([['failure', 3n, Fault.Missing, 1], ['failure', 4n, Fault.Missing, 1]]);
  });

  it('forgets what ran when the connection is lost, and says nothing of it over the next', async () => {
    const scene = new Scene(1);
    scene.take();
    await scene.assign(1n);
    scene.link.onClosed();
    expect([FakeRunner.alive().length, scene.lender.running]).toEqual([1, 0]);
    scene.link.onWelcome();
    expect(scene.take()).toEqual([['park', 1]]);
  });

  it('counts what is signed, and marks what is not', async () => {
    const scene = new Scene(1);
    await scene.assign(1n);
    FakeRunner.all[0]!.ran();
    const receipt = (credits: bigint) => writeFlat(tables.workReceipt, { lease: 1n, kernel: new Uint8Array(32), verdict: 1, credits, signature: new Uint8Array(64) });
    await scene.say(Kind.WorkReceipt, receipt(500n));
    expect(scene.lender.ledger.tasks[0]).toMatchObject({ verdict: 'accepted', credits: 500n, signed: true });
    scene.signed = false;
    await scene.say(Kind.WorkReceipt, receipt(9000n));
    expect([scene.lender.ledger.earned, scene.lender.ledger.forged, scene.lender.notice]).toEqual([500n, 1, expect.stringContaining('not that of the server')]);
  });

  it('is paused by a ban until it is over', async () => {
    const scene = new Scene(1);
    scene.take();
    await scene.say(Kind.WorkStanding, writeFlat(tables.workStanding, { bannedMs: 1000, reason: 'wrong' }));
    scene.tick();
    expect([scene.take(), scene.lender.pauses]).toEqual([['pause'], ['banned']]);
    scene.nowMs += 1001;
    scene.tick();
    expect(scene.take()).toEqual([['park', 1]]);
  });
});

class FakeSocket implements SocketPort {
  static all: FakeSocket[] = [];
  binaryType = '';
  readyState = 1;
  bufferedAmount = 0;
  closed = false;
  readonly sent: Uint8Array[] = [];
  onopen: SocketPort['onopen'] = null;
  onmessage: SocketPort['onmessage'] = null;
  onclose: SocketPort['onclose'] = null;

  constructor() {
    FakeSocket.all.push(this);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed = true;
  }

  say(data: Uint8Array<ArrayBuffer>): void {
    this.onmessage?.({ data: data.buffer } as MessageEvent<ArrayBuffer>);
  }
}

describe('the link', () => {
  const scene = (ticket: () => Promise<string> = async () => 't') => {
    FakeSocket.all = [];
    const clock = { nowMs: 0 };
    const link = new Link(() => new FakeSocket(), () => ticket(), () => clock.nowMs, () => 0.5);
    return { link, clock, socket: () => FakeSocket.all.at(-1)! };
  };
  const welcome = () => message(Kind.HelperWelcome, 1, tables.helperWelcome, { ...WELCOME, publicKey: new Uint8Array(65).fill(4) });

  it('greets with its ticket, is welcomed, measures the round trip', async () => {
    const { link, clock, socket } = scene();
    link.start('tab', 4);
    await settle();
    socket().onopen!();
    const [hello] = readMessage(socket().sent[0]!);
    expect(readFlat(tables.helperHello, hello!.payload)).toMatchObject({ ticket: 't', protocol: 1, name: 'tab', slots: 4 });
    socket().say(welcome());
    expect([link.state, link.welcome!.peer]).toEqual(['online', WELCOME.peer]);
    link.tick();
    const ping = readFlat(tables.ping, readMessage(socket().sent[1]!)[0]!.payload);
    clock.nowMs = 25;
    socket().say(message(Kind.Pong, 2, tables.pong, { ...ping, received: 1n }));
    expect(link.rttMs).toBe(25);
  });

  it('comes back ever more slowly, and at once when asked', async () => {
    let calls = 0;
    const { link, clock } = scene(async () => {
      calls++;
      throw new Error('unreachable: failed to fetch');
    });
    link.start('tab', 1);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      await settle();
      expect(link.state).toBe('waiting');
      waits.push(link.retryInS);
      clock.nowMs += link.retryInS * 1000;
      link.tick();
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
    await settle();
    link.retryNow();
    await settle();
    expect([calls, link.text]).toEqual([9, 'the server cannot be reached']);
  });

  it('shows a refusal with its reason and does not hurry', async () => {
    const { link, socket } = scene();
    link.start('tab', 1);
    await settle();
    socket().say(message(Kind.Refusal, 1, tables.refusal, { code: 4, text: 'banned for an hour' }));
    expect([link.state, link.text, link.retryInS]).toEqual(['refused', 'forbidden: banned for an hour', 60]);
    const again = scene(async () => {
      throw new Error('refused: key is malformed');
    });
    again.link.start('tab', 1);
    await settle();
    expect([again.link.state, again.link.text]).toEqual(['refused', 'key is malformed']);
  });

  it('gives up a server that is silent, slow, or speaks nonsense', async () => {
    const { link, clock, socket } = scene();
    let closed = 0;
    link.onClosed = () => closed++;
    const online = async () => {
      clock.nowMs += 60_000;
      link.tick();
      await settle();
      socket().say(welcome());
      expect(link.state).toBe('online');
    };
    link.start('tab', 1);
    await settle();
    socket().say(welcome());
    clock.nowMs += 20_001;
    link.tick();
    expect([link.state, link.text]).toEqual(['waiting', 'the server fell silent']);
    await online();
    socket().say(bytes(1, 2, 3, 4, 5, 6, 7, 8, 9));
    expect(link.text).toContain('cannot read');
    await online();
    socket().bufferedAmount = 1 << 30;
    link.send(Kind.WorkPark, writeFlat(tables.workPark, { slots: 1 }));
    expect(link.text).toContain('too slow');
    await online();
    const last = socket();
    link.stop();
    expect([link.state, last.closed, closed]).toEqual(['off', true, 4]);
    last.onclose?.({ code: 1006, reason: '' });
    expect(link.state).toBe('off');
  });
});

describe('receipts', () => {
  it('hold with the signature of the server over exactly this, for this helper', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    const welcome = { ...WELCOME, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
    const receipt: WorkReceipt = { lease: 5n, kernel: new Uint8Array(32).fill(7), verdict: 1, fuel: 12n, credits: 250n, time: 1_800_000_000_000n, text: '', signature: NOTHING };
    const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, receiptBytes(receipt, welcome.peer)));
    expect(signature.byteLength).toBe(64);
    expect(await receiptHolds({ ...receipt, signature }, welcome)).toBe(true);
    expect(await receiptHolds(receipt, welcome)).toBeNull();
    for (const change of [{ lease: 6n }, { credits: 251n }, { fuel: 13n }, { verdict: 2 }, { time: 1n }, { kernel: new Uint8Array(32) }]) expect(await receiptHolds({ ...receipt, signature, ...change }, welcome)).toBe(false);
    expect(await receiptHolds({ ...receipt, signature }, { ...welcome, peer: 'f'.repeat(32) })).toBe(false);
    expect(await cryptoVerify(welcome.publicKey, signature, receiptBytes(receipt, welcome.peer))).toBe(true);
  });

  it('are signed over the bytes of the server', () => {
    const receipt: WorkReceipt = { lease: 0x0102030405060708n, kernel: Uint8Array.from({ length: 32 }, (_, i) => i), verdict: 4, fuel: 9n, credits: -2n, time: 3n, text: 'x', signature: NOTHING };
    const golden = JSON.parse(readFileSync(new URL('golden/work-wire.json', import.meta.url), 'utf8')) as Record<string, string>;
    expect(hex(receiptBytes(receipt, WELCOME.peer))).toBe(golden['ReceiptBytes']);
  });
});

describe('the ledger', () => {
  it('is bounded, and its chart moves with time', () => {
    const ledger = new Ledger();
    for (let i = 0; i < TASKS_MAX + 20; i++) ledger.ended(ledger.begin(BigInt(i), 'k', 1000 * i, 1), 'sent', 2, 5000 + i);
    expect([ledger.tasks.length, ledger.done, ledger.tasks[0]!.lease]).toEqual([TASKS_MAX, TASKS_MAX + 20, BigInt(TASKS_MAX + 19)]);
    ledger.advance(6000);
    expect(ledger.history.at(-2)!.tasks).toBe(TASKS_MAX + 20);
    ledger.advance(6000 + 1000 * HISTORY_S * 3);
    expect([ledger.history.length, ledger.history.reduce((sum, { tasks }) => sum + tasks, 0)]).toEqual([HISTORY_S, 0]);
  });

  it('weighs trust by what each kernel was judged on', () => {
    const ledger = new Ledger();
    expect(ledger.trust()).toBeNull();
    const kernel = { kernel: new Uint8Array(32), name: 'a', late: 0, wrong: 0, sampled: 1000 };
    ledger.stood({ balance: 1n, bannedMs: 500, reason: '', kernels: [{ ...kernel, trust: 900, accepted: 98, wrong: 1 }, { ...kernel, trust: 500, accepted: 0 }] }, 1000);
    expect(ledger.trust()).toBeCloseTo((900 * 100 + 500) / 101 / 1000, 6);
    expect([ledger.bannedMs(1200), ledger.bannedMs(9000)]).toEqual([300, 0]);
    expect([ledger.kernelName('00'.repeat(32)), ledger.kernelName('abcdef0123')]).toEqual(['a', 'abcdef01']);
  });
});

it('formats for reading', () => {
  expect([0n, 412n, 12_345n, 1_250_000n, 310_000_000n, -1_500_000n].map(formatCredits)).toEqual(['0', '0.000412', '0.0123', '1.25', '310', '-1.50']);
  expect([0n, 812n, 1_234_567n, 250_000_000_000n].map(formatFuel)).toEqual(['0', '812', '1.2 M', '250 G']);
  expect([0, 0.051, 0.973].map(formatPercent)).toEqual(['0 %', '5.1 %', '97 %']);
});
