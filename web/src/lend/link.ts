import { sessionTicket } from '../edge/session';
import { Kind, message, readMessage, RefusalCode, REFUSALS, tables, writeEnvelope, type Envelope, type HelperWelcome } from './wire';
import { readFlat } from './flat';

export type LinkState = 'off' | 'connecting' | 'online' | 'waiting' | 'refused';

const PROTOCOL = 1;
const HELLO_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 5_000;
/** Without a word for so long the connection is taken for dead. */
const SILENCE_MS = 20_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** After a refusal that another attempt will hardly change. */
const REFUSED_RETRY_MS = 60_000;
/** Bytes of one message. */
const MESSAGE_BYTES_MAX = 32 << 20;
/** Bytes that may wait to be sent; a connection that is slower than this is given up. */
const SEND_BYTES_MAX = 32 << 20;

/** What the link needs of a WebSocket. */
export interface SocketPort {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** The connection to the coordinator: logs in, greets, measures the round trip, and comes back by itself, ever more slowly. Driven by {@link tick}. */
export class Link {
  state: LinkState = 'off';
  /** Why it is not online, for people; while it tries again, why it was not before. */
  text = '';
  rttMs: number | null = null;
  welcome: HelperWelcome | null = null;
  onWelcome: () => void = () => {};
  onClosed: () => void = () => {};
  onMessage: (envelope: Envelope) => void = () => {};
  /** The server said no to something said after the welcome. */
  onRefusal: (text: string) => void = () => {};

  private socket: SocketPort | null = null;
  private readonly open: () => SocketPort;
  private readonly ticket: () => Promise<string>;
  private readonly now: () => number;
  private readonly random: () => number;
  private name = '';
  private slots = 1;
  private sequence = 0;
  private attempt = 0;
  private failures = 0;
  private retryAtMs = 0;
  private heardAtMs = 0;
  private pingAtMs = 0;
  private pings = 0;

  constructor(open: () => SocketPort, ticket = sessionTicket, now = () => performance.now(), random = Math.random) {
    this.open = open;
    this.ticket = ticket;
    this.now = now;
    this.random = random;
  }

  /** Seconds until the next attempt, while waiting for it. */
  get retryInS(): number {
    return Math.max(0, Math.ceil((this.retryAtMs - this.now()) / 1000));
  }

  start(name: string, slots: number): void {
    this.name = name.slice(0, 32);
    this.slots = Math.min(64, Math.max(1, slots));
    this.failures = 0;
    void this.connect();
  }

  stop(): void {
    this.attempt++;
    this.close();
    this.state = 'off';
    this.text = '';
  }

  /** At once instead of when the time has come. */
  retryNow(): void {
    if (this.state === 'waiting' || this.state === 'refused') void this.connect();
  }

  send(kind: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.socket || this.socket.readyState !== 1) return;
    if (this.socket.bufferedAmount > SEND_BYTES_MAX) {
      this.lost('the connection is too slow for what it has to carry');
      return;
    }
    this.socket.send(writeEnvelope(kind, ++this.sequence, bytes));
  }

  tick(): void {
    const now = this.now();
    if ((this.state === 'waiting' || this.state === 'refused') && now >= this.retryAtMs) void this.connect();
    if (this.state === 'connecting' && this.socket && now - this.heardAtMs > HELLO_TIMEOUT_MS) this.lost('the server did not answer');
    if (this.state !== 'online') return;
    if (now - this.heardAtMs > SILENCE_MS) this.lost('the server fell silent');
    else if (now >= this.pingAtMs) {
      this.pingAtMs = now + PING_EVERY_MS;
      this.socket?.send(message(Kind.Ping, ++this.sequence, tables.ping, { id: ++this.pings, sent: BigInt(Math.round(now * 1000)) }));
    }
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt;
    this.close();
    this.state = 'connecting';
    this.heardAtMs = this.now();
    let ticket: string;
    try {
      ticket = await this.ticket();
    } catch (error) {
      if (attempt !== this.attempt) return;
      const text = error instanceof Error ? error.message : String(error);
      if (text.startsWith('refused: ')) this.refused(text.slice('refused: '.length));
      else this.lost('the server cannot be reached');
      return;
    }
    if (attempt !== this.attempt) return;
    this.heardAtMs = this.now();
    const socket = this.open();
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    this.sequence = 0;
    socket.onopen = () => socket.send(message(Kind.HelperHello, ++this.sequence, tables.helperHello, { ticket, protocol: PROTOCOL, name: this.name, slots: this.slots }));
    socket.onmessage = ({ data }) => attempt === this.attempt && this.heard(data);
    socket.onclose = ({ reason }) => attempt === this.attempt && this.lost(reason ? `the server closed the connection: ${reason}` : 'the server cannot be reached');
  }

  private heard(data: ArrayBuffer): void {
    this.heardAtMs = this.now();
    try {
      if (data.byteLength > MESSAGE_BYTES_MAX) throw new Error(`a message of ${data.byteLength} bytes`);
      for (const envelope of readMessage(new Uint8Array(data))) this.take(envelope);
    } catch (error) {
      // Who speaks something else is no coordinator, or a newer one.
      this.lost(`the server sent what this page cannot read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private take(envelope: Envelope): void {
    switch (envelope.kind) {
      case Kind.Refusal: {
        const { code, text } = readFlat(tables.refusal, envelope.payload);
        const said = [REFUSALS[code] ?? `refused (${code})`, text].filter(Boolean).join(': ');
        if (this.state === 'online') this.onRefusal(said);
        else if (code === RefusalCode.Unauthenticated) this.lost(said);
        else this.refused(said);
        return;
      }
      case Kind.HelperWelcome:
        this.welcome = readFlat(tables.helperWelcome, envelope.payload);
        this.state = 'online';
        this.text = '';
        this.failures = 0;
        this.pingAtMs = 0;
        this.onWelcome();
        return;
      case Kind.Pong: {
        const rtt = this.now() - Number(readFlat(tables.pong, envelope.payload).sent) / 1000;
        this.rttMs = this.rttMs === null ? rtt : this.rttMs * 0.7 + rtt * 0.3;
        return;
      }
      default:
        if (this.state === 'online') this.onMessage(envelope);
    }
  }

  private lost(text: string): void {
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(10, this.failures++));
    this.end('waiting', text, wait * (0.75 + 0.5 * this.random()));
  }

  private refused(text: string): void {
    this.end('refused', text, REFUSED_RETRY_MS);
  }

  private end(state: LinkState, text: string, waitMs: number): void {
    this.attempt++;
    this.close();
    this.state = state;
    this.text = text;
    this.retryAtMs = this.now() + waitMs;
  }

  private close(): void {
    const { socket } = this;
    this.socket = null;
    this.rttMs = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
    this.onClosed();
  }
}
