import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page, WebSocketRoute } from 'playwright-core';
import { readFlat, type Read, type Table } from '../src/lend/flat';
import { receiptBytes } from '../src/lend/receipts';
import { hex, Kind, message, readMessage, tables, type WorkFailure, type WorkResult, type WorkStanding } from '../src/lend/wire';

const PROBE = readFileSync(new URL('../test/golden/probe.wasm', import.meta.url));
const HASH = createHash('sha256').update(PROBE).digest();
const PEER = '0123456789abcdeffedcba9876543210';

/** A coordinator in the test's own process: it plays the server's part of `/lend` through the page's own requests and socket, over the real wire. */
export class MadeUpCoordinator {
  readonly results: WorkResult[] = [];
  readonly failures: WorkFailure[] = [];
  /** Slots that the page has parked and that no task was sent for. */
  parked = 0;
  paused = false;
  hellos = 0;
  away = false;
  kernelRequests = 0;
  /** Refuses hellos with this text, where it is set. */
  refusal = '';
  /** What a task's receipt says. */
  onResult: (result: WorkResult) => void = () => {};
  private socket: WebSocketRoute | null = null;
  private sequence = 0;
  private keys: CryptoKeyPair | null = null;

  async attach(page: Page): Promise<void> {
    this.keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    await page.route('**/api/session/challenge', (route) => (this.away ? route.abort() : route.fulfill({ json: { challenge: Buffer.from('egregore ticket 1\nnonce').toString('base64url') } })));
    await page.route('**/api/session/ticket', (route) => route.fulfill({ json: { ticket: 'ticket' } }));
    await page.route('**/api/world', (route) => route.fulfill({ json: { name: 'main', game: 'voxel-arena/1', authority: 'hybrid', seed: '1', tickRateHz: 20 } }));
    await page.route('**/kernels/*.wasm', (route) => {
      this.kernelRequests++;
      return route.fulfill({ body: PROBE, contentType: 'application/wasm' });
    });
    await page.routeWebSocket('**/work', (socket) => {
      this.socket = socket;
      this.parked = 0;
      socket.onMessage((data) => void this.heard(data as Buffer));
    });
  }

  send<T extends Table>(kind: number, table: T, value: Partial<Read<T>>): void {
    this.socket?.send(Buffer.from(message(kind, ++this.sequence, table, value)));
  }

  assign(lease: bigint, input: Uint8Array<ArrayBuffer>, more: Partial<Read<typeof tables.workAssign>> = {}): void {
    this.parked--;
    this.send(Kind.WorkAssign, tables.workAssign, { lease, kernel: new Uint8Array(HASH), input, runMs: 5000, fuel: 1_000_000_000n, outputMax: 65_536, ...more });
  }

  async receipt(lease: bigint, verdict: number, fuel: bigint, credits: bigint, text = '', forged = false): Promise<void> {
    const receipt = { lease, kernel: new Uint8Array(HASH), verdict, fuel, credits, time: BigInt(Date.now()), text, signature: new Uint8Array() };
    const signed = credits === 0n ? new Uint8Array() : new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.keys!.privateKey, receiptBytes({ ...receipt, credits: forged ? credits + 1n : credits }, PEER)));
    this.send(Kind.WorkReceipt, tables.workReceipt, { ...receipt, signature: signed });
  }

  standing(value: Partial<WorkStanding>): void {
    this.send(Kind.WorkStanding, tables.workStanding, value);
  }

  get kernel(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(HASH);
  }

  get kernelName(): string {
    return hex(HASH);
  }

  cut(): void {
    void this.socket?.close({ code: 1012, reason: 'restarting' });
  }

  private async heard(data: Buffer): Promise<void> {
    for (const { kind, payload } of readMessage(new Uint8Array(data))) {
      if (kind === Kind.HelperHello) {
        this.hellos++;
        if (this.refusal) this.send(Kind.Refusal, tables.refusal, { code: 4, text: this.refusal });
        else this.send(Kind.HelperWelcome, tables.helperWelcome, { peer: PEER, time: 1n, creditsMax: 64, taskBytesMax: 1 << 20, outputBytesMax: 1 << 20, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', this.keys!.publicKey)) });
      } else if (kind === Kind.Ping) this.send(Kind.Pong, tables.pong, readFlat(tables.ping, payload));
      else if (kind === Kind.WorkPark) {
        const park = readFlat(tables.workPark, payload);
        this.paused = park.paused;
        this.parked = park.paused ? 0 : this.parked + park.slots;
      } else if (kind === Kind.WorkFailure) {
        const failure = readFlat(tables.workFailure, payload);
        this.parked += failure.park;
        this.failures.push(failure);
      } else if (kind === Kind.WorkResult) {
        const result = readFlat(tables.workResult, payload);
        this.parked += result.park;
        this.results.push(result);
        this.onResult(result);
      }
    }
  }
}

/** Lets a coordinator hand out work and judge it, as for a picture or a person who tries the page. Returns what stops it. */
export function busyWorld(coordinator: MadeUpCoordinator, everyMs: number): () => void {
  let lease = 1000n;
  let accepted = 0;
  let balance = 4_200_000n;
  coordinator.onResult = ({ lease, fuel }) => {
    const late = lease % 37n === 0n;
    const credits = late ? 0n : (fuel * 40n) / 1_000_000n + 1n;
    accepted += late ? 0 : 1;
    balance += credits;
    void coordinator.receipt(lease, late ? 3 : lease % 11n === 0n ? 2 : 1, fuel, credits, late ? 'the lease ran out' : '');
    const kernel = { kernel: coordinator.kernel, name: 'rigid step', trust: 941, accepted, late: 2, wrong: 0, sampled: 82 };
    coordinator.standing({ balance, kernels: [kernel, { ...kernel, kernel: new Uint8Array(32), name: 'path', trust: 803, accepted: 211, late: 0, sampled: 240 }, { ...kernel, kernel: new Uint8Array(32), name: 'light', trust: 667, accepted: 12, wrong: 1, sampled: 1000 }] });
  };
  const timer = setInterval(() => {
    for (let i = 0; i < 2 && coordinator.parked > 0; i++) {
      const input = new Uint8Array(5);
      input[0] = 6;
      new DataView(input.buffer).setUint32(1, 200_000 + Math.floor(4_000_000 * Math.abs(Math.sin(Number(++lease) / 9))), true);
      coordinator.assign(lease, input);
    }
  }, everyMs);
  return () => clearInterval(timer);
}
