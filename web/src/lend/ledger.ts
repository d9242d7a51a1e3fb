import { hex, VERDICTS, type Fault, type KernelStanding, type Verdict, type WorkReceipt, type WorkStanding } from './wire';

/** Tasks remembered with their receipts; the oldest go. */
export const TASKS_MAX = 200;
/** Seconds that the chart shows. */
export const HISTORY_S = 120;

export interface TaskRecord {
  lease: bigint;
  kernel: string;
  atMs: number;
  bytesIn: number;
  bytesOut: number;
  /** null: it has not ended. */
  runMs: number | null;
  fuel: bigint;
  /** `cancelled` is truth's or ours: nobody wants it any more. */
  state: 'loading' | 'waiting' | 'running' | 'sent' | 'failed' | 'cancelled';
  fault: Fault;
  text: string;
  verdict: Verdict;
  /** Millionths. */
  credits: bigint;
  receipt: WorkReceipt | null;
  /** Whether the receipt's signature is truth's; null: there is none. */
  signed: boolean | null;
}

interface Second {
  tasks: number;
  busyMs: number;
  credits: number;
}

/** What was computed, earned and said of it, bounded. */
export class Ledger {
  done = 0;
  failed = 0;
  cancelled = 0;
  declined = 0;
  accepted = 0;
  rejected = 0;
  busyMs = 0;
  fuel = 0n;
  /** Millionths, by receipts of this visit. */
  earned = 0n;
  receipts = 0;
  forged = 0;
  standing: WorkStanding | null = null;
  standingAtMs = 0;
  /** Newest first. */
  readonly tasks: TaskRecord[] = [];
  /** Seconds with figures, oldest first. */
  readonly history: Second[] = Array.from({ length: HISTORY_S }, () => ({ tasks: 0, busyMs: 0, credits: 0 }));
  private second = 0;

  begin(lease: bigint, kernel: string, atMs: number, bytesIn: number): TaskRecord {
    const record: TaskRecord = {
      lease, kernel, atMs, bytesIn, bytesOut: 0, runMs: null, fuel: 0n, state: 'loading', fault: 0, text: '', verdict: 'none', credits: 0n, receipt: null, signed: null,
    };
    this.tasks.unshift(record);
    if (this.tasks.length > TASKS_MAX) this.tasks.pop();
    return record;
  }

  ended(record: TaskRecord, state: 'sent' | 'failed' | 'cancelled', runMs: number, nowMs: number): void {
    record.state = state;
    record.runMs = runMs;
    if (state === 'sent') this.done++;
    else if (state === 'failed') this.failed++;
    else this.cancelled++;
    this.busyMs += runMs;
    this.fuel += record.fuel;
    const second = this.at(nowMs);
    second.busyMs += runMs;
    if (state === 'sent') second.tasks++;
  }

  /**
   * A receipt may come for a task that is forgotten already; it counts all the same. Paid is what is signed.
   * @param signed As {@link TaskRecord.signed}.
   */
  receipt(receipt: WorkReceipt, signed: boolean | null, nowMs: number): void {
    const verdict = VERDICTS[receipt.verdict] ?? 'none';
    this.receipts++;
    if (verdict === 'accepted') this.accepted++;
    else if (verdict === 'late' || verdict === 'wrong' || verdict === 'refused') this.rejected++;
    if (signed === false) this.forged++;
    const credits = signed ? receipt.credits : 0n;
    this.earned += credits;
    this.at(nowMs).credits += Number(credits) / 1e6;
    const record = this.tasks.find((task) => task.lease === receipt.lease);
    if (record) Object.assign(record, { verdict, credits: record.credits + credits, receipt, text: receipt.text || record.text, signed } satisfies Partial<TaskRecord>);
  }

  stood(standing: WorkStanding, nowMs: number): void {
    this.standing = standing;
    this.standingAtMs = nowMs;
  }

  /** Of a ban, what is left now. */
  bannedMs(nowMs: number): number {
    return this.standing ? Math.max(0, this.standing.bannedMs - (nowMs - this.standingAtMs)) : 0;
  }

  kernelName(kernel: string): string {
    return this.standing?.kernels.find((known) => hex(known.kernel) === kernel)?.name || kernel.slice(0, 8);
  }

  /** The mean of what truth thinks of each kernel's results, by how many there were; null: nothing is known. 0 to 1. */
  trust(): number | null {
    const kernels = this.standing?.kernels ?? [];
    const weight = (kernel: KernelStanding) => 1 + kernel.accepted + kernel.late + kernel.wrong;
    const total = kernels.reduce((sum, kernel) => sum + weight(kernel), 0);
    return total === 0 ? null : kernels.reduce((sum, kernel) => sum + (kernel.trust / 1000) * weight(kernel), 0) / total;
  }

  /** Moves the chart on. */
  advance(nowMs: number): void {
    this.at(nowMs);
  }

  private at(nowMs: number): Second {
    const second = Math.floor(nowMs / 1000);
    const passed = Math.min(HISTORY_S, second - this.second);
    if (this.second === 0 || passed < 0) this.second = second;
    else {
      for (let i = 0; i < passed; i++) {
        this.history.shift();
        this.history.push({ tasks: 0, busyMs: 0, credits: 0 });
      }
      this.second = second;
    }
    return this.history[HISTORY_S - 1]!;
  }
}
