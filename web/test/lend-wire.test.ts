import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FlatError, readFlat, writeFlat, type Table } from '../src/lend/flat';
import { hex, Kind, readMessage, tables, writeEnvelope } from '../src/lend/wire';

const SCHEMA = new URL('../../schema/egregore.fbs', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lend-wire-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = (...values: number[]) => Uint8Array.from(values);
const sha = (first: number) => Uint8Array.from({ length: 32 }, (_, i) => (first + i) & 255);

/** One value of each table, every field set, and the extremes of integers. */
const VALUES: Record<keyof typeof tables, Record<string, unknown>> = {
  refusal: { code: 4, text: 'no\u2026 ü', sequence: 7, target: undefined },
  ping: { id: 4294967295, sent: 18446744073709551615n },
  pong: { id: 1, sent: 2n, received: 3n },
  helperHello: { ticket: 'abc.def', protocol: 1, name: 'tab', tier: 1, apiKey: 'k', slots: 64 },
  helperWelcome: { peer: '0123456789abcdeffedcba9876543210', time: 1_800_000_000_000n, creditsMax: 65535, taskBytesMax: 1 << 20, outputBytesMax: 4096, publicKey: Uint8Array.from({ length: 65 }, (_, i) => i + 4), kernels: sha(60) },
  workPark: { slots: 3, held: Uint8Array.from([...sha(1), ...sha(40)]), paused: true, tried: Uint8Array.from({ length: 36 }, (_, i) => i + 7) },
  workAssign: { lease: 1n << 63n, kernel: sha(9), shared: sha(200), sharedBytes: bytes(1, 2, 3), input: bytes(9, 8, 7, 6, 5), runMs: 200, fuel: 1_000_000n, outputMax: 65536 },
  workResult: { lease: 5n, output: bytes(0, 1, 255), hash: sha(3), fuel: 99n, runUs: 1234, park: 1 },
  workFailure: { lease: 5n, code: 4, text: 'out of fuel', fuel: 1n << 40n, park: 2 },
  workCancel: { lease: 77n },
  workReceipt: { lease: 5n, kernel: sha(7), verdict: 4, fuel: 1n, credits: -1_500_000n, time: 1_800_000_000_001n, text: 'wrong: the doubled run differs', signature: Uint8Array.from({ length: 64 }, (_, i) => 255 - i) },
  workStanding: {
    balance: -9_223_372_036_854_775_808n, bannedMs: 3_600_000, reason: 'wrong',
    kernels: [{ kernel: sha(7), name: 'rigid', trust: 973, accepted: 12, late: 1, wrong: 2, sampled: 50 }, { kernel: sha(8), name: 'path', trust: 0, accepted: 0, late: 0, wrong: 0, sampled: 1000 }],
  },
};

const NAMES: Record<keyof typeof tables, string> = {
  refusal: 'Refusal', ping: 'Ping', pong: 'Pong', helperHello: 'HelperHello', helperWelcome: 'HelperWelcome', workPark: 'WorkPark', workAssign: 'WorkAssign', workResult: 'WorkResult',
  workFailure: 'WorkFailure', workCancel: 'WorkCancel', workReceipt: 'WorkReceipt', workStanding: 'WorkStanding',
};

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** As flatc's JSON has it: names of the schema, bytes as numbers, a peer as its two halves. */
function toJson(table: Table, value: Record<string, unknown>): string {
  const parts = Object.entries(table).filter(([name]) => value[name] !== undefined).map(([name, field]) => {
    const given = value[name];
    const text = field.type === 'peer' ? `{"high":${BigInt(`0x${(given as string).slice(0, 16)}`)},"low":${BigInt(`0x${(given as string).slice(16)}`)}}`
      : field.type === 'bytes' ? `[${(given as Uint8Array).join()}]`
      : field.type === 'tables' ? `[${(given as Record<string, unknown>[]).map((item) => toJson(field.of, item)).join()}]`
      : typeof given === 'string' ? JSON.stringify(given) : String(given);
    return `"${snake(name)}":${text}`;
  });
  return `{${parts.join()}}`;
}

function flatcEncode(name: string, json: string): Uint8Array {
  writeFileSync(join(folder, `${name}.json`), json);
  execFileSync('flatc', ['--binary', '--root-type', `Egregore.Wire.${name}`, '-o', folder, SCHEMA, join(folder, `${name}.json`)]);
  return readFileSync(join(folder, `${name}.bin`));
}

function flatcDecode(name: string, encoded: Uint8Array): string {
  const file = join(folder, `${name}-mine.bin`);
  writeFileSync(file, encoded);
  execFileSync('flatc', ['--json', '--strict-json', '--raw-binary', '--defaults-json', '--root-type', `Egregore.Wire.${name}`, '-o', folder, SCHEMA, '--', file]);
  return readFileSync(join(folder, `${name}-mine.json`), 'utf8');
}

const GOLDEN = JSON.parse(readFileSync(new URL('golden/work-wire.json', import.meta.url), 'utf8')) as Record<string, string>;

describe.each(Object.keys(tables) as (keyof typeof tables)[])('%s', (key) => {
  const table: Table = tables[key];
  const value = VALUES[key];
  const name = NAMES[key];
  const whole = Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined));

  it('is read from what flatc wrote', () => {
    expect(readFlat(table, flatcEncode(name, toJson(table, value)))).toEqual(whole);
  });

  it('is written so that flatc reads it', () => {
    const mine = flatcDecode(name, writeFlat(table, value as never));
    // flatc reads its own JSON of it back to the same values.
    expect(readFlat(table, flatcEncode(name, mine))).toEqual(whole);
  });

  it('is the bytes of the server', () => {
    const server = Uint8Array.from(Buffer.from(GOLDEN[name]!, 'hex'));
    expect(readFlat(table, server)).toEqual(whole);
    expect(hex(writeFlat(table, value as never))).toBe(GOLDEN[name]);
  });

  it('reads defaults for what is absent', () => {
    const empty = readFlat(table, writeFlat(table, {}));
    for (const [name, field] of Object.entries(table)) {
      const expected = field.type === 'tables' ? [] : field.type === 'bytes' ? new Uint8Array() : ['text', 'peer'].includes(field.type) ? '' : field.type === 'bool' ? false : /64/.test(field.type) ? 0n : 0;
      expect([name, empty[name]]).toEqual([name, expected]);
    }
  });

  it('refuses every truncation and survives every changed byte', () => {
    const encoded = writeFlat(table, value as never);
    for (let length = 0; length < Math.min(encoded.byteLength, 200); length++) {
      try {
        readFlat(table, encoded.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(FlatError);
      }
    }
    for (let at = 0; at < Math.min(encoded.byteLength, 300); at++) {
      for (const bit of [1, 0x80, 0xff]) {
        const changed = encoded.slice();
        changed[at]! ^= bit;
        try {
          readFlat(table, changed);
        } catch (error) {
          expect(error).toBeInstanceOf(FlatError);
        }
      }
    }
  });
});

describe('envelopes', () => {
  it('are the bytes of the server, alone and in a batch', () => {
    const payload = writeFlat(tables.workCancel, { lease: 77n });
    const envelope = writeEnvelope(Kind.WorkCancel, 9, payload);
    expect(hex(envelope)).toBe(GOLDEN['Envelope']);
    const batch = Uint8Array.from(Buffer.from(GOLDEN['Batch']!, 'hex'));
    expect(readMessage(batch).map(({ kind, sequence, payload }) => [kind, sequence, readFlat(tables.workCancel, payload).lease])).toEqual([[Kind.WorkCancel, 9, 77n], [Kind.WorkCancel, 9, 77n]]);
    // With a sender, a time and a signature, as the server may send it.
    expect(readMessage(Uint8Array.from(Buffer.from(GOLDEN['EnvelopeWhole']!, 'hex')))).toMatchObject([{ kind: Kind.WorkCancel, sequence: 9, payload }]);
  });

  it('are refused when they hold a batch in a batch, an empty one, or no header', () => {
    const envelope = writeEnvelope(Kind.WorkCancel, 1, writeFlat(tables.workCancel, { lease: 1n }));
    const batchOf = (inner: Uint8Array, length = inner.byteLength) => writeEnvelope(Kind.Batch, 1, Uint8Array.from([...new Uint8Array(Uint32Array.of(length).buffer), ...inner]));
    expect(readMessage(batchOf(envelope)).length).toBe(1);
    for (const bad of [batchOf(batchOf(envelope)), batchOf(envelope, 0), batchOf(envelope, 500), writeFlat(tables.ping, {}), new Uint8Array(), new Uint8Array(64)]) {
      expect(() => readMessage(bad)).toThrow(FlatError);
    }
  });
});
