import type { Kernels } from './kernels';
import { Ledger, type TaskRecord } from './ledger';
import type { Link } from './link';
import { PausePolicy, type LendSettings, type PauseReason, type Senses } from './policy';
import type { Ran, RunnerPool, Task } from './pool';
import { readFlat, writeFlat } from './flat';
import { Fault, hex, Kind, tables, type Envelope, type HelperWelcome, type WorkAssign, type WorkReceipt } from './wire';

/** Leases under way at one time; more are declined. */
const LEASES_MAX = 128;
/** Shared blocks that are kept, and their bytes together; the one used longest ago goes. */
const SHARED_MAX = 48;
const SHARED_BYTES_MAX = 32 << 20;
/** Hashes that one WorkPark may name. */
const HELD_MAX = 64;
/** Kernels fetched and tried before the first slot is parked. */
const EXPECTED_MAX = 8;
/** Runs of a kernel's sample, so that the engine has compiled what its tasks use, the slow way and the fast one: as many, or as long. */
const SAMPLE_RUNS_MAX = 60;
const SAMPLE_MS = 2_000;
const SAMPLE_FUEL_MAX = 2_000_000_000n;
const SAMPLE_OUTPUT_MAX = 1 << 20;
/** A kernel's hash and a u32. */
const TRIED_BYTES = 36;
/** What one run of a sample may take. */
const SAMPLE_RUN_MS_MAX = 10_000;
/** How long a task that was taken back may go on. */
const CANCELLED_MS_MAX = 300;
const TEXT_MAX = 200;
const NOTHING = new Uint8Array();

interface Lease {
  /** What it waits with for a worker. */
  task?: Task;
  id: number;
  lease: bigint;
  deadlineMs: number;
  record: TaskRecord;
}

/** A kernel that is tried on the server's sample. */
interface Trial {
  name: string;
  module: WebAssembly.Module;
  input: Uint8Array<ArrayBuffer>;
  runs: number;
  untilMs: number;
}

/** Whether truth has signed a receipt; null: it is not signed. */
export type VerifyReceipt = (receipt: WorkReceipt, welcome: HelperWelcome) => Promise<boolean | null>;

/**
 * The helper: parks as many slots as workers are free, runs what it is assigned, answers, and keeps account. It knows no page: what it needs is handed in, and
 * {@link tick} is called a few times a second.
 */
export class Lender {
  readonly ledger = new Ledger();
  pauses: PauseReason[] = [];
  asked = false;
  /** The last thing that went wrong beside tasks, for people. */
  notice = '';

  private readonly link: Pick<Link, 'send' | 'state' | 'welcome' | 'onWelcome' | 'onClosed' | 'onMessage' | 'onRefusal'>;
  private readonly pool: RunnerPool;
  private readonly kernels: Pick<Kernels, 'module' | 'sample' | 'held'>;
  private readonly verify: VerifyReceipt;
  private readonly now: () => number;
  private readonly policy = new PausePolicy();
  private readonly leases = new Map<number, Lease>();
  private readonly shared = new Map<string, Uint8Array<ArrayBuffer>>();
  private sharedBytes = 0;
  private settings: LendSettings;
  private ids = 0;
  /** Slots that truth may still send a task for. */
  private parked = 0;
  private heldSaid = '';
  /** Whether the kernels that truth expects to need are here. */
  private ready = false;
  /** Kernels to try before the first slot is parked, the one that runs first. */
  private trials: Trial[] = [];
  private trial = 0;
  /** Kernels that were tried, and the fuel that the last run used in a millisecond. */
  private readonly tried = new Map<string, number>();
  private triedSaid = 0;

  constructor(link: Lender['link'], pool: RunnerPool, kernels: Lender['kernels'], settings: LendSettings, verify: VerifyReceipt, now: () => number) {
    this.link = link;
    this.pool = pool;
    this.kernels = kernels;
    this.settings = settings;
    this.verify = verify;
    this.now = now;
    link.onWelcome = () => this.welcomed();
    link.onClosed = () => this.closed();
    link.onMessage = (envelope) => this.take(envelope);
    link.onRefusal = (text) => (this.notice = `The server said: ${text}`);
    pool.onRan = (ran) => void this.ran(ran);
    pool.onFree = () => this.fill();
    this.set(settings);
  }

  /** Tasks that are here, waiting for their kernel or running. */
  get running(): number {
    return this.leases.size;
  }

  set(settings: LendSettings): void {
    const fewer = settings.cores < this.settings.cores;
    this.settings = settings;
    this.pool.share = settings.share;
    this.pool.resize(settings.cores);
    // What was parked for workers that are gone is taken back, and the rest is parked anew.
    if (fewer) this.unpark();
    this.fill();
  }

  tick(senses: Senses): void {
    const bannedMs = this.ledger.bannedMs(senses.nowMs);
    const before = this.pauses.length > 0;
    this.pauses = this.policy.reasons(this.settings, senses, this.asked, bannedMs);
    if (this.pauses.length > 0 && !before) this.unpark();
    this.pool.tick(senses.nowMs);
    for (const lease of this.leases.values()) {
      if (lease.record.state !== 'running' && senses.nowMs > lease.deadlineMs) {
        this.fail(lease, Fault.TooLate, lease.task ? 'no worker was free in time' : 'its kernel did not come in time');
      }
    }
    this.ledger.advance(senses.nowMs);
    this.fill();
  }

  /** Takes back what is parked and gives up what runs; before the connection ends. */
  leave(): void {
    this.unpark();
    for (const lease of [...this.leases.values()]) {
      this.pool.drop(lease.id);
      this.fail(lease, Fault.Declined, 'the helper leaves');
    }
  }

  private welcomed(): void {
    this.parked = 0;
    this.heldSaid = '';
    this.triedSaid = 0;
    this.notice = '';
    void this.expect(this.link.welcome);
  }

  /** Tasks of these kernels will not wait for a download or a compiler: they are here and were tried before the first slot is parked. */
  private async expect(welcome: HelperWelcome | null): Promise<void> {
    const names = welcome ? (hex(welcome.kernels.slice(0, EXPECTED_MAX * 32)).match(/.{64}/g) ?? []) : [];
    if (names.length > 0) {
      const trials = await Promise.all(names.map((name) => this.fetchTrial(name)));
      if (this.link.welcome !== welcome || this.link.state !== 'online') return;
      this.trials = trials.filter((trial) => trial !== null);
    }
    this.ready = true;
    this.fill();
  }

  /** Null where there is nothing to try: what cannot be had is told when a task asks for it. */
  private async fetchTrial(name: string): Promise<Trial | null> {
    try {
      const module = await this.kernels.module(name);
      const input = this.tried.has(name) ? null : await this.kernels.sample(name);
      return input && { name, module, input, runs: 0, untilMs: 0 };
    } catch {
      return null;
    }
  }

  /** Tries kernels one after the other, while nothing stands against computing; true: they are all tried. */
  private tryKernels(): boolean {
    const trial = this.trials[0];
    if (!trial || this.trial !== 0) return !trial;
    if (this.pauses.length > 0) return false;
    const task = { id: ++this.ids, module: trial.module, shared: NOTHING, input: trial.input, fuel: SAMPLE_FUEL_MAX, outputMax: SAMPLE_OUTPUT_MAX };
    if (this.pool.run(task, this.now() + SAMPLE_RUN_MS_MAX)) this.trial = task.id;
    return false;
  }

  private wasTried({ fault, fuel, runMs }: Ran): void {
    this.trial = 0;
    const trial = this.trials[0];
    // The first run compiles, for as long as that takes.
    if (trial?.runs === 0) trial.untilMs = this.now() + SAMPLE_MS;
    // One that does not work says so with its first task.
    if (trial && (fault !== Fault.None || ++trial.runs >= SAMPLE_RUNS_MAX || this.now() > trial.untilMs)) {
      this.tried.set(trial.name, fault === Fault.None ? Number(fuel) / Math.max(0.001, runMs) : 0);
      this.trials.shift();
    }
    this.fill();
  }

  private closed(): void {
    this.parked = 0;
    this.ready = false;
    this.trials = [];
    // Results under a lease of a connection that is gone would be refused: truth has given the tasks to others.
    for (const { id } of this.leases.values()) this.pool.drop(id);
    for (const { record } of this.leases.values()) this.ledger.ended(record, 'cancelled', 0, this.now());
    this.leases.clear();
  }

  private fill(): void {
    this.runWaiting();
    const slots = this.ready && this.link.state === 'online' && this.tryKernels() ? this.parkable() : 0;
    if (slots > 0) this.park(slots);
  }

  /**
   * Slots to park further: one for each worker that is free and that no task waits for, and where workers never rest another for each worker, so that the next task is here when one ends; nothing
   * where something stands against it.
   */
  private parkable(): number {
    if (this.pauses.length > 0) return 0;
    let free = this.pool.free + this.ahead;
    for (const { record } of this.leases.values()) if (record.state !== 'running') free--;
    return Math.max(0, Math.min(free, this.link.welcome?.creditsMax || this.settings.cores) - this.parked);
  }

  /** Tasks that may wait for a worker. */
  private get ahead(): number {
    return this.settings.share === 1 ? this.settings.cores : 0;
  }

  /** Gives workers that are free what waits for one, in the order in which it came. */
  private runWaiting(): void {
    for (const lease of this.leases.values()) {
      if (!lease.task || this.now() > lease.deadlineMs) continue;
      if (!this.pool.run(lease.task, lease.deadlineMs)) return;
      lease.task = undefined;
      lease.record.state = 'running';
    }
  }

  private park(slots: number): void {
    this.parked += slots;
    const names = [...this.kernels.held(), ...this.shared.keys()].slice(-HELD_MAX);
    const said = names.join();
    const held = said === this.heldSaid ? NOTHING : Uint8Array.from(said.replaceAll(',', '').match(/../g) ?? [], (digits) => parseInt(digits, 16));
    this.heldSaid = said;
    this.link.send(Kind.WorkPark, writeFlat(tables.workPark, { slots, held, tried: this.triedBytes() }));
  }

  /** A kernel's name and its fuel in a millisecond, once each. */
  private triedBytes(): Uint8Array<ArrayBuffer> {
    const rest = [...this.tried].slice(this.triedSaid, EXPECTED_MAX);
    this.triedSaid += rest.length;
    const bytes = new Uint8Array(rest.length * TRIED_BYTES);
    const view = new DataView(bytes.buffer);
    rest.forEach(([name, fuelPerMs], i) => {
      bytes.set(Uint8Array.from(name.match(/../g) ?? [], (digits) => parseInt(digits, 16)), i * TRIED_BYTES);
      view.setUint32(i * TRIED_BYTES + 32, Math.min(0xffffffff, fuelPerMs), true);
    });
    return bytes;
  }

  private unpark(): void {
    if (this.link.state !== 'online') return;
    this.parked = 0;
    this.link.send(Kind.WorkPark, writeFlat(tables.workPark, { paused: true }));
  }

  private take({ kind, payload }: Envelope): void {
    switch (kind) {
      case Kind.WorkAssign:
        void this.assigned(readFlat(tables.workAssign, payload));
        return;
      case Kind.WorkCancel:
        this.cancelled(readFlat(tables.workCancel, payload).lease);
        return;
      case Kind.WorkReceipt:
        void this.receipt(readFlat(tables.workReceipt, payload));
        return;
      case Kind.WorkStanding:
        this.ledger.stood(readFlat(tables.workStanding, payload), this.now());
        return;
      default: // A newer server's; nothing here depends on it.
    }
  }

  private async assigned(assign: WorkAssign): Promise<void> {
    const now = this.now();
    this.parked = Math.max(0, this.parked - 1);
    const kernel = hex(assign.kernel);
    const bytesIn = assign.sharedBytes.byteLength + assign.input.byteLength;
    const lease: Lease = { id: ++this.ids, lease: assign.lease, deadlineMs: now + assign.runMs, record: this.ledger.begin(assign.lease, kernel, now, bytesIn) };
    if (this.pauses.length > 0 || this.leases.size >= LEASES_MAX) {
      this.fail(lease, Fault.Declined, this.pauses.length > 0 ? `paused: ${this.pauses[0]}` : 'too many tasks at one time');
      return;
    }
    this.leases.set(lease.id, lease);
    let module: WebAssembly.Module | null = null;
    let shared: Uint8Array<ArrayBuffer> | null = NOTHING;
    let problem = 'the shared block is not here';
    try {
      if (assign.shared.byteLength > 0) shared = await this.block(hex(assign.shared), assign.sharedBytes);
      if (shared) module = await this.kernels.module(kernel);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    // It may have been cancelled, or its time may be over, while the kernel came.
    if (!this.leases.has(lease.id)) return;
    if (!shared || !module) return this.fail(lease, Fault.Missing, problem);
    let waiting = 0;
    for (const { task } of this.leases.values()) if (task) waiting++;
    lease.task = { id: lease.id, module, shared, input: assign.input, fuel: assign.fuel, outputMax: assign.outputMax };
    lease.record.state = 'waiting';
    if (this.pool.free > 0 || waiting < this.ahead) this.runWaiting();
    // More than was parked.
    else this.fail(lease, Fault.Declined, 'no worker is free');
  }

  private async ran(ran: Ran): Promise<void> {
    if (ran.id === this.trial) return this.wasTried(ran);
    const lease = this.leases.get(ran.id);
    if (!lease) return this.fill();
    lease.record.fuel = ran.fuel;
    if (ran.fault !== Fault.None) return this.fail(lease, ran.fault, ran.text, ran.fuel, ran.runMs);
    this.leases.delete(ran.id);
    this.runWaiting();
    lease.record.bytesOut = ran.output.byteLength;
    this.ledger.ended(lease.record, 'sent', ran.runMs, this.now());
    const park = Math.min(1, this.parkable());
    this.parked += park;
    this.link.send(
      Kind.WorkResult,
      writeFlat(tables.workResult, { lease: lease.lease, output: ran.output, hash: ran.hash as Uint8Array<ArrayBuffer>, fuel: ran.fuel, runUs: Math.max(1, Math.round(ran.runMs * 1000)), park }),
    );
    this.fill();
  }

  private fail(lease: Lease, code: Fault, text: string, fuel = 0n, runMs = 0): void {
    const known = this.leases.delete(lease.id);
    this.runWaiting();
    lease.record.fault = code;
    lease.record.text = text;
    if (code === Fault.Declined) this.ledger.declined++;
    this.ledger.ended(lease.record, code === Fault.Declined ? 'cancelled' : 'failed', runMs, this.now());
    const park = known ? Math.min(1, this.parkable()) : 0;
    this.parked += park;
    this.link.send(Kind.WorkFailure, writeFlat(tables.workFailure, { lease: lease.lease, code, text: text.slice(0, TEXT_MAX), fuel, park }));
  }

  private cancelled(number: bigint): void {
    for (const lease of this.leases.values()) {
      if (lease.lease !== number) continue;
      this.leases.delete(lease.id);
      this.pool.hasten(lease.id, this.now() + CANCELLED_MS_MAX);
      this.ledger.ended(lease.record, 'cancelled', this.now() - lease.record.atMs, this.now());
    }
    this.fill();
  }

  private async receipt(receipt: WorkReceipt): Promise<void> {
    const welcome = this.link.welcome;
    if (!welcome) return;
    const signed = await this.verify(receipt, welcome);
    this.ledger.receipt(receipt, signed, this.now());
    if (signed === false) this.notice = 'A receipt came whose signature is not that of the server. It is marked below, and not counted.';
  }

  /** The block of that name: what came with the task, once its bytes are held against the name, or what is kept. */
  private async block(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    const kept = this.shared.get(name);
    if (kept) {
      this.shared.delete(name);
      this.shared.set(name, kept);
      return kept;
    }
    if (bytes.byteLength === 0 || hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))) !== name) return null;
    if (!this.shared.has(name) && bytes.byteLength <= SHARED_BYTES_MAX) {
      this.shared.set(name, bytes);
      this.sharedBytes += bytes.byteLength;
      for (const [oldest, old] of this.shared) {
        if (this.shared.size <= SHARED_MAX && this.sharedBytes <= SHARED_BYTES_MAX) break;
        this.shared.delete(oldest);
        this.sharedBytes -= old.byteLength;
      }
    }
    return bytes;
  }
}
