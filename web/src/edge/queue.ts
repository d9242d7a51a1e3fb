import type { ByteView } from './bytes';

/** Bytes of a record's head: `[u16 source][u8 type][u8 0][u32 length]`, little-endian; `length` bytes of body follow. */
export const RECORD_HEAD_BYTES = 8;

/** Called after a record came into an empty queue; the page sets it. */
let arrived: () => void = () => {};

/** `listener` is called when something waits in a queue that was empty, in the task that brought it. */
export function onArrival(listener: () => void): void {
  arrived = listener;
}

interface QueuedRecord {
  source: number;
  type: number;
  body: Uint8Array;
}

/**
 * A bounded queue of records that C# drains once a frame into one buffer of its own, records packed one behind the other.
 * A record over either bound is refused and counted; the caller decides what that means (drop it, or close the transport).
 */
export class RecordQueue {
  private records: QueuedRecord[] = [];
  private head = 0;
  private bytes = 0;
  private readonly recordsMax: number;
  private readonly bytesMax: number;
  private packed: Uint8Array = new Uint8Array(64 * 1024);

  /** Records refused since the start. */
  refused = 0;

  /** `bytesMax` counts bodies and heads. */
  constructor(recordsMax: number, bytesMax: number) {
    this.recordsMax = recordsMax;
    this.bytesMax = bytesMax;
  }

  get count(): number {
    return this.records.length - this.head;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  /** Returns false, and counts, when the record does not fit. `force` is for events that must not be lost; there are few of them. */
  push(source: number, type: number, body: Uint8Array, force = false): boolean {
    const size = RECORD_HEAD_BYTES + body.byteLength;
    if (!force && (this.count >= this.recordsMax || this.bytes + size > this.bytesMax)) {
      this.refused++;
      return false;
    }
    this.records.push({ source, type, body });
    this.bytes += size;
    if (this.count === 1) arrived();
    return true;
  }

  /** Forgets the queued records of one source, or all. */
  clear(source?: number): void {
    const kept = source === undefined ? [] : this.records.slice(this.head).filter((r) => r.source !== source);
    this.records = kept;
    this.head = 0;
    this.bytes = kept.reduce((sum, r) => sum + RECORD_HEAD_BYTES + r.body.byteLength, 0);
  }

  /**
   * Moves as many whole records as fit to the start of `destination`.
   * @returns bytes written; 0 when the queue is empty; `-n` when the first record alone needs `n` bytes (nothing is moved: call again with a larger buffer).
   */
  drain(destination: ByteView): number {
    const room = destination.byteLength;
    let last = this.head;
    let total = 0;
    for (; last < this.records.length; last++) {
      const size = RECORD_HEAD_BYTES + this.records[last]!.body.byteLength;
      if (total + size > room) break;
      total += size;
    }
    if (total === 0) return this.count === 0 ? 0 : -(RECORD_HEAD_BYTES + this.records[this.head]!.body.byteLength);

    if (this.packed.byteLength < total) this.packed = new Uint8Array(Math.max(total, this.packed.byteLength * 2));
    const view = new DataView(this.packed.buffer);
    let at = 0;
    for (; this.head < last; this.head++) {
      const record = this.records[this.head]!;
      view.setUint16(at, record.source, true);
      view.setUint8(at + 2, record.type);
      view.setUint8(at + 3, 0);
      view.setUint32(at + 4, record.body.byteLength, true);
      this.packed.set(record.body, at + RECORD_HEAD_BYTES);
      at += RECORD_HEAD_BYTES + record.body.byteLength;
    }
    if (this.head === this.records.length) {
      this.records = [];
      this.head = 0;
    } else if (this.head > 1024) {
      this.records = this.records.slice(this.head);
      this.head = 0;
    }
    this.bytes -= total;
    destination.set(this.packed.subarray(0, total), 0);
    return total;
  }
}

/** A record as the tests and the development source read it back. */
export interface DrainedRecord {
  source: number;
  type: number;
  body: Uint8Array;
}

/** Unpacks what {@link RecordQueue.drain} wrote: the reading C# does, in TypeScript for tests. Throws on a cut record. */
export function readRecords(bytes: Uint8Array): DrainedRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: DrainedRecord[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = view.getUint32(at + 4, true);
    const body = bytes.slice(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + length);
    if (body.byteLength !== length) throw new RangeError(`record at ${at} is cut`);
    records.push({ source: view.getUint16(at, true), type: view.getUint8(at + 2), body });
    at += RECORD_HEAD_BYTES + length;
  }
  return records;
}
