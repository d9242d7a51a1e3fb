import { FlatError, readFlat, writeFlat, type Read, type Table } from './flat';

/** The part of `schema/egregore.fbs` that a helper speaks: kinds 50 to 58 with refusals, pings and batches. Field for field; a test holds it against the server's codec. */
export const Kind = {
  Refusal: 3, Ping: 8, Pong: 9, Batch: 40,
  HelperHello: 50, HelperWelcome: 51, WorkPark: 52, WorkAssign: 53, WorkResult: 54, WorkFailure: 55, WorkCancel: 56, WorkReceipt: 57, WorkStanding: 58,
} as const;

export const Fault = { None: 0, Declined: 1, Missing: 2, Trapped: 3, OutOfFuel: 4, TooLate: 5, TooLarge: 6, Internal: 7 } as const;
export type Fault = (typeof Fault)[keyof typeof Fault];

export const VERDICTS = ['none', 'accepted', 'provisional', 'late', 'wrong', 'refused', 'cancelled', 'failed'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const REFUSALS = [
  'refused', 'malformed message', 'too large', 'not authenticated', 'forbidden', 'too many requests', 'unknown reducer', 'bad arguments', 'rejected', 'storage unavailable', 'overloaded', 'clock is wrong',
  'replayed', 'unknown target', 'version mismatch', 'internal error',
] as const;
export const RefusalCode = { Unauthenticated: 3, Forbidden: 4, VersionMismatch: 14 } as const;

/** Kernels that one standing names. */
const STANDINGS_MAX = 64;

export const tables = {
  refusal: { code: { id: 0, type: 'u8' }, text: { id: 1, type: 'text' }, sequence: { id: 2, type: 'u32' } },
  ping: { id: { id: 0, type: 'u32' }, sent: { id: 1, type: 'u64' } },
  pong: { id: { id: 0, type: 'u32' }, sent: { id: 1, type: 'u64' }, received: { id: 2, type: 'u64' } },
  helperHello: {
    ticket: { id: 0, type: 'text' }, protocol: { id: 1, type: 'u16' }, name: { id: 2, type: 'text' }, tier: { id: 3, type: 'u8' }, apiKey: { id: 4, type: 'text' }, slots: { id: 5, type: 'u8' },
  },
  helperWelcome: {
    peer: { id: 0, type: 'peer' }, time: { id: 1, type: 'u64' }, creditsMax: { id: 2, type: 'u16' }, taskBytesMax: { id: 3, type: 'u32' }, outputBytesMax: { id: 4, type: 'u32' },
    publicKey: { id: 5, type: 'bytes' }, kernels: { id: 6, type: 'bytes' },
  },
  workPark: { slots: { id: 0, type: 'u16' }, held: { id: 1, type: 'bytes' }, paused: { id: 2, type: 'bool' }, tried: { id: 3, type: 'bytes' } },
  workAssign: {
    lease: { id: 0, type: 'u64' }, kernel: { id: 1, type: 'bytes' }, shared: { id: 2, type: 'bytes' }, sharedBytes: { id: 3, type: 'bytes' }, input: { id: 4, type: 'bytes' }, runMs: { id: 5, type: 'u32' },
    fuel: { id: 6, type: 'u64' }, outputMax: { id: 7, type: 'u32' },
  },
  workResult: {
    lease: { id: 0, type: 'u64' }, output: { id: 1, type: 'bytes' }, hash: { id: 2, type: 'bytes' }, fuel: { id: 3, type: 'u64' }, runUs: { id: 4, type: 'u32' }, park: { id: 5, type: 'u8' },
  },
  workFailure: { lease: { id: 0, type: 'u64' }, code: { id: 1, type: 'u8' }, text: { id: 2, type: 'text' }, fuel: { id: 3, type: 'u64' }, park: { id: 4, type: 'u8' } },
  workCancel: { lease: { id: 0, type: 'u64' } },
  workReceipt: {
    lease: { id: 0, type: 'u64' }, kernel: { id: 1, type: 'bytes' }, verdict: { id: 2, type: 'u8' }, fuel: { id: 3, type: 'u64' }, credits: { id: 4, type: 'i64' }, time: { id: 5, type: 'u64' },
    text: { id: 6, type: 'text' }, signature: { id: 7, type: 'bytes' },
  },
  workStanding: {
    balance: { id: 0, type: 'i64' }, bannedMs: { id: 1, type: 'u32' }, reason: { id: 2, type: 'text' },
    kernels: {
      id: 3, type: 'tables', max: STANDINGS_MAX,
      of: {
        kernel: { id: 0, type: 'bytes' }, name: { id: 1, type: 'text' }, trust: { id: 2, type: 'u16' }, accepted: { id: 3, type: 'u32' }, late: { id: 4, type: 'u32' }, wrong: { id: 5, type: 'u32' },
        sampled: { id: 6, type: 'u16' },
      },
    },
  },
} as const satisfies Record<string, Table>;

export type HelperHello = Read<typeof tables.helperHello>;
export type HelperWelcome = Read<typeof tables.helperWelcome>;
export type WorkPark = Read<typeof tables.workPark>;
export type WorkAssign = Read<typeof tables.workAssign>;
export type WorkResult = Read<typeof tables.workResult>;
export type WorkFailure = Read<typeof tables.workFailure>;
export type WorkReceipt = Read<typeof tables.workReceipt>;
export type WorkStanding = Read<typeof tables.workStanding>;
export type KernelStanding = WorkStanding['kernels'][number];

export interface Envelope {
  kind: number;
  sequence: number;
  payload: Uint8Array<ArrayBuffer>;
}

/** Envelopes that one batch may hold. */
const BATCH_MAX = 4096;

/** As `EnvelopeCodec.Write` with a header and a payload: `root 4 | vtable 8 | table 16 | payload length 4 | payload`. */
export function writeEnvelope(kind: number, sequence: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 12, true);
  view.setUint16(4, 8, true);
  view.setUint16(6, 16, true);
  view.setUint16(8, 4, true);
  view.setUint16(10, 12, true);
  view.setInt32(12, 8, true);
  view.setUint32(16, sequence, true);
  view.setUint8(20, kind);
  view.setUint32(24, 4, true);
  view.setUint32(28, payload.byteLength, true);
  bytes.set(payload, 32);
  return bytes;
}

/** A message of a table. */
export function message<T extends Table>(kind: number, sequence: number, table: T, value: Partial<Read<T>>): Uint8Array<ArrayBuffer> {
  return writeEnvelope(kind, sequence, writeFlat(table, value));
}

const ENVELOPE = { payload: { id: 1, type: 'bytes' } } as const satisfies Table;

/** The envelopes of a message: one, or those of a batch. Throws {@link FlatError}. */
export function readMessage(bytes: Uint8Array): Envelope[] {
  const envelope = readEnvelope(bytes);
  if (envelope.kind !== Kind.Batch) return [envelope];
  const batch = envelope.payload;
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const envelopes: Envelope[] = [];
  for (let at = 0; at < batch.byteLength; ) {
    const length = at + 4 <= batch.byteLength ? view.getUint32(at, true) : 0;
    if (length === 0 || at + 4 + length > batch.byteLength) throw new FlatError('an envelope leads out of its batch');
    const inner = readEnvelope(batch.subarray(at + 4, at + 4 + length));
    if (inner.kind === Kind.Batch || envelopes.length >= BATCH_MAX) throw new FlatError('a batch holds a batch, or too much');
    envelopes.push(inner);
    at += 4 + length;
  }
  return envelopes;
}

function readEnvelope(bytes: Uint8Array): Envelope {
  const { payload } = readFlat(ENVELOPE, bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = view.getUint32(0, true);
  const vtable = table - view.getInt32(table, true);
  const header = view.getUint16(vtable, true) >= 6 ? view.getUint16(vtable + 4, true) : 0;
  if (header === 0 || table + header + 8 > bytes.byteLength) throw new FlatError('the envelope has no header');
  return { sequence: view.getUint32(table + header, true), kind: view.getUint8(table + header + 4), payload };
}

/** Lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
